using System.Diagnostics;
using System.Globalization;
using MemSnoop.Exporter.Hosting;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>What the exporter itself holds.</summary>
[Collection(EndToEndCollection.Name)]
[OrdinaryTier]
public class MemoryTests(ITestOutputHelper output)
{
    // docs/performance.md has what was measured: 20 MB and 37. The rest is for what a machine with many processors has more of: threads and what each of them holds.
    private const double MostAnonymous = 30 * Series.MB;
    private const double MostResident = 50 * Series.MB;

    private static readonly TimeSpan BetweenScrapes = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = 6 * HeapTrim.Interval;

    [Fact]
    public async Task A_thousand_idle_processes_take_little()
    {
        const int Processes = 1000;
        using Workload idler = await Workload.StartAsync("idler", "--processes", $"{Processes}");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(["--pid", $"{idler.Pid}", "--working-set-interval", "10s"], ExporterProcess.Uncached);
        long started = Stopwatch.GetTimestamp();
        while (true)
        {
            // As often as a server comes, so that the garbage is that of scrapes. That of the start is given back after a while.
            Scrape scrape = await exporter.ScrapeAsync();
            double anonymous = StatusBytes(exporter.Pid, "RssAnon:");
            double resident = StatusBytes(exporter.Pid, "VmRSS:");
            string figures = $"{anonymous / Series.MB:F1} MB anonymous, {resident / Series.MB:F1} MB resident, {scrape.Samples.Count} series";
            if (scrape.Pids(Series.WorkingSet).Count == Processes + 1 && anonymous < MostAnonymous && resident < MostResident)
            {
                output.WriteLine(figures);
                return;
            }

            Assert.True(Stopwatch.GetElapsedTime(started) < Patience, figures);
            await Task.Delay(BetweenScrapes, TestContext.Current.CancellationToken);
        }
    }

    private static double StatusBytes(int pid, string name) =>
        1024 * double.Parse(
            File.ReadLines($"/proc/{pid}/status").Single(line => line.StartsWith(name, StringComparison.Ordinal)).Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1],
            CultureInfo.InvariantCulture);
}
