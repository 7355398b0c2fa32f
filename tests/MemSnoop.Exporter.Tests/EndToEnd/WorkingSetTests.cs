using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using MemSnoop.Exporter.Tests.Commands;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>A process that holds 200 MB and touches the first 40 again and again: the numbers the program is for.</summary>
[Collection(EndToEndCollection.Name)]
public partial class WorkingSetTests
{
    // 40 MB less what the method may miss; above it the program's own stack, code and C library, at most a few MB.
    private const double Least = 40 * 0.95 * Series.MB;
    private const double Most = ((40 * 1.05) + 2) * Series.MB;

    [Fact]
    public async Task Wss_prints_a_header_and_one_line_with_40_MB()
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "200", "--hot", "40");
        long started = Stopwatch.GetTimestamp();
        CommandResult result = await Command.TryRunAsync(Repository.Executable, ["wss", $"{touch.Pid}", "2", "--max-stall", "1m"], ExporterProcess.Deadline);
        double took = Stopwatch.GetElapsedTime(started).TotalSeconds;
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        string[] lines = result.Output.Split('\n');
        Assert.Equal(["Est(s)  RSS(MiB)  PSS(MiB)  Ref(MiB)  Ref(%)  Method", lines[1], ""], lines);
        Match line = WssLine().Match(lines[1]);
        Assert.True(line.Success, lines[1]);
        Assert.InRange(Number(1), 2, took);
        Assert.InRange(Number(2), 200, 204);
        Assert.InRange(Number(3), 200, Number(2));
        Assert.InRange(Number(4) * Series.MB, Least, Most);

        double Number(int group) => double.Parse(line.Groups[group].Value, CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task Series_say_the_same_and_follow_what_the_process_does()
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "200", "--hot", "40");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--pid", $"{touch.Pid}", "--working-set-interval", "1s", "--idle-ages", "0s,1s,2s,4s", "--interval", "0s"], ExporterProcess.Uncached);

        // The first windows of a busy machine are not always a second long.
        Scrape scrape = await exporter.ScrapeUntilAsync(
            scrape => scrape.Of(Series.Idle, touch.Pid).Count() == 4 && scrape.Value(Series.Window, touch.Pid) is > 0.4 and < 1.6);
        Assert.InRange(scrape.Sum(Series.WorkingSet, touch.Pid), Least, Most);
        Assert.Equal(["anon", "file", "shmem"], scrape.Of(Series.WorkingSet, touch.Pid).Select(static sample => sample.Label("kind")!).Order());
        double[] bands = [.. scrape.Of(Series.Idle, touch.Pid).Select(static sample => sample.Number)];
        Assert.Equal(["0", "1", "2", "4"], scrape.Of(Series.Idle, touch.Pid).Select(static sample => sample.Label("age")!));
        Assert.Equal(bands.OrderDescending(), bands);
        Assert.InRange(bands[3], 155 * Series.MB, 162 * Series.MB);

        // The kernel sums the counters of all processors only now and then: statm may be some dozens of pages off.
        double resident = scrape.Value(Series.Resident, touch.Pid);
        Assert.InRange(bands[0], resident - Series.MB, resident + Series.MB);
        Assert.InRange(scrape.Sum(Series.WorkingSet, touch.Pid) + bands[1], resident - Series.MB, resident + Series.MB);

        await touch.TellAsync("hot 120");
        await exporter.ScrapeUntilAsync(scrape => scrape.Sum(Series.WorkingSet, touch.Pid) is > 114 * Series.MB and < 128 * Series.MB);
        await touch.TellAsync("idle");
        await exporter.ScrapeUntilAsync(scrape => scrape.Sum(Series.WorkingSet, touch.Pid) < 2 * Series.MB);
    }

    [GeneratedRegex(@"^ *(\d+\.\d{3})  +(\d+\.\d\d)  +(\d+\.\d\d)  +(\d+\.\d\d)  +(\d+\.\d)  (page_idle|referenced)$")]
    private static partial Regex WssLine();
}
