namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>Scrapers look; they must not move what they look at.</summary>
[Collection(EndToEndCollection.Name)]
public class ScrapeIndependenceTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    [Fact]
    public async Task Two_scrapers_ten_times_a_second_change_neither_windows_nor_working_sets()
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "200", "--hot", "40");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--pid", $"{touch.Pid}", "--working-set-interval", "1s", "--interval", "0s"], ExporterProcess.Uncached);
        await exporter.ScrapeUntilAsync(scrape => scrape.Has(Series.Window, touch.Pid));

        // One look at each window, then twenty.
        List<(double Window, double Bytes)> quiet = await ScrapeAsync(exporter, touch.Pid, TimeSpan.FromSeconds(1), 5);
        List<(double Window, double Bytes)>[] busy = await Task.WhenAll(
            ScrapeAsync(exporter, touch.Pid, Interval, 60), ScrapeAsync(exporter, touch.Pid, Interval, 60));

        output.WriteLine($"quiet: {Describe(quiet)}; two scrapers: {Describe(busy[0])} and {Describe(busy[1])}");
        foreach ((double window, double bytes) in quiet.Concat(busy[0]).Concat(busy[1]))
        {
            Assert.InRange(window, 0.8, 1.2);
            Assert.InRange(bytes / Series.MB, 38, 44);
        }
    }

    private static string Describe(List<(double Window, double Bytes)> samples) =>
        $"{samples.Count} scrapes, windows {samples.Min(static s => s.Window):F3} to {samples.Max(static s => s.Window):F3} s, "
        + $"{samples.Min(static s => s.Bytes) / Series.MB:F2} to {samples.Max(static s => s.Bytes) / Series.MB:F2} MB";

    private static async Task<List<(double Window, double Bytes)>> ScrapeAsync(ExporterProcess exporter, int pid, TimeSpan interval, int count)
    {
        List<(double Window, double Bytes)> samples = [];
        using PeriodicTimer timer = new(interval);
        while (samples.Count < count)
        {
            Scrape scrape = await exporter.ScrapeAsync();
            samples.Add((scrape.Value(Series.Window, pid), scrape.Sum(Series.WorkingSet, pid)));
            await timer.WaitForNextTickAsync();
        }

        return samples;
    }
}
