using System.Globalization;
using System.Text.Json;
using MemSnoop.Exporter.Tests.Commands;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>Programs that would take the same accessed bits take turns, from wherever they run.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class MeasuringLockTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    [Fact]
    public async Task A_second_command_waits_for_the_first_and_says_for_whom()
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "60", "--hot", "40");
        Task<CommandResult> first = WssAsync(touch.Pid, "2");
        await Eventually.HoldsAsync(() => Locks("referenced-*").Length == 1);
        CommandResult second = await WssAsync(touch.Pid, "0.5");
        CommandResult before = await first;
        Assert.Equal((0, ""), (before.ExitCode, before.Error));
        Assert.Equal(0, second.ExitCode);
        TestContext.Current.SendDiagnosticMessage(second.Error);
        Assert.Matches(@"^memsnoop: waiting: process \d+ \(memsnoop wss, since \S+Z\) measures process \d+ \(touch\) too\n$", second.Error);
        Assert.InRange(Used(before), 38, 46);
        Assert.InRange(Used(second), 38, 46);
        Assert.Empty(Locks("*"));
    }

    [Fact]
    public async Task Two_processes_are_measured_at_once()
    {
        using Workload one = await Workload.StartAsync("touch", "--resident", "60", "--hot", "40");
        using Workload other = await Workload.StartAsync("touch", "--resident", "60", "--hot", "40");
        CommandResult[] results = await Task.WhenAll(WssAsync(one.Pid, "1"), WssAsync(other.Pid, "1"));
        Assert.All(results, static result => Assert.Equal((0, ""), (result.ExitCode, result.Error)));
    }

    [Fact]
    public async Task A_trace_names_who_measures_already()
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "60", "--hot", "40");
        Task<CommandResult> first = WssAsync(touch.Pid, "2");
        await Eventually.HoldsAsync(() => Locks("referenced-*").Length == 1);
        CommandResult trace = await Command.TryRunAsync(
            Repository.Executable, ["trace", "--pid", $"{touch.Pid}", "--measure", "working-set", "--count", "1", "--run-dir", _directory["run"]], ExporterProcess.Deadline);
        Assert.Equal((2, ""), (trace.ExitCode, trace.Output));
        Assert.Matches(@"^memsnoop: --measure: process \d+ \(memsnoop wss, since \S+Z\) measures the working set of process \d+ \(touch\) already; expected .*\n$", trace.Error);
        await first;
    }

    [Fact]
    public async Task An_exporter_leaves_out_what_another_measures_and_counts_it()
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "60", "--hot", "40");
        Task<CommandResult> first = WssAsync(touch.Pid, "5");
        await Eventually.HoldsAsync(() => Locks("referenced-*").Length == 1);
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--pid", $"{touch.Pid}", "--working-set-interval", "1s", "--run-dir", _directory["run"]], ExporterProcess.Uncached);
        await exporter.ScrapeUntilAsync(static scrape => scrape.Text.Contains("memsnoop_measurement_skipped_total{measurement=\"working-set\",reason=\"in_use\"}", StringComparison.Ordinal));
        CommandResult before = await first;
        Assert.InRange(Used(before), 38, 46);
        await exporter.ScrapeUntilAsync(scrape => scrape.Sum(Series.WorkingSet, touch.Pid) > 38 * Series.MB);
    }

    /// <summary>Two containers of one host, each with a /run, and a network, of its own. The first process of a pid namespace stands for the host's.</summary>
    [Fact]
    public async Task Programs_in_two_mount_and_network_namespaces_take_turns()
    {
        Assert.SkipUnless(Environment.UserName == "root", "namespaces need root");
        string touch = await Workloads.PathAsync("touch");
        string script = $$"""
            set -e
            mount -t tmpfs none /run
            sleep 1000 | {{touch}} --resident 60 --hot 40 > {{_directory["ready"]}} &
            until [ -s {{_directory["ready"]}} ]; do sleep 0.05; done
            target=$(sed 's/.*"pid":\([0-9]*\).*/\1/' {{_directory["ready"]}})
            container() { unshare --mount --net sh -c "mount -t tmpfs none /run && exec {{Repository.Executable}} wss --max-stall 1m $target $1"; }
            container 2 2> {{_directory["first"]}} &
            until ls /run/memsnoop/referenced-*.lock 2> /dev/null; do sleep 0.05; done
            container 0.5
            wait $!
            cat {{_directory["first"]}} >&2
            ls -A /run/memsnoop
            kill $(jobs -p)
            """;
        CommandResult result = await Command.TryRunAsync("unshare", ["--pid", "--fork", "--mount", "--mount-proc", "--kill-child", "bash", "-c", script], ExporterProcess.Deadline);
        Assert.Matches(@"^memsnoop: waiting: process \d+ \(memsnoop wss, since \S+Z\) measures process \d+ \(touch\) too\n$", result.Error);
        string[] lines = result.Output.TrimEnd('\n').Split('\n');
        Assert.Equal(5, lines.Length);
        Assert.EndsWith(".lock", lines[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_directory_that_is_read_only_is_said_and_measuring_goes_on()
    {
        Assert.SkipUnless(Environment.UserName == "root", "mounting needs root");
        using Workload touch = await Workload.StartAsync("touch", "--resident", "60", "--hot", "40");
        CommandResult result = await Command.TryRunAsync(
            "unshare", ["--mount", "sh", "-c", $"mount -t tmpfs -o ro none /run && exec {Repository.Executable} wss --max-stall 1m {touch.Pid} 0.5 --json"], ExporterProcess.Deadline);
        Assert.Equal(0, result.ExitCode);
        Assert.Equal("memsnoop: no locks, so another memsnoop could disturb this window: /run/memsnoop cannot be made: Read-only file system\n", result.Error);
        using JsonDocument window = JsonDocument.Parse(result.Output);
        Assert.InRange(window.RootElement.GetProperty("used_bytes").GetDouble(), 38 * Series.MB, 46 * Series.MB);
    }

    /// <summary>The main thread has ended and another works on.</summary>
    [Fact]
    public async Task A_process_without_its_main_thread_has_a_working_set()
    {
        using Workload workload = await Workload.StartAsync("leaderless", "--resident", "60", "--hot", "40");
        CommandResult wss = await WssAsync(workload.Pid, "2");
        Assert.Equal((0, ""), (wss.ExitCode, wss.Error));
        Assert.InRange(Used(wss), 38, 46);
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(["--pid", $"{workload.Pid}", "--working-set-interval", "1s"], ExporterProcess.Uncached);
        Scrape scrape = await exporter.ScrapeUntilAsync(scrape => scrape.Sum(Series.WorkingSet, workload.Pid) is > 38 * Series.MB and < 46 * Series.MB);
        Assert.InRange(scrape.Value(Series.Resident, workload.Pid), 60 * Series.MB, 64 * Series.MB);
    }

    private static double Used(CommandResult wss) =>
        double.Parse(wss.Output.Split('\n')[1].Split(' ', StringSplitOptions.RemoveEmptyEntries)[3], CultureInfo.InvariantCulture);

    private Task<CommandResult> WssAsync(int pid, string seconds) =>
        Command.TryRunAsync(Repository.Executable, ["wss", $"{pid}", seconds, "--max-stall", "1m", "--run-dir", _directory["run"]], ExporterProcess.Deadline);

    private string[] Locks(string pattern) => Directory.Exists(_directory["run"]) ? Directory.GetFiles(_directory["run"], pattern + ".lock") : [];

    public void Dispose() => _directory.Dispose();
}
