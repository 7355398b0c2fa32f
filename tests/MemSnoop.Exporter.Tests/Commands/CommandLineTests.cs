using System.Runtime.Versioning;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Exporter.Commands;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.LocalApi;

namespace MemSnoop.Exporter.Tests.Commands;

public class CommandLineTests
{
    [Fact]
    public async Task An_action_refuses_with_the_same_one_line()
    {
        (int code, string error) = await RunAsync("serve", () => throw new UsageException("--pid", "process 7 does not exist", "the id of a running process"));
        Assert.Equal((2, "memsnoop: --pid: process 7 does not exist; expected the id of a running process\n"), (code, error));
    }

    [Fact]
    public async Task An_unforeseen_exception_is_one_line_without_a_stack()
    {
        (int code, string error) = await RunAsync("serve", () => throw new AggregateException(new InvalidOperationException("first\nsecond")));
        Assert.Equal((1, "memsnoop: InvalidOperationException: first second\n"), (code, error));
    }

    [Fact]
    public async Task A_broken_pipe_is_quiet()
    {
        (int code, string error) = await RunAsync("check", () => throw new IOException("Broken pipe", 32));
        Assert.Equal((0, ""), (code, error));
    }

    /// <summary>As people type it into other programs.</summary>
    [Theory]
    [InlineData("help", "--help")]
    [InlineData("help help", "--help")]
    [InlineData("help wss", "wss --help")]
    [InlineData("help serve", "serve --help")]
    [InlineData("version", "--version")]
    [InlineData("-V", "--version")]
    [InlineData("wss -V", "--version")]
    public async Task Help_and_version_are_words_too(string words, string options)
    {
        (CommandLineRun word, CommandLineRun option) = (new(), new());
        Assert.Equal((0, 0), (await word.RunAsync(words.Split(' ')), await option.RunAsync(options.Split(' '))));
        Assert.Equal((option.Output.ToString(), ""), (word.Output.ToString(), word.Error.ToString()));
    }

    [Fact]
    [SupportedOSPlatform("linux")]
    public async Task A_program_is_not_a_command_and_how_to_run_it_is_told()
    {
        using TemporaryDirectory path = new();
        CommandLineRun run = new(("PATH", $"/no/such/directory:{path.Root}"));
        Assert.Equal(2, await run.RunAsync("wsss", "-la"));
        Assert.Equal("memsnoop: wsss: unknown command; expected wss\n", run.Error.ToString());
        File.SetUnixFileMode(path.Write("wsss", ""), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        run = new CommandLineRun(("PATH", $"/no/such/directory:{path.Root}"));
        Assert.Equal(2, await run.RunAsync("wsss", "-la", "it's"));
        Assert.Equal("memsnoop: wsss: is a program and no command; expected memsnoop serve -- wsss -la 'it'\\''s'\n", run.Error.ToString());
    }

    [Fact]
    public async Task A_cancellation_that_nobody_asked_for_is_a_failure()
    {
        (int code, string error) = await RunAsync("serve", () => throw new OperationCanceledException("timed out"));
        Assert.Equal((1, "memsnoop: OperationCanceledException: timed out\n"), (code, error));
    }

    [Theory]
    [InlineData("serve", 2, 0)]
    [InlineData("serve", 15, 0)]
    [InlineData("wss 1 10", 2, 130)]
    [InlineData("wss 1 10", 15, 143)]
    public async Task A_signal_ends_the_server_well_and_a_measurement_not(string arguments, int signal, int expected)
    {
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        var run = new CommandLineRun();
        Assert.Equal(expected, await run.RunAsync(CommandLine.Commands, signal, stop.Token, arguments.Split(' ')));
        Assert.Empty(run.Error.ToString());
    }

    [Fact]
    public async Task What_follows_two_dashes_is_the_program_to_run()
    {
        string[] child = [];
        var command = new FakeCommand("serve", invocation =>
        {
            child = invocation.Child;
            return 0;
        });
        var run = new CommandLineRun();
        Assert.Equal(0, await run.RunAsync([command], 0, TestContext.Current.CancellationToken, "--pid", "1", "--", "sh", "-c", "--", "--pid", "x"));
        Assert.Equal(["sh", "-c", "--", "--pid", "x"], child);
    }

    [Theory]
    [InlineData("0.5", 500)]
    [InlineData("2", 2_000)]
    [InlineData("2s", 2_000)]
    [InlineData("1m30s", 90_000)]
    [InlineData("0.001", 1)]
    public void A_window_is_seconds_or_a_duration(string text, int milliseconds)
    {
        var command = new WssCommand();
        WssRequest request = command.Read(command.Parse(["42", text]));
        Assert.Equal((42, TimeSpan.FromMilliseconds(milliseconds)), (Assert.Single(request.Pids), request.Window));
    }

    [Fact]
    public void An_age_is_a_line_with_what_was_idle_and_what_came_back()
    {
        Assert.Equal("     5      12.50         0.250", WssTable.Line(new AgeAnswer(5, 13107200, 2621440, 0, 10)));
        Assert.Equal("   0.5          -   0.250-0.500", WssTable.Line(new AgeAnswer(0.5, null, 2621440, 2621440, 10)));
        Assert.Equal("    60       0.00             -", WssTable.Line(new AgeAnswer(60, 0, 0, 0, 0)));
    }

    private static async Task<(int Code, string Error)> RunAsync(string name, Func<int> action)
    {
        var run = new CommandLineRun();
        int code = await run.RunAsync([new FakeCommand(name, _ => action())], 0, TestContext.Current.CancellationToken, name);
        Assert.Empty(run.Output.ToString());
        return (code, run.Error.ToString());
    }

    private sealed class FakeCommand(string name, Func<Invocation, int> action) : MemSnoopCommand(name, "A command that does what a test says.", _ => true)
    {
        public override string Usage => Name;

        public override bool TakesChild => true;

        public override IReadOnlyList<(string CommandLine, string Meaning)> Examples => [];

        public override Task<int> RunAsync(Invocation invocation, CancellationToken stop) => Task.FromResult(action(invocation));
    }
}
