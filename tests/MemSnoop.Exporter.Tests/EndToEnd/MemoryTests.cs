using System.Diagnostics;
using System.Globalization;
using MemSnoop.Exporter.Hosting;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>What the exporter itself holds.</summary>
[Collection(EndToEndCollection.Name)]
[OrdinaryTier]
public class MemoryTests(ITestOutputHelper output)
{
    // Right after garbage is given back it is 22 MB and 48, of which 26 are the program's own pages; 25 and 50 where a machine is so busy that the first age is reached before, with three more series a
    // process. The rest is for what a machine with many processors has more of: threads and what each of them holds. Without giving back, or with an arena for each thread, it is 30 MB of
    // anonymous memory at the least.
    private const double MostAnonymous = 27 * Series.MB;
    private const double MostResident = 53 * Series.MB;

    // Often, so that every thread that can compress an answer has done so.
    private static readonly TimeSpan BetweenScrapes = TimeSpan.FromSeconds(0.4);
    private static readonly TimeSpan Patience = 6 * HeapTrim.Interval;

    [Fact]
    public async Task A_thousand_idle_processes_take_little()
    {
        const int Processes = 1000;
        using Workload idler = await Workload.StartAsync("idler", "--processes", $"{Processes}");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--pid", $"{idler.Pid}", "--working-set-interval", "10s", "--log.level", "debug"], ExporterProcess.Uncached);
        long started = Stopwatch.GetTimestamp();
        while (true)
        {
            Scrape scrape = await exporter.ScrapeAsync();
            bool isTrimmed = exporter.Log.Any(static line => line.Contains("heap trimmed", StringComparison.Ordinal));
            double anonymous = StatusBytes(exporter.Pid, "RssAnon:");
            double resident = StatusBytes(exporter.Pid, "VmRSS:");
            string figures = $"{anonymous / Series.MB:F1} MB anonymous, {resident / Series.MB:F1} MB resident, {scrape.Samples.Count} series, trimmed: {isTrimmed}";
            if (isTrimmed && scrape.Pids(Series.WorkingSet).Count == Processes + 1 && anonymous < MostAnonymous && resident < MostResident)
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
