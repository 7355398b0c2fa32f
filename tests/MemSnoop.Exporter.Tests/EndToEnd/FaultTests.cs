using System.Globalization;
using MemSnoop.Exporter.Tests.Commands;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>What a bad day does to files: they are hidden, gone, full, or the program stands still for a while.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class FaultTests : IDisposable
{
    private const string Success = "memsnoop_measurement_success";

    private readonly TemporaryDirectory _directory = new();

    [Fact]
    public async Task A_proc_that_hides_processes_of_others_and_goes_away_and_comes_back()
    {
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--procfs", _directory.Root],
            [.. InNamespace($"mount -t proc -o hidepid=invisible proc '{_directory.Root}'"), .. ExporterProcess.Uncached]);
        await exporter.ScrapeUntilAsync(scrape => scrape.Value("memsnoop_processes_watched") > 1);

        await InNamespaceOfAsync(exporter.Pid, "umount", "-l", _directory.Root);
        Scrape gone = await exporter.ScrapeUntilAsync(static scrape => scrape.Of(Success, ("measurement", "statm")).Any(static sample => sample.Number == 0));

        // The line comes through a pipe, and may be later than the answer.
        await Eventually.HoldsAsync(() => exporter.Log.Any(static line => line.Contains("is not a proc file system any more", StringComparison.Ordinal)));
        Assert.Empty(gone.Of(Series.Resident));

        await InNamespaceOfAsync(exporter.Pid, "mount", "-t", "proc", "proc", _directory.Root);
        await exporter.ScrapeUntilAsync(static scrape =>
            scrape.Value("memsnoop_processes_watched") > 1 && scrape.Value(Success, ("measurement", "statm")) == 1);
    }

    [Fact]
    public async Task A_full_disk_ends_a_trace_in_one_line_and_keeps_the_rows_that_fitted()
    {
        string file = _directory["trace.csv"];
        CommandResult result = await Command.TryRunAsync(
            "unshare",
            [
                .. InNamespace($"mount -t tmpfs -o size=16k none '{_directory.Root}'")[1..], "sh", "-c", "\"$@\"; code=$?; cat \"$0\"; exit $code", file,
                Repository.Executable, "trace", "--pid", $"{Environment.ProcessId}", "--every", "1ms", "--for", "5m", "--output", file,
            ],
            ExporterProcess.Deadline);
        Assert.Equal((1, $"memsnoop: IOException: No space left on device : '{file}'\n"), (result.ExitCode, result.Error));
        string[] rows = result.Output.Split('\n');
        Assert.True(rows.Length > 10, result.Output);
        Assert.All(rows[..^1], row => Assert.Equal(rows[0].Count(static c => c == ','), row.Count(static c => c == ',')));
    }

    /// <summary>As a suspended machine does, or one that is moved: passes go on where the clock is, and do not make up for those that were due.</summary>
    [Fact]
    [OrdinaryTier]
    public async Task After_standing_still_the_windows_that_were_due_are_counted_and_the_next_ones_are_there()
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "8", "--hot", "4");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--pid", $"{touch.Pid}", "--no-children", "--working-set-interval", "500ms", "--method", "referenced"], ExporterProcess.Uncached);
        Scrape before = await exporter.ScrapeUntilAsync(scrape => scrape.Has(Series.WorkingSet, touch.Pid));
        exporter.Signal(ExporterProcess.Stop);
        await Task.Delay(TimeSpan.FromSeconds(3), TestContext.Current.CancellationToken);
        exporter.Signal(ExporterProcess.Continue);
        await exporter.ScrapeUntilAsync(scrape => Missed(scrape) >= Missed(before) + 4);
        await exporter.ScrapeUntilAsync(scrape => scrape.Has(Series.WorkingSet, touch.Pid) && scrape.Value(Success, ("measurement", "working-set")) == 1);
    }

    public void Dispose() => _directory.Dispose();

    private static double Missed(Scrape scrape) => scrape.Value("memsnoop_measurement_missed_total", ("measurement", "working-set"));

    // Mounts that only the program sees, and that go when it ends.
    private static string[] InNamespace(string mount) => ["unshare", "--mount", "sh", "-c", $"{mount} && exec \"$@\"", "sh"];

    private static async Task InNamespaceOfAsync(int pid, params string[] command) =>
        await Command.RunAsync("nsenter", ["--target", pid.ToString(CultureInfo.InvariantCulture), "--mount", .. command], ExporterProcess.Deadline);
}
