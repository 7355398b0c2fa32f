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
        // F5: the tags that would take the scope's own names are dropped. D5: a point's tag joins the scope's label.
        using Meter meter = new(new MeterOptions(host.Meter.Name + "scoped")
        {
            Version = "1.2",
            TelemetrySchemaUrl = "https://example.org/1",
            Tags = Tags(("name", "x"), ("version", "x"), ("schema.url", "x"), ("region", "north")),
        });
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
    public async Task Instruments_of_one_family_are_one_block_and_a_series_is_one_line() // C6, G1, G2, G4, G7
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync();
        using Meter first = new(host.Meter.Name + "a");
        using Meter second = new(host.Meter.Name + "b");
        second.CreateObservableGauge("test-metric", () => new Measurement<long>[] { new(3, Tags(("i", 2))), new(4, Tags(("i", 3))) }, "By", "Described late.");
        first.CreateObservableGauge("zzz", () => 1);
        first.CreateObservableGauge("aaa", () => 1);
        first.CreateObservableGauge("test.metric", () => new Measurement<long>[] { new(1, Tags(("i", 1))), new(2, Tags(("i", 2))) }, "By");
        const string Expected = """
            # TYPE aaa gauge
            aaa 1
            # TYPE test_metric_bytes gauge
            # HELP test_metric_bytes Described late.
            test_metric_bytes{i="1"} 1
            test_metric_bytes{i="2"} 3
            test_metric_bytes{i="3"} 4
            # TYPE zzz gauge
            zzz 1

            """;
        Assert.Equal(Expected, await host.ScrapeAsync());
        Assert.Equal(Expected, await host.ScrapeAsync());
        Assert.Empty(host.Log.All);

        second.CreateObservableGauge("test/metric", () => Array.Empty<Measurement<long>>(), "By", "Described otherwise.");
        Assert.Equal(Expected, await host.ScrapeAsync());
        await host.ScrapeAsync(openMetrics: true);
        Assert.Single(host.Log.All, line => line.Contains("different descriptions", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Families_that_contradict_each_other_are_left_out_where_they_do() // G3, G5, C11
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync(options => options.ResourceAttributes = [new("a", "b")]);
        using Meter other = new(host.Meter.Name + "b");
        host.Meter.CreateObservableCounter("x", () => 1);
        other.CreateObservableGauge("x", () => 2);
        host.Meter.CreateObservableCounter("y", () => 1);
        other.CreateObservableGauge("y.total", () => 2);
        host.Meter.CreateObservableGauge("target.info", () => 1);
        host.Meter.CreateObservableGauge("target", () => 1);
        host.Meter.CreateObservableGauge("fine", () => 1);
        Assert.Equal(["target_info", "fine", "target", "x", "x_total"], ExpositionChecker.Samples(await host.ScrapeAsync()).Select(sample => sample.Name));
        Assert.Equal(["target_info", "fine"], ExpositionChecker.Samples(await host.ScrapeAsync(openMetrics: true)).Select(sample => sample.Name));
        int logged = host.Log.All.Count;
        await host.ScrapeAsync();
        Assert.Equal(logged, host.Log.All.Count);
    }

    [Fact]
    public async Task A_created_gauge_yields_only_when_creation_times_are_on() // C11
    {
        foreach (bool created in new[] { false, true })
        {
            await using ScrapeHost host = await ScrapeHost.StartAsync(options => options.CreatedSeries = created);
            host.Meter.CreateObservableCounter("x", () => 1);
            host.Meter.CreateObservableGauge("x.created", () => 1);
            using HttpResponseMessage response = await host.GetAsync(accept: ScrapeHost.OpenMetrics);
            Assert.Equal(created ? 0 : 2, ExpositionChecker.Samples(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Count);
        }
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
    public async Task Unknown_and_pushed_instruments_are_not_published() // B6
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync();
        host.Meter.CreateObservableGauge("1bad", () => 1);
        host.Meter.CreateObservableGauge("bad name", () => 1);
        host.Meter.CreateCounter<long>("pushed").Add(1);
        host.Meter.CreateHistogram<long>("histogram").Record(1);
        Assert.Equal("", await host.ScrapeAsync());
        Assert.Equal(2, host.Log.All.Count);
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
