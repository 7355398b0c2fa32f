namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>Scrapers look; they must not move what they look at.</summary>
[Collection(EndToEndCollection.Name)]
[OrdinaryTier]
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
        foreach (List<(double Window, double Bytes)> samples in (List<(double, double)>[])[quiet, .. busy])
        {
            // A scrape that ended a window would leave one of a tenth of a second. A busy machine wakes the sampler late now and then,
            // which makes one window longer and the next one shorter; hence the middle, and for each window more than a scraper's interval.
            Assert.InRange(samples.Select(static sample => sample.Window).Order().ElementAt(samples.Count / 2), 0.9, 1.1);
            Assert.All(samples, static sample => Assert.InRange(sample.Window, 2 * Interval.TotalSeconds, 5));

            // A target that hardly gets a processor does touch less in some window, but never more.
            Assert.InRange(samples.Select(static sample => sample.Bytes).Order().ElementAt(samples.Count / 2) / Series.MB, 38, 44);
            Assert.All(samples, static sample => Assert.InRange(sample.Bytes / Series.MB, 0, 44));
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
