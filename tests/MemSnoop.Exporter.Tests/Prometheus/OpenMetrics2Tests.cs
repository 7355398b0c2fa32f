using System.Diagnostics.Metrics;
using MemSnoop.Exporter.Prometheus;
using static MemSnoop.Exporter.Tests.Prometheus.Instruments;

namespace MemSnoop.Exporter.Tests.Prometheus;

/// <summary>OpenMetrics 2.0 as of its first candidate: families bear the names of their samples, and counters tell inline when they began.</summary>
public class OpenMetrics2Tests
{
    private const string Accept = "application/openmetrics-text;version=2.0.0";

    [Fact]
    public async Task Families_have_the_names_of_samples_and_counters_tell_when_they_began()
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync(static options =>
        {
            (options.OpenMetrics2, options.CreatedSeries) = (true, true);
            options.ResourceAttributes = [new("service.name", "memsnoop")];
            options.CreatedTime = static (_, tags) => tags[0].Value is 1 ? 1700000000.25 : null;
        });
        host.Meter.CreateObservableCounter("foo.time", () => new Measurement<double>[] { new(1.5, Tags(("pid", 1))), new(2, Tags(("pid", 2))), new(3, Tags(("pid", 1))) }, "s", "A \"time\".");
        host.Meter.CreateObservableGauge("foo.level", () => new Measurement<long>(7, Tags(("pid", 1))), "By");
        using HttpResponseMessage response = await host.GetAsync(accept: Accept);
        Assert.Equal(
            """
            # TYPE target_info info
            # HELP target_info Target metadata
            target_info{service_name="memsnoop"} 1
            # TYPE foo_level_bytes gauge
            # UNIT foo_level_bytes bytes
            foo_level_bytes{pid="1"} 7
            # TYPE foo_time_seconds_total counter
            # UNIT foo_time_seconds_total seconds
            # HELP foo_time_seconds_total A \"time\".
            foo_time_seconds_total{pid="2"} 2
            foo_time_seconds_total{pid="1"} 3 st@1700000000.25
            # EOF

            """,
            await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));

        // In turns with the first version, whose lines are others.
        string first = await host.ScrapeAsync(openMetrics: true);
        Assert.Contains("\nfoo_time_seconds_created{pid=\"1\"} 1700000000.25\n", first, StringComparison.Ordinal);
        Assert.DoesNotContain("st@", first + await host.ScrapeAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Samples_are_those_of_the_text()
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync(static options => (options.OpenMetrics2, options.CreatedTime) = (true, static (_, _) => 1.5));
        AddTypical(host.Meter);
        using HttpResponseMessage response = await host.GetAsync(accept: Accept);
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        string plain = text.Replace(" st@1.5\n", "\n", StringComparison.Ordinal);
        Assert.NotEqual(text, plain);
        Assert.Equal(ExpositionChecker.Samples(await host.ScrapeAsync()).Select(static sample => $"{sample.Identity} {sample.Value}"), ExpositionChecker.Samples(plain).Select(static sample => $"{sample.Identity} {sample.Value}"));
    }
}
