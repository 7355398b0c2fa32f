using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using MemSnoop.Exporter.Tests.Commands;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary><c>memsnoop wss</c> of several processes, again and again, cut short and by area: by itself, and through an exporter.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class WssTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Several_processes_are_measured_in_one_window(bool asks)
    {
        using NamedWorkload named = await NamedWorkload.MakeAsync("touch");
        using Workload first = await Workload.StartAsync(named.Path, "--resident", "60", "--hot", "40");
        using Workload second = await Workload.StartAsync(named.Path, "--resident", "40", "--hot", "10");
        await using ExporterProcess? exporter = asks ? await ExporterProcess.StartAsync(["--pid", $"{Environment.ProcessId}"]) : null;
        string run = exporter?.RunDirectory ?? _directory["run"];
        foreach (string[] chosen in (string[][])[[$"{first.Pid},{second.Pid}", "1"], ["--name", $"^{named.Name}$", "1"]])
        {
            CommandResult result = await WssAsync(run, [.. chosen, "--json"]);
            Assert.Equal((0, ""), (result.ExitCode, result.Error));
            JsonElement[] windows = [.. JsonElement.Parse(result.Output).EnumerateArray()];
            Assert.Equal([first.Pid, second.Pid], windows.Select(static window => window.GetProperty("pid").GetInt32()));
            Assert.All(windows, window => Assert.Equal((named.Name, asks ? "exporter" : "own"), (window.GetProperty("comm").GetString(), window.GetProperty("source").GetString())));
            Assert.InRange(windows[0].GetProperty("used_bytes").GetDouble(), 38 * Series.MB, 44 * Series.MB);
            Assert.InRange(windows[1].GetProperty("used_bytes").GetDouble(), 9 * Series.MB, 13 * Series.MB);
        }

        CommandResult table = await WssAsync(run, "--name", $"^{named.Name}$", "0.5");
        string[][] lines = [.. table.Output.TrimEnd('\n').Split('\n').Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))];
        Assert.Equal(["PID", "Name", "Est(s)", "RSS(MiB)", "PSS(MiB)", "Ref(MiB)", "Ref(%)", "Method"], lines[0]);
        Assert.Equal([$"{first.Pid}", named.Name], lines[1][..2]);
        Assert.InRange(double.Parse(lines[1][6], CultureInfo.InvariantCulture), 60, 75);
        Assert.Equal(3, lines.Length);

        CommandResult none = await WssAsync(run, "--name", "^no-such-process$", "0.5");
        Assert.Equal(new CommandResult(1, "", "memsnoop: no process matches\n"), none);
    }

    /// <summary>What was measured until then is told, with its true length; the exit code says that somebody cut it short.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_window_that_is_cut_short_is_not_lost(bool asks)
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "60", "--hot", "40");
        await using ExporterProcess? exporter = asks ? await ExporterProcess.StartAsync(["--pid", $"{Environment.ProcessId}", "--no-children"]) : null;
        string run = exporter?.RunDirectory ?? _directory["run"];
        ProcessStartInfo start = new(Repository.Executable, ["wss", $"{touch.Pid}", "1000", "--run-dir", run, "--max-stall", "1m", "--json"])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        using Process wss = Process.Start(start)!;

        // Not before the window has begun, which takes the lock of the process, and then for long enough that the program has touched all of its memory.
        await Eventually.HoldsAsync(() => Directory.Exists(run) && Directory.EnumerateFiles(run, $"referenced-{touch.Pid}-*.lock").Any());
        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        Assert.Equal(0, Kernel.Libc.Kill(wss.Id, Kernel.Libc.SignalInterrupt));
        string output = await wss.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        string error = await wss.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await wss.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(130, wss.ExitCode);
        JsonElement window = JsonElement.Parse(output);
        Assert.True(window.GetProperty("partial").GetBoolean());
        Assert.Equal(asks ? "exporter" : "own", window.GetProperty("source").GetString());
        double length = window.GetProperty("window_seconds").GetDouble();
        Assert.InRange(length, 0.5, 999);
        Assert.InRange(window.GetProperty("used_bytes").GetDouble(), 38 * Series.MB, 44 * Series.MB);
        Assert.Equal(string.Create(CultureInfo.InvariantCulture, $"memsnoop: ended before its time: the window is {length:F3} s long, not 1000\n"), error);
    }

    [Fact]
    public async Task It_is_repeated_until_nobody_reads()
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "60", "--hot", "40");
        CommandResult result = await Command.TryRunAsync(
            "bash",
            [
                "-c", $"set -o pipefail; {Repository.Executable} wss {touch.Pid} 0.1 --interval 200ms --json --run-dir {_directory["run"]} --max-stall 1m | head -n 3",
            ],
            ExporterProcess.Deadline);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        string[] lines = result.Output.TrimEnd('\n').Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.All(lines, line => Assert.Equal(touch.Pid, JsonElement.Parse(line).GetProperty("pid").GetInt32()));
    }

    /// <summary>Each area has what it holds and uses, and together they are what the process holds and uses.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Areas_are_told_by_their_names(bool asks)
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "60", "--hot", "40");
        await using ExporterProcess? exporter = asks ? await ExporterProcess.StartAsync(["--pid", $"{touch.Pid}"]) : null;
        string run = exporter?.RunDirectory ?? _directory["run"];
        CommandResult result = await WssAsync(run, $"{touch.Pid}", "1", "--by", "area", "--json");
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        JsonElement window = JsonElement.Parse(result.Output);
        Dictionary<string, (long Held, long Used)> areas = window.GetProperty("areas").EnumerateArray().ToDictionary(
            static area => area.GetProperty("name").GetString()!, static area => (area.GetProperty("held_bytes").GetInt64(), area.GetProperty("used_bytes").GetInt64()));
        Assert.InRange(areas["anonymous"].Held, 60 * Series.MB, 62 * Series.MB);
        Assert.InRange(areas["anonymous"].Used, 38 * Series.MB, 42 * Series.MB);
        Assert.Contains("[stack]", areas.Keys);
        Assert.Contains(await Workloads.PathAsync("touch"), areas.Keys);
        Assert.All(areas.Values, static area => Assert.InRange(area.Used, 0, area.Held));
        Assert.Equal(window.GetProperty("used_bytes").GetInt64(), areas.Values.Sum(static area => area.Used));

        CommandResult table = await WssAsync(run, $"{touch.Pid}", "0.5", "--by", "area");
        Assert.Contains("\n\nHeld(MiB)  Ref(MiB)  Ref(%)  Area\n", table.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task On_a_terminal_it_says_how_far_it_is()
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "20", "--hot", "4");
        string screen = await PseudoTerminal.RunAsync($"{Repository.Executable} wss {touch.Pid} 1 --run-dir {_directory["run"]} --max-stall 1m");
        Assert.Matches($@"\r\e\[Kmeasuring process {touch.Pid} \(touch\): 0\.[0-9] s of 1s; Ctrl-C ends it now", screen);

        // Nothing of that stays.
        Assert.Matches(@"\r\e\[KEst\(s\)", screen);
    }

    public void Dispose() => _directory.Dispose();

    private static async Task<CommandResult> WssAsync(string run, params string[] arguments) =>
        await Command.TryRunAsync(Repository.Executable, ["wss", "--run-dir", run, "--max-stall", "1m", .. arguments], ExporterProcess.Deadline);
}
