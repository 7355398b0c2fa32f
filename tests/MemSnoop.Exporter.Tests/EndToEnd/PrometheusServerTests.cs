using System.Text.Json;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>A real Prometheus, and what PromQL says.</summary>
[Collection(EndToEndCollection.Name)]
public class PrometheusServerTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task A_minute_of_scrapes_is_up_throughout_tells_40_MB_and_forgets_the_dead()
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "200", "--hot", "40");
        using Workload mortal = await Workload.StartAsync("touch", "--resident", "20", "--hot", "4");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(["--name", "^touch$", "--working-set-interval", "2s"]);
        await using PrometheusServer server = await PrometheusServer.StartAsync(exporter.Address, Interval);

        // 31 scrapes are 30 intervals: a minute.
        await server.NumberUntilAsync("count_over_time(up[5m])", static count => count >= 31, TimeSpan.FromSeconds(120));
        double now = await server.NumberAsync("vector(time())");
        double[] up = await server.RangeAsync("up", now - 60, now, Interval);
        Assert.True(up.Length >= 30, $"{up.Length} values of up in a minute.");
        Assert.All(up, static value => Assert.Equal(1, value));
        Assert.Equal(1, await server.NumberAsync("min_over_time(up[5m])"));
        JsonElement target = await server.TargetAsync();
        Assert.Equal(("up", ""), (target.GetProperty("health").GetString(), target.GetProperty("lastError").GetString()));

        double workingSet = await server.NumberAsync($$"""sum by (pid) (memsnoop_process_working_set_bytes{pid="{{touch.Pid}}"})""");
        Assert.InRange(workingSet, 38 * Series.MB, 44 * Series.MB);
        double least = await server.NumberAsync($$"""min_over_time(sum(memsnoop_process_working_set_bytes{pid="{{touch.Pid}}"})[45s:2s])""");
        double most = await server.NumberAsync($$"""max_over_time(sum(memsnoop_process_working_set_bytes{pid="{{touch.Pid}}"})[45s:2s])""");
        output.WriteLine(
            $"up 1 in {up.Length} of {up.Length}; working set {workingSet / Series.MB:F2} MB, in the last 45 s {least / Series.MB:F2} to {most / Series.MB:F2} MB; "
            + $"scrape {1000 * await server.NumberAsync("avg_over_time(scrape_duration_seconds[1m])"):F1} ms, {await server.NumberAsync("scrape_samples_scraped")} samples");
        Assert.InRange(least, 38 * Series.MB, 44 * Series.MB);
        Assert.InRange(most, 38 * Series.MB, 44 * Series.MB);

        string ofMortal = $$"""count({__name__=~"memsnoop_process_.*",pid="{{mortal.Pid}}"})""";
        Assert.True(await server.NumberAsync(ofMortal) > 20);
        double scrapesBefore = await server.NumberAsync("count_over_time(up[5m])");
        mortal.Kill();

        // One question, so that no scrape comes between its halves: how many scrapes had there been when nothing of the process was left?
        double scrapesAfter = await server.NumberUntilAsync(
            $"count_over_time(up[5m]) unless on () {ofMortal}", static count => !double.IsNaN(count), ExporterProcess.Deadline);
        Assert.InRange(scrapesAfter - scrapesBefore, 1, 2);
        Assert.True(await server.NumberAsync($$"""count({__name__=~"memsnoop_process_.*",pid="{{touch.Pid}}"})""") > 20);
    }
}
