using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace MemSnoop.Exporter.Tests.Commands;

/// <summary>The program as a user runs it: a process with pipes, an exit code, and signals.</summary>
public partial class ExecutableTests
{
    // Starting the runtime takes a tenth of a second; the rest is for a machine that is busy.
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    /// <summary>Stands for the process that is measured.</summary>
    private const string Target = "TARGET";

    public static TheoryData<string[], string> Wrong => new()
    {
        { ["--intervall", "5s"], "--intervall: unknown option; expected --interval" },
        { ["--interval", "fast"], "--interval: 'fast' is not a duration; expected a duration from 0s to 1d, such as 500ms, 15s or 1h30m" },
        { ["--pid"], "--pid: no value follows; expected a number from 1 to 4194304" },
        { ["chek"], "chek: unknown command; expected check" },
        { ["wss", "1", "--run-dir", "/no/exporter"], "SECONDS: is missing, and no exporter runs here that has a last window; expected the length of the window, as in memsnoop wss 1234 10" },
        { ["--config", "/no/such.json"], "--config: '/no/such.json' does not exist; expected a JSON file that can be read" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task Wrong_input_is_exactly_one_line_and_code_2(string[] arguments, string expected)
    {
        using Process program = Start(arguments);
        (string output, string error) = await FinishAsync(program);
        Assert.Equal((2, "", $"memsnoop: {expected}\n"), (program.ExitCode, output, error));
    }

    [Fact]
    public async Task A_wrong_variable_of_the_real_environment_is_one_line()
    {
        using Process program = Start(["check"], ("MemSnoop__Web__Listn", ":1"));
        (string output, string error) = await FinishAsync(program);
        Assert.Equal((2, "", "memsnoop: MemSnoop__Web__Listn: unknown variable; expected MemSnoop__Web__Listen\n"), (program.ExitCode, output, error));
    }

    [Fact]
    public async Task A_config_that_is_not_json_names_its_line()
    {
        using var file = new TemporaryFile("{\n  \"MemSnoop\": {\n    \"Web\" {}\n  }\n}\n");
        using Process program = Start(["serve", "--config", file.Path]);
        (_, string error) = await FinishAsync(program);
        string expected = $"memsnoop: {file.Path}:3: is not JSON ('{{' is invalid after a property name. Expected a ':'); expected a JSON object\n";
        Assert.Equal((2, expected), (program.ExitCode, error));
    }

    [Fact]
    public async Task Version_and_help_end_with_0()
    {
        foreach (string option in (string[])["--version", "--help"])
        {
            using Process program = Start([option]);
            (string output, string error) = await FinishAsync(program);
            Assert.Equal((0, ""), (program.ExitCode, error));
            Assert.StartsWith("memsnoop ", output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Nobody_reading_the_output_is_quiet()
    {
        using Process shell = Start("/bin/sh", ["-c", $"'{Repository.Executable}' serve --help | true"]);
        (string output, string error) = await FinishAsync(shell);
        Assert.Equal(("", ""), (output, error));
    }

    [Theory]
    [InlineData("--bad 2>&-", "2")]
    [InlineData("check 2>&-", "0")]
    [InlineData("--version >/dev/full", "1")]
    public async Task Closed_and_full_outputs_crash_nothing(string arguments, string expected)
    {
        using Process shell = Start("/bin/sh", ["-c", $"'{Repository.Executable}' {arguments}; echo $?"]);
        (string output, string error) = await FinishAsync(shell);
        Assert.Equal(expected, output.TrimEnd('\n').Split('\n')[^1]);
        Assert.InRange(error.Count(character => character == '\n'), 0, 1);
    }

    [Theory]
    [InlineData(2, 0, "serve")]
    [InlineData(15, 0, "serve")]
    [InlineData(2, 130, "wss", Target, "3600")]
    [InlineData(15, 143, "wss", Target, "3600")]
    public async Task A_signal_stops_it_in_order(int signal, int expected, params string[] command)
    {
        // The configuration is a pipe: once the program has opened it, the program is past the point where it made ready for signals.
        string pipe = Path.Combine(Path.GetTempPath(), $"memsnoop-{Guid.NewGuid():N}.pipe");
        Assert.Equal(0, MakePipe(pipe, 0x180));

        // Not process 1: on some hosts nobody may read it, and a busy program can find that out before the signal is.
        using Process target = Start("sleep", ["3600"]);
        try
        {
            using Process program = Start([.. command.Select(word => word == Target ? target.Id.ToString(CultureInfo.InvariantCulture) : word), "--config", pipe]);
            CancellationToken cancelled = TestContext.Current.CancellationToken;
            Task<FileStream> opening = Task.Run(() => new FileStream(pipe, FileMode.Open, FileAccess.Write), cancelled);
            await using (FileStream configuration = await opening.WaitAsync(Deadline, cancelled))
            {
                Assert.Equal(0, Kill(program.Id, signal));
                await configuration.WriteAsync("{ \"MemSnoop\": { \"Web\": { \"Listen\": [\"127.0.0.1:0\"] } } }"u8.ToArray(), cancelled);
            }

            (string output, string error) = await FinishAsync(program);
            Assert.Equal((expected, ""), (program.ExitCode, output));
            Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        }
        finally
        {
            target.Kill();
            File.Delete(pipe);
        }
    }

    private static Process Start(string[] arguments, params (string Name, string Value)[] environment) => Start(Repository.Executable, arguments, environment);

    private static Process Start(string file, string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    private static async Task<(string Output, string Error)> FinishAsync(Process program)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        Task<string> output = program.StandardOutput.ReadToEndAsync(deadline.Token);
        Task<string> error = program.StandardError.ReadToEndAsync(deadline.Token);
        try
        {
            await program.WaitForExitAsync(deadline.Token);
            return (await output, await error);
        }
        finally
        {
            if (!program.HasExited)
            {
                program.Kill();
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "mkfifo", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakePipe(string path, uint mode);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);
}
