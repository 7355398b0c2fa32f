using System.Diagnostics.Metrics;
using static MemSnoop.Exporter.Tests.Prometheus.Instruments;

namespace MemSnoop.Exporter.Tests.Prometheus;

/// <summary>What stands in the texts: parts B, C, F and G of the exposition rules.</summary>
public class ExpositionTests
{
    [Theory]
    [InlineData(false, "typical.txt")]
    [InlineData(true, "typical.openmetrics.txt")]
    public async Task A_whole_text_reads_as_on_file(bool openMetrics, string file)
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync(options =>
            options.ResourceAttributes = [new("service.name", "memsnoop"), new("host.name", "a\"b")]);
        AddTypical(host.Meter);
        TextFile.AssertEqual(file, await host.ScrapeAsync(openMetrics));
    }

    [Theory]
    [InlineData(false, "scopes.txt")]
    [InlineData(true, "scopes.openmetrics.txt")]
    public async Task Scope_labels_and_creation_times_are_options(bool openMetrics, string file)
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync(options =>
        {
            options.ScopeLabels = true;
            options.CreatedSeries = true;
            options.CreatedTime = (_, tags) => tags[0].Value is 42 ? 1700000000.25 : null;
        });
        // D5: a point's tag joins the scope's label.
        using Meter meter = new(new MeterOptions(host.Meter.Name + "scoped") { Version = "1.2", TelemetrySchemaUrl = "https://example.org/1" });
        meter.CreateObservableCounter(
            "sample.io",
            () => new Measurement<long>[] { new(1, Tags(("pid", 42))), new(2, Tags(("pid", 43))), new(3, Tags(("pid", 42))) },
            "By",
            "I/O.");
        meter.CreateObservableGauge("sample.level", () => new Measurement<long>(1, Tags(("otel_scope_name", "p"))), null, "Level.");
        string text = await host.ScrapeAsync(openMetrics);
        TextFile.AssertEqual(file, text.Replace(host.Meter.Name, "meter:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_series_there_is_still_an_end() // F2, G9, G10
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync();
        Assert.Equal("", await host.ScrapeAsync());
        Assert.Equal("# EOF\n", await host.ScrapeAsync(openMetrics: true));
        using HttpResponseMessage empty = await host.GetAsync(headers: headers => headers.Add("Accept-Encoding", "gzip"));
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", empty.Content.Headers.ContentType?.ToString());
        Assert.Empty(empty.Content.Headers.ContentEncoding);
    }

    [Fact]
    public async Task A_counter_is_never_negative_or_NaN() // B3
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync();
        double[] values = [-1, double.NaN, 3];
        host.Meter.CreateObservableCounter("x", () => values.Select((value, i) => new Measurement<double>(value, Tags(("i", i + 1)))));
        Assert.Equal("# TYPE x_total counter\nx_total{i=\"3\"} 3\n", await host.ScrapeAsync());
        await host.ScrapeAsync();
        Assert.Single(host.Log.All);
    }

    [Fact]
    public async Task Pushed_instruments_are_not_published()
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync();
        host.Meter.CreateCounter<long>("pushed").Add(1);
        host.Meter.CreateHistogram<long>("histogram").Record(1);
        Assert.Equal("", await host.ScrapeAsync());
    }

    [Fact]
    public async Task Series_of_what_has_gone_are_gone() // K1, K3, K4
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync();
        int round = 0;
        host.Meter.CreateObservableGauge("x", () => Enumerable.Range(round * 50, 100).Select(pid => new Measurement<long>(1, Tags(("pid", pid)))));
        for (; round < 200; round++)
        {
            IEnumerable<string?> pids = ExpositionChecker.Samples(await host.ScrapeAsync(openMetrics: round % 2 == 0)).Select(sample => sample.Label("pid"));
            Assert.Equal(Enumerable.Range(round * 50, 100).Select(pid => $"{pid}"), pids);
        }
    }

    [Fact]
    public async Task A_meter_that_is_disposed_takes_its_families_along()
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync();
        Meter other = new(host.Meter.Name + "b");
        other.CreateObservableGauge("x", () => 1);
        Assert.NotEqual("", await host.ScrapeAsync());
        other.Dispose();
        Assert.Equal("", await host.ScrapeAsync());
    }

    [Fact]
    public async Task A_meter_that_is_disposed_while_it_is_observed_fails_nothing()
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync();
        Meter other = new(host.Meter.Name + "b");
        other.CreateObservableGauge("x", () =>
        {
            other.Dispose();
            return 1;
        });
        Assert.Equal("# TYPE x gauge\nx 1\n", await host.ScrapeAsync());
        Assert.Equal("", await host.ScrapeAsync());
        Assert.Empty(host.Log.All);
    }

    [Fact]
    public async Task A_thousand_families_and_a_value_of_200_kB_arrive_whole() // I7
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync();
        string big = string.Concat(Enumerable.Repeat("0123456789é\"\\\n", 14_500));
        for (int i = 0; i < 1000; i++)
        {
            int number = i;
            string value = i == 500 ? big : "small";
            host.Meter.CreateObservableGauge($"family{i:D4}", () => new Measurement<long>(number, Tags(("v", value))), "By", $"Family {i}.");
        }

        IReadOnlyList<ExpositionSample> samples = ExpositionChecker.Samples(await host.ScrapeAsync(openMetrics: true));
        Assert.Equal(Enumerable.Range(0, 1000).Select(i => $"family{i:D4}_bytes {i}"), samples.Select(sample => $"{sample.Name} {sample.Value}"));
        Assert.Equal(big, samples[500].Label("v"));
    }
}
