using System.Diagnostics.Metrics;
using System.Text.Json;
using static MemSnoop.Exporter.Tests.Prometheus.Instruments;

namespace MemSnoop.Exporter.Tests.Prometheus;

/// <summary>A real server scrapes the endpoint, with the headers that it sends.</summary>
public class PrometheusServerTests
{
    [Fact]
    public async Task A_server_stores_what_was_measured_and_forgets_what_has_gone() // K1
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync(options => options.ResourceAttributes = [new("service.name", "memsnoop")], kestrel: true);
        int[] pids = [1, 2, 3];
        host.Meter.CreateObservableGauge(
            "sample.level",
            () => pids.Select(pid => new Measurement<double>(pid + 0.5, Tags(("pid", pid), ("comm", "a\"b\\c\nd")))), "By", "Level.");
        host.Meter.CreateObservableCounter("sample.time", () => 123456.789, "s", "Time.");
        await using PrometheusServer server = await PrometheusServer.StartAsync(host.Client.BaseAddress!, TimeSpan.FromMilliseconds(500));

        await Eventually.HoldsAsync(async () => (await server.QueryAsync("sample_level_bytes")).Count == 3);
        Assert.Equal(1, await server.NumberAsync("up"));
        Assert.Equal(123456.789, await server.NumberAsync("sample_time_seconds_total"));
        Assert.Equal("memsnoop", Assert.Single(await server.QueryAsync("target_info")).Labels.GetProperty("service_name").GetString());
        (JsonElement labels, double value) = Assert.Single(await server.QueryAsync("sample_level_bytes{pid=\"2\"}"));
        Assert.Equal("a\"b\\c\nd", labels.GetProperty("comm").GetString());
        Assert.Equal(2.5, value);

        // Without a timestamp on the samples a missing series is stale at the next scrape, not only after five minutes.
        pids = [3, 4];
        await Eventually.HoldsAsync(async () =>
            (await server.QueryAsync("sample_level_bytes")).Select(series => series.Value).Order().SequenceEqual([3.5, 4.5]));
    }
}
