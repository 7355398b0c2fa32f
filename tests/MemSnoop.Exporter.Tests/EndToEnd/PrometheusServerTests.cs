using System.Text.Json;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>A real Prometheus, and what PromQL says.</summary>
[Collection(EndToEndCollection.Name)]
public class PrometheusServerTests(ITestOutputHelper output)
{
    // A scrape may take as long: on a busy machine a shorter one now and then would not be over in time.
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    [Fact]
    [OrdinaryTier]
    public Task Each_scrape_is_up_and_tells_40_MB_and_the_next_forgets_the_dead() => ScrapeAsync(intervals: 4);

    [Fact]
    [LongTier("prometheus")]
    public async Task So_it_is_for_ten_minutes() => Measured.Note("prometheus", await ScrapeAsync(intervals: 120));

    private async Task<string> ScrapeAsync(int intervals)
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "200", "--hot", "40");
        using Workload mortal = await Workload.StartAsync("touch", "--resident", "20", "--hot", "4");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(["--name", "^touch$", "--working-set-interval", "5s"]);
        await using PrometheusServer server = await PrometheusServer.StartAsync(exporter.Address, Interval);

        // The first window is complete two intervals after the start.
        TimeSpan span = intervals * Interval;
        await server.NumberUntilAsync("count_over_time(up[30m])", count => count > intervals, span + TimeSpan.FromMinutes(1));
        double now = await server.NumberAsync("vector(time())");
        double[] up = await server.RangeAsync("up", now - span.TotalSeconds, now, Interval);
        Assert.True(up.Length >= intervals, $"{up.Length} values of up in {intervals} intervals.");
        Assert.All(up, static value => Assert.Equal(1, value));
        Assert.Equal(1, await server.NumberAsync("min_over_time(up[30m])"));
        JsonElement target = await server.TargetAsync();
        Assert.Equal(("up", ""), (target.GetProperty("health").GetString(), target.GetProperty("lastError").GetString()));

        double workingSet = await server.NumberAsync($$"""sum by (pid) (memsnoop_process_working_set_bytes{pid="{{touch.Pid}}"})""");
        string all = $$"""sum(memsnoop_process_working_set_bytes{pid="{{touch.Pid}}"})[{{span.TotalSeconds - 10}}s:5s]""";
        double middle = await server.NumberAsync($"quantile_over_time(0.5, {all})");
        double least = await server.NumberAsync($"min_over_time({all})");
        double most = await server.NumberAsync($"max_over_time({all})");
        string figures =
            $"up 1 in {up.Length} of {up.Length}; working set {workingSet / Series.MB:F2} MB, in all of the time {least / Series.MB:F2} to {most / Series.MB:F2} MB; "
            + $"scrape {1000 * await server.NumberAsync("avg_over_time(scrape_duration_seconds[1m])"):F1} ms, {await server.NumberAsync("scrape_samples_scraped")} samples";
        output.WriteLine(figures);

        // A target that hardly gets a processor does touch less in some window.
        Assert.InRange(middle, 38 * Series.MB, 44 * Series.MB);
        Assert.InRange(most, 38 * Series.MB, 44 * Series.MB);

        string ofMortal = $$"""count({__name__=~"memsnoop_process_.*",pid="{{mortal.Pid}}"})""";
        Assert.True(await server.NumberAsync(ofMortal) > 20);
        double scrapesBefore = await server.NumberAsync("count_over_time(up[30m])");
        mortal.Kill();

        // One question, so that no scrape comes between its halves: how many scrapes had there been when nothing of the process was left?
        double scrapesAfter = await server.NumberUntilAsync(
            $"count_over_time(up[30m]) unless on () {ofMortal}", static count => !double.IsNaN(count), ExporterProcess.Deadline);
        Assert.InRange(scrapesAfter - scrapesBefore, 1, 2);
        Assert.True(await server.NumberAsync($$"""count({__name__=~"memsnoop_process_.*",pid="{{touch.Pid}}"})""") > 20);
        return figures;
    }
}
