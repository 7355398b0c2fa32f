using System.Text.Json;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>A Prometheus that takes the start times of counters loses nothing of a process that lives for a few scrapes only.</summary>
[Collection(EndToEndCollection.Name)]
[OrdinaryTier]
public class StartTimeTests(ITestOutputHelper output)
{
    private const string Counters = "memsnoop_process_.*_total";

    [Fact]
    public async Task The_increase_over_three_scrapes_is_all_that_the_process_did()
    {
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(["--name", "^touch$", "--no-collector.working-set", "--interval", "0s"], through: ExporterProcess.Uncached);
        await using PrometheusServer server = await PrometheusServer.StartAsync(
            $$"""
            global: { scrape_interval: 1s, scrape_timeout: 1s }
            scrape_configs:
              - job_name: starts
                static_configs: [{ targets: ['{{exporter.Address.Authority}}'] }]
              - job_name: text
                scrape_protocols: [PrometheusText0.0.4]
                static_configs: [{ targets: ['{{exporter.Address.Authority}}'] }]
            """,
            await Receivers.Prometheus3Async(),
            "created-timestamp-zero-ingestion");
        await server.NumberUntilAsync("count(up == 1)", static count => count == 2, ExporterProcess.Deadline);

        // Its start is a sample too. Most of what it does it does at once, before its first scrape: without a start, that would be no increase.
        int pid;
        using (Workload touch = await Workload.StartAsync("touch", "--resident", "100", "--hot", "10"))
        {
            pid = touch.Pid;
            string seen = $$"""min(count_over_time(memsnoop_process_cpu_time_seconds_total{pid="{{pid}}",mode="user"}[5m]))""";
            await server.NumberUntilAsync(seen, static count => count >= 4, ExporterProcess.Deadline);
        }

        // Until its series have ended in both jobs, so that there is a last sample.
        await server.NumberUntilAsync($$"""absent({__name__=~"{{Counters}}",pid="{{pid}}"})""", static absent => absent == 1, ExporterProcess.Deadline);
        double now = QueryServer.Now;
        IReadOnlyList<(JsonElement Labels, (double Time, double Value)[] Samples)> all = await server.SamplesAsync($$"""{__name__=~"{{Counters}}",pid="{{pid}}"}[5m]""", now);
        double lostAsText = 0;
        int checkedSeries = 0;
        foreach ((JsonElement labels, (double Time, double Value)[] samples) in all)
        {
            // At the time of its last sample there is nothing to extrapolate.
            string selector = "{" + string.Join(',', labels.EnumerateObject().Select(static label => $"{label.Name}=\"{label.Value.GetString()}\"")) + "}";
            double increase = await server.NumberAsync($"increase({selector}[5m])", samples[^1].Time);
            bool hasStarts = labels.GetProperty("job").GetString() == "starts";
            if (hasStarts)
            {
                Assert.True(samples.Length >= 4, $"{labels}: {samples.Length} samples");
                Assert.Equal((labels.ToString(), 0), (labels.ToString(), samples[0].Value));
                Assert.Equal(samples[^1].Value, increase, samples[^1].Value * 1e-9);
                checkedSeries++;
            }

            if (labels.GetProperty("__name__").GetString() == "memsnoop_process_page_faults_total" && labels.GetProperty("fault").GetString() == "minor")
            {
                output.WriteLine($"{labels}: {string.Join(", ", samples)}; increase {increase}");
                if (!hasStarts)
                {
                    lostAsText = samples[0].Value;
                }
            }
        }

        Assert.True(checkedSeries >= 10, $"{checkedSeries} counters of the process");
        Assert.True(lostAsText > 0, "The text tells no start, but there is one.");
    }
}
