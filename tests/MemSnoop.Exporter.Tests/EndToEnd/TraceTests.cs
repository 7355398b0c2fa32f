using System.Diagnostics;
using System.Globalization;
using System.Runtime.Versioning;
using System.Text.Json;
using MemSnoop.Exporter.Tests.Commands;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary><c>memsnoop trace</c> as a user runs it.</summary>
[SupportedOSPlatform("linux")]
[Collection(EndToEndCollection.Name)]
public class TraceTests
{
    [Fact]
    public async Task The_example_of_the_documentation_has_its_columns()
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "20", "--hot", "4");
        CommandResult result = await RunAsync(
            "trace", "--pid", $"{touch.Pid}", "--measure", "initial=timestamp,disk=process-io,memory=statm,final=timestamp", "--every", "100ms", "--count", "3", "--format", "jsonl");
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        JsonElement[] samples = [.. result.Output.TrimEnd('\n').Split('\n').Select(static line => JsonElement.Parse(line))];
        Assert.Equal(3, samples.Length);
        Assert.All(samples, static sample =>
        {
            Assert.Equal(
                ["sample", "offset_seconds", "initial", "disk", "memory", "final"],
                sample.EnumerateObject().Select(static property => property.Name));
            Assert.InRange(sample.GetProperty("memory").GetProperty("resident_bytes").GetInt64(), 20 << 20, 24 << 20);
            Assert.True(sample.GetProperty("disk").GetProperty("read_characters").GetInt64() > 0);
            Assert.True(sample.GetProperty("initial").GetDateTimeOffset() <= sample.GetProperty("final").GetDateTimeOffset());
        });
    }

    [Theory]
    [InlineData("table")]
    [InlineData("csv")]
    public async Task Every_format_has_a_head_and_a_line_a_sample(string format)
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "20", "--hot", "4");
        CommandResult result = await RunAsync("trace", "--pid", $"{touch.Pid}", "--measure", "memory=statm,files=open-files", "--every", "50ms", "--count", "2", "--format", format);
        string[][] lines = [.. result.Output.TrimEnd('\n').Split('\n').Select(static line => line.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries))];
        Assert.Equal(
            ["sample", "offset_seconds", "memory.virtual_bytes", "memory.resident_bytes", "memory.shared_bytes", "memory.text_bytes", "memory.data_bytes", "files"],
            lines[0]);
        Assert.Equal(["0", "1"], lines[1..].Select(static line => line[0]));
        Assert.All(lines, static line => Assert.Equal(8, line.Length));
        Assert.Equal($"{Directory.GetFiles($"/proc/{touch.Pid}/fd").Length}", lines[1][7]);
    }

    [Fact]
    public async Task A_command_is_followed_to_its_end_and_hands_on_its_exit_code()
    {
        using TemporaryDirectory directory = new();

        // It goes on until three lines about it are there.
        const string Script = "echo out; echo err >&2; until [ \"$(wc -l <\"$0\")\" -ge 3 ]; do sleep 0.05; done; exit 7";
        CommandResult result = await RunAsync("trace", "--every", "50ms", "--output", directory["x.csv"], "--", "sh", "-c", Script, directory["x.csv"]);
        Assert.Equal((7, "out\n", "err\n"), (result.ExitCode, result.Output, result.Error));
        Assert.InRange((await File.ReadAllLinesAsync(directory["x.csv"], TestContext.Current.CancellationToken)).Length, 3, int.MaxValue);
    }

    [Theory]
    [InlineData(127, "/no/such/program", "/no/such/program: command not found; expected a program on the PATH or a path to one")]
    [InlineData(126, "/etc/passwd", "/etc/passwd: cannot be run; expected an executable file")]
    public async Task A_command_that_cannot_be_run_is_told_as_a_shell_does(int code, string command, string expected)
    {
        CommandResult result = await RunAsync("trace", "--", command);
        Assert.Equal((code, "", $"memsnoop: {expected}\n"), (result.ExitCode, result.Output, result.Error));
    }

    [Fact]
    public async Task A_command_that_a_signal_ended_and_one_that_is_left_behind()
    {
        Assert.Equal(143, (await RunAsync("trace", "--every", "10ms", "--format", "csv", "--", "sh", "-c", "kill $$")).ExitCode);
        using TemporaryDirectory directory = new();
        CommandResult abandoned = await RunAsync("trace", "--count", "1", "--every", "200ms", "--", "sh", "-c", $"echo $$ >{directory["pid"]}; exec sleep 1000");
        Assert.Equal(0, abandoned.ExitCode);
        string pid = (await File.ReadAllTextAsync(directory["pid"], TestContext.Current.CancellationToken)).Trim();
        Assert.False(Directory.Exists($"/proc/{pid}"));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(15)]
    public async Task A_signal_ends_the_command_too(int signal)
    {
        using TemporaryDirectory directory = new();
        string file = directory["x.csv"];
        ProcessStartInfo start = new(Repository.Executable, ["trace", "--pause", "--every", "5ms", "--output", file, "--", "sh", "-c", $"echo $$ >{directory["pid"]}; exec sleep 1000"]);
        using Process trace = Process.Start(start)!;
        await Eventually.HoldsAsync(() => File.Exists(file) && new FileInfo(file).Length > 0 && File.Exists(directory["pid"]));
        string pid = (await File.ReadAllTextAsync(directory["pid"], TestContext.Current.CancellationToken)).Trim();
        Assert.Equal(0, Kernel.Libc.Kill(trace.Id, signal));
        await trace.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(ExporterProcess.Deadline, TestContext.Current.CancellationToken);
        Assert.Equal(128 + signal, trace.ExitCode);
        Assert.False(Directory.Exists($"/proc/{pid}"));
    }

    [Fact]
    public async Task The_end_of_the_process_ends_the_trace_with_success()
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "20", "--hot", "4");
        using TemporaryDirectory directory = new();
        string file = directory["x.jsonl"];
        Task<CommandResult> trace = RunAsync("trace", "--pid", $"{touch.Pid}", "--every", "20ms", "--output", file);
        await Eventually.HoldsAsync(() => File.Exists(file) && new FileInfo(file).Length > 0);
        touch.Kill();
        Assert.Equal(new CommandResult(0, "", ""), await trace);
    }

    [Fact]
    public async Task Pages_say_in_one_line_what_is_missing_and_leave_no_file()
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "20", "--hot", "4");
        using TemporaryDirectory directory = new();
        Directory.CreateDirectory(directory["sys/kernel/mm/numa"]);
        CommandResult result = await RunAsync("trace", "--pid", $"{touch.Pid}", "--pages", directory["x.pages"], "--sysfs", directory["sys"]);
        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.Matches("^memsnoop: --pages: .*CONFIG_IDLE_PAGE_TRACKING.*\n$", result.Error);
        Assert.False(File.Exists(directory["x.pages"]));
    }

    [Fact]
    public async Task Without_root_what_is_allowed_is_traced()
    {
        using PublicCopy copy = await PublicCopy.MakeAsync();
        using Workload foreign = await Workload.StartAsync("touch", "--resident", "20", "--hot", "4");
        CommandResult result = await NobodyAsync("trace", "--pid", $"{foreign.Pid}", "--count", "1", "--every", "50ms", "--format", "jsonl");
        Assert.Equal((0, "memsnoop: process-io cannot be measured: the kernel lets only root and the process's own user read it\n"), (result.ExitCode, result.Error));
        JsonElement sample = JsonElement.Parse(result.Output);
        Assert.True(sample.GetProperty("statm").GetProperty("resident_bytes").GetInt64() > 20 << 20);
        Assert.Equal(JsonValueKind.Null, sample.GetProperty("process-io").GetProperty("read_characters").ValueKind);

        // Not one number is a failure.
        CommandResult nothing = await NobodyAsync("trace", "--pid", $"{foreign.Pid}", "--count", "2", "--every", "50ms", "--measure", "timestamp,process-io");
        Assert.Equal((1, 3), (nothing.ExitCode, nothing.Output.TrimEnd('\n').Split('\n').Length));
        Assert.Single(nothing.Error.TrimEnd('\n').Split('\n'));

        CommandResult pause = await NobodyAsync("trace", "--pid", $"{foreign.Pid}", "--pause");
        Assert.Equal(2, pause.ExitCode);
        Assert.Matches("^memsnoop: --pause: this user may not send signals to process .*\n$", pause.Error);
        CommandResult thp = await NobodyAsync("thp", "never");
        Assert.Equal((2, "memsnoop: thp: only root may set transparent huge pages; expected root\n"), (thp.ExitCode, thp.Error));

        Task<CommandResult> NobodyAsync(params string[] arguments) =>
            Command.TryRunAsync(PublicCopy.AsNobody[0], [.. PublicCopy.AsNobody[1..], copy.Program, .. arguments], ExporterProcess.Deadline);
    }

    /// <summary>As by <c>| head -2</c>, in the middle of a trace, and before its first sample.</summary>
    [Theory]
    [InlineData("50ms", "head -n 2", 2)]
    [InlineData("1h", "true", 0)]
    public async Task A_reader_that_has_seen_enough_ends_it(string every, string reader, int lines)
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "20", "--hot", "4");
        CommandResult result = await Command.TryRunAsync(
            "bash", ["-c", $"set -o pipefail; {Repository.Executable} trace --pid {touch.Pid} --measure statm --every {every} | {reader}"], ExporterProcess.Deadline);
        Assert.Equal((0, "", lines), (result.ExitCode, result.Error, result.Output.Count(static letter => letter == '\n')));
    }

    [Fact]
    public async Task A_file_is_overwritten_only_by_force()
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "20", "--hot", "4");
        using TemporaryDirectory directory = new();
        string file = directory.Write("x.csv", "precious");
        string[] trace = ["trace", "--pid", $"{touch.Pid}", "--count", "1", "--every", "10ms", "--output", file];
        Assert.Equal(
            new CommandResult(2, "", $"memsnoop: --output: '{file}' exists already; expected the name of a new file, or --force to overwrite this one\n"), await RunAsync(trace));
        Assert.Equal("precious", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
        Assert.Equal(new CommandResult(0, "", ""), await RunAsync([.. trace, "--force"]));
        Assert.StartsWith("sample,", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    /// <summary>What people ask first, in the units that they read, as wide as the window.</summary>
    [Fact]
    public async Task On_a_terminal_it_is_for_people()
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "200", "--hot", "40");
        string trace = $"{Repository.Executable} trace --pid {touch.Pid} --every 200ms --count 3 --max-stall 1m";
        string[] lines = Lines(await PseudoTerminal.RunAsync($"stty cols 60; {trace}"));
        Assert.Equal(["time", "resident", "used", "idle", "CPU"], Words(lines[0].Replace("\e[1m", "", StringComparison.Ordinal).Replace("\e[0m", "", StringComparison.Ordinal)));
        Assert.StartsWith("\e[1m", lines[0], StringComparison.Ordinal);
        Assert.Equal(4, lines.Length);

        lines = Lines(await PseudoTerminal.RunAsync($"stty cols 60; NO_COLOR=1 {trace}"));
        Assert.All(lines, static line => Assert.InRange(line.Length, 1, 60));
        Assert.DoesNotContain(lines, static line => line.Contains('\e', StringComparison.Ordinal));
        string[] last = Words(lines[3]);
        Assert.Matches(@"^20[0-9] MiB$", string.Join(' ', last[2..4]));
        Assert.Matches(@"^4[0-9]\.[0-9] MiB$", string.Join(' ', last[4..6]));
        Assert.InRange(int.Parse(last[6], CultureInfo.InvariantCulture), 75, 82);

        // What has no room is said, and what is named is in the same form.
        lines = Lines(await PseudoTerminal.RunAsync($"stty cols 20; {trace}"));
        Assert.Contains("memsnoop: the terminal has no room for used, idle, CPU", lines);
        lines = Lines(await PseudoTerminal.RunAsync($"stty cols 400; {trace} --measure stat,io=process-io"));
        Assert.StartsWith("time user system minor faults", string.Join(' ', Words(lines[0].Replace("\e[1m", "", StringComparison.Ordinal).Replace("\e[0m", "", StringComparison.Ordinal))), StringComparison.Ordinal);

        static string[] Lines(string screen) => screen.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
        static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }

    [Fact]
    public async Task A_mode_of_huge_pages_that_is_set_stays_and_is_told()
    {
        string mode = (await File.ReadAllTextAsync("/sys/kernel/mm/transparent_hugepage/enabled", TestContext.Current.CancellationToken)).Split('[', ']')[1];
        CommandResult result = await RunAsync("thp", mode);
        Assert.Equal((0, $"transparent huge pages: {mode} -> {mode}\n", ""), (result.ExitCode, result.Output, result.Error));
    }

    private static Task<CommandResult> RunAsync(params string[] arguments) => Command.TryRunAsync(Repository.Executable, arguments, ExporterProcess.Deadline);
}
