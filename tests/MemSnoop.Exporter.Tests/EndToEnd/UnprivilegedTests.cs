using System.Runtime.Versioning;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>As the user nobody: it measures what it may and says what it may not. These tests need root, to become somebody else.</summary>
[SupportedOSPlatform("linux")]
[Collection(EndToEndCollection.Name)]
public class UnprivilegedTests
{
    [Fact]
    public async Task Own_processes_are_measured_and_others_are_counted_as_denied()
    {
        using PublicCopy copy = await PublicCopy.MakeAsync();
        using Workload foreign = await Workload.StartAsync("touch", "--resident", "20", "--hot", "4");
        using Workload own = await Workload.StartAsync("/usr/bin/setpriv", [.. PublicCopy.AsNobody[1..], copy.Touch, "--resident", "200", "--hot", "40"]);
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--name", "^touch$", "--working-set-interval", "1s", "--interval", "0s"],
            [.. PublicCopy.AsNobody, .. ExporterProcess.Uncached], copy.Program);

        Scrape scrape = await exporter.ScrapeUntilAsync(scrape => scrape.Has(Series.WorkingSet, own.Pid));
        Assert.InRange(scrape.Sum(Series.WorkingSet, own.Pid), 38 * Series.MB, 44 * Series.MB);
        Assert.True(scrape.Has("memsnoop_process_io_syscalls_total", own.Pid));
        Assert.InRange(scrape.Value(Series.Resident, foreign.Pid), 20 * Series.MB, 24 * Series.MB);
        Assert.False(scrape.Has(Series.WorkingSet, foreign.Pid));
        Assert.False(scrape.Has("memsnoop_process_io_syscalls_total", foreign.Pid));
        Assert.True(scrape.Value(Series.Skipped, ("measurement", "working-set"), ("reason", "denied")) >= 1);
        Assert.True(scrape.Value(Series.Skipped, ("measurement", "process-io"), ("reason", "denied")) >= 1);

        Assert.Contains(exporter.Log, static line => line.Contains("level=warn", StringComparison.Ordinal) && line.Contains("not running as root", StringComparison.Ordinal));
        Assert.DoesNotContain(exporter.Log, static line => line.Contains("level=error", StringComparison.Ordinal));
        exporter.Signal(ExporterProcess.Terminate);
        Assert.Equal(0, await exporter.WaitAsync());
    }

    [Fact]
    public async Task Commands_say_what_is_denied()
    {
        using PublicCopy copy = await PublicCopy.MakeAsync();
        using Workload foreign = await Workload.StartAsync("touch", "--resident", "20", "--hot", "4");
        CommandResult wss = await RunAsync("wss", $"{foreign.Pid}", "1");
        Assert.Equal((2, ""), (wss.ExitCode, wss.Output));
        Assert.Matches($"^memsnoop: PID: the kernel does not let this user read process {foreign.Pid}.*; expected root, or a process of this user\n$", wss.Error);

        CommandResult check = await RunAsync("check");
        Assert.Equal((0, ""), (check.ExitCode, check.Error));
        Assert.Matches("(?m)^limited +permissions .*CAP_SYS_ADMIN", check.Output);
        Assert.Matches("(?m)^limited +process-io .*of this user only", check.Output);
        Assert.Matches("(?m)^ok +working-set by referenced ", check.Output);

        using TemporaryDirectory directory = new();
        File.SetUnixFileMode(directory.Root, (UnixFileMode)0b111_101_101);
        string secret = directory.Write("secret.json", "{}");
        File.SetUnixFileMode(secret, UnixFileMode.UserRead);
        CommandResult unreadable = await RunAsync("--config", secret);
        Assert.Equal((2, "", $"memsnoop: --config: '{secret}' may not be read; expected a JSON file that can be read\n"), (unreadable.ExitCode, unreadable.Output, unreadable.Error));

        Task<CommandResult> RunAsync(params string[] arguments) =>
            Command.TryRunAsync(PublicCopy.AsNobody[0], [.. PublicCopy.AsNobody[1..], copy.Program, .. arguments], ExporterProcess.Deadline);
    }
}
