using System.Diagnostics;
using System.Globalization;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>A process that the kernel lets nobody read: it is told and skipped, and nothing else notices.</summary>
[Collection(EndToEndCollection.Name)]
[OrdinaryTier]
[Reliability]
public class HungProcessTests
{
    private const string Hung = "memsnoop_processes_hung";
    private const string Skipped = "memsnoop_measurement_skipped_total";

    /// <summary>Two readings and a pass may meet a process before one of them has lost a thread to it; a busy machine adds to that. Without a budget a scrape took 9 s.</summary>
    private static readonly TimeSpan LongestScrape = TimeSpan.FromSeconds(8);

    private TimeSpan _longest;

    [Theory]
    [InlineData("exec")]
    [InlineData("map")]
    public async Task A_process_that_does_not_answer_is_skipped_until_it_does(string how)
    {
        using Workload hang = await Workload.StartAsync("hang", "--resident", "30", "--hot", "20");
        using Workload other = await Workload.StartAsync("touch", "--resident", "30", "--hot", "20");
        int pid = (int)hang.Number("pid");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--pid", Text(pid), "--pid", Text(other.Pid), "--no-children", "--working-set-interval", "500ms", "--collector.smaps", "--method", "referenced"],
            ExporterProcess.Uncached);

        // Whatever comes, it ends first: to kill the exporter with its children is to read every process of the host.
        using Ending first = new(hang);
        Scrape before = await exporter.ScrapeUntilAsync(scrape => scrape.Has(Series.WorkingSet, pid) && scrape.Has(Series.WorkingSet, other.Pid));
        Assert.Equal(0, before.Value(Hung));

        long hung = Stopwatch.GetTimestamp();
        await hang.TellAsync(how);
        Scrape after = await ScrapeUntilAsync(exporter, scrape => scrape.Value(Hung) == 1 && !scrape.Has(Series.WorkingSet, pid) && Skips(scrape, "working-set") > 0);

        TimeSpan noticed = Stopwatch.GetElapsedTime(hung);

        // What needs no lock is still told. The other has all it had, and new windows all the time.
        Assert.True(after.Has(Series.Resident, pid));
        Assert.Equal(NamesOf(before, other.Pid), NamesOf(after, other.Pid));
        double passes = Skips(after, "working-set");
        after = await ScrapeUntilAsync(exporter, scrape => Skips(scrape, "working-set") >= passes + 3);
        Assert.True(after.Has(Series.WorkingSet, other.Pid));
        Assert.Equal(1, after.Value("memsnoop_measurement_success", ("measurement", "working-set")));
        Assert.Single(exporter.Log, line => line.Contains($"process {pid} does not answer", StringComparison.Ordinal));

        long free = Stopwatch.GetTimestamp();
        await hang.TellAsync("free");
        await ScrapeUntilAsync(exporter, scrape => scrape.Value(Hung) == 0 && NamesOf(before, pid).SequenceEqual(NamesOf(scrape, pid)));
        Reliability.Note(
            Reliability.Fault, $"a process hangs ({how})", $"noticed after {Reliability.Seconds(noticed)}, longest scrape {Reliability.Seconds(_longest)}",
            Reliability.Seconds(Stopwatch.GetElapsedTime(free)), "windows of that process while it hung");
        await Eventually.HoldsAsync(() => exporter.Log.Count(line => line.Contains($"process {pid} answers again", StringComparison.Ordinal)) == 1);
    }

    [Theory]
    [InlineData("exec")]
    [InlineData("map")]
    public async Task It_ends_at_once_although_a_process_does_not_answer(string how)
    {
        using Workload hang = await Workload.StartAsync("hang", "--resident", "30", "--hot", "20");
        int pid = (int)hang.Number("pid");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--pid", Text(pid), "--no-children", "--working-set-interval", "500ms", "--collector.smaps", "--method", "referenced"], ExporterProcess.Uncached);
        using Ending first = new(hang);
        await exporter.ScrapeUntilAsync(scrape => scrape.Has(Series.WorkingSet, pid));
        await hang.TellAsync(how);

        // While a scrape and a pass are about to find out.
        Task<HttpResponseMessage> scrape = exporter.GetAsync("/metrics");
        long told = Stopwatch.GetTimestamp();
        exporter.Signal(ExporterProcess.Terminate);
        Assert.Equal(0, await exporter.WaitAsync());
        TimeSpan took = Stopwatch.GetElapsedTime(told);
        Reliability.Note(Reliability.Fault, $"SIGTERM while a process hangs ({how})", "in the middle of a scrape", $"ended after {Reliability.Seconds(took)}", "that scrape");

        // 2 s are promised, and the rest is for a machine that is busy. It was 31 s.
        Assert.True(took < TimeSpan.FromSeconds(10), $"It took {took}.");
        try
        {
            (await scrape).Dispose();
        }
        catch (HttpRequestException)
        {
            // It came too late to be answered.
        }
    }

    [Fact]
    public async Task It_ends_in_the_middle_of_a_long_pass_and_leaves_the_process_to_the_next()
    {
        using Workload areas = await Workload.StartAsync("sparse", "--reserve-tib", "1", "--areas", "60000");
        string[] arguments = ["--pid", Text(areas.Pid), "--no-children", "--working-set-interval", "100ms", "--method", "referenced"];
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(arguments);
        await exporter.ScrapeUntilAsync(scrape => scrape.Has(Series.WorkingSet, areas.Pid));
        await exporter.ScrapeUntilAsync(static scrape => scrape.Of("memsnoop_measurement_pass_started_seconds").Any());
        long told = Stopwatch.GetTimestamp();
        exporter.Signal(ExporterProcess.Terminate);
        Assert.Equal(0, await exporter.WaitAsync());
        TimeSpan took = Stopwatch.GetElapsedTime(told);
        Reliability.Note(Reliability.Fault, "SIGTERM in the middle of a pass", "over a process with 60,000 areas", $"ended after {Reliability.Seconds(took)}", "the window that was under way");
        Assert.True(took < TimeSpan.FromSeconds(10), $"It took {took}.");

        await using ExporterProcess next = await ExporterProcess.StartAsync([.. arguments, "--run-dir", exporter.RunDirectory]);
        await next.ScrapeUntilAsync(scrape => scrape.Has(Series.WorkingSet, areas.Pid));
    }

    private async Task<Scrape> ScrapeUntilAsync(ExporterProcess exporter, Func<Scrape, bool> isWanted)
    {
        long started = Stopwatch.GetTimestamp();
        while (true)
        {
            long begun = Stopwatch.GetTimestamp();
            Scrape scrape = await exporter.ScrapeAsync();
            TimeSpan took = Stopwatch.GetElapsedTime(begun);
            _longest = took > _longest ? took : _longest;
            Assert.True(took < LongestScrape, $"A scrape took {took}.");
            if (isWanted(scrape))
            {
                return scrape;
            }

            Assert.True(Stopwatch.GetElapsedTime(started) < ExporterProcess.Deadline, $"Not as wanted:\n{scrape.Text}{string.Join('\n', exporter.Log)}");
            await Task.Delay(TimeSpan.FromMilliseconds(50));
        }
    }

    private sealed class Ending(Workload workload) : IDisposable
    {
        public void Dispose() => workload.Kill();
    }

    private static double Skips(Scrape scrape, string measurement) => scrape.Of(Skipped, ("measurement", measurement), ("reason", "hung")).Sum(static sample => sample.Number);

    private static string[] NamesOf(Scrape scrape, int pid) => [.. scrape.Samples.Where(sample => sample.Label("pid") == Text(pid)).Select(static sample => sample.Name).Distinct().Order()];

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
