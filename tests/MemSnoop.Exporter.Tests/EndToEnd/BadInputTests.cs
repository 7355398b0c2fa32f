using System.Net;
using System.Net.Sockets;
using MemSnoop.Exporter.Tests.Commands;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>Wrong input to the real program: one line that names the thing and what was expected, exit code 2, and nothing started.</summary>
[Collection(EndToEndCollection.Name)]
public class BadInputTests
{
    public static TheoryData<string[], string> Wrong => new()
    {
        { ["--colector.smaps"], "--colector.smaps: unknown option; expected --collector.smaps" },
        { ["--interval", "5 apples"], "--interval: '5 apples' is not a duration; expected a duration from 0s to 1d, such as 500ms, 15s or 1h30m" },
        { ["--name", "[a"], "--name: '[a' is not a regular expression (UnterminatedBracket at character 2); expected a regular expression without look-around and back-references" },
        { ["--pid", "4194304"], "--pid: there is no process 4194304; expected the pid of a running process" },
        { ["--procfs", "FIXTURES", "--pid", "43"], "--pid: 43 (kworker/u8:0-writeback) is a kernel thread, which has no memory of its own; expected the pid of a process" },
        { ["--procfs", "/etc"], "--procfs: '/etc' is not a proc file system; expected a directory with a mounted proc file system, such as /proc or /host/proc" },
        { ["--config", "/no/such.json"], "--config: '/no/such.json' does not exist; expected a JSON file that can be read" },
        { ["--config", "/etc"], "--config: '/etc' is a directory; expected a JSON file that can be read" },
        { ["--config", "FILE:not json"], "FILE:1: is not JSON ('not json' is an invalid JSON literal. Expected the literal 'null'); expected a JSON object" },
        { ["--config", """FILE:{"MemSnoop":{"Readngs":{}}}"""], "FILE:1: MemSnoop:Readngs: unknown key; expected MemSnoop:Readings" },
        { ["--config", """FILE:{"MemSnoop":{"Readings":{"Interval":"soon"}}}"""], "FILE:1: MemSnoop:Readings:Interval: 'soon' is not a duration; expected a duration" },
        { ["--method", "magic"], "--method: 'magic' is not a method" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task Is_one_line_and_code_2_and_nothing_is_started(string[] arguments, string expected)
    {
        using TemporaryDirectory directory = new();
        string file = directory["settings.json"];
        string[] words = [.. arguments.Select(word => Settle(word, directory))];
        await AssertRefusedAsync(words, expected.Replace("FILE", file, StringComparison.Ordinal), directory);
    }

    [Fact]
    public async Task A_variable_that_is_not_ours_is_named()
    {
        CommandResult result = await Command.TryRunAsync("env", ["MemSnoop__Readings__Intervall=1s", Repository.Executable], ExporterProcess.Deadline);
        Assert.Equal(
            (2, "", "memsnoop: MemSnoop__Readings__Intervall: unknown variable; expected MemSnoop__Readings__Interval\n"),
            (result.ExitCode, result.Output, result.Error));
    }

    [Fact]
    public async Task A_port_in_use_is_named_and_no_child_is_started()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        using TemporaryDirectory directory = new();
        string address = listener.LocalEndpoint.ToString()!;
        await AssertRefusedAsync(["--listen", address, "--no-container-labels"], $"--listen: Failed to bind to address http://{address}: address already in use; expected an address and port that are free", directory);
    }

    private static async Task AssertRefusedAsync(string[] arguments, string expected, TemporaryDirectory directory)
    {
        string trace = directory["started"];
        string[] listen = arguments.Contains("--listen") ? [] : ["--listen", "127.0.0.1:0"];
        CommandResult result = await Command.TryRunAsync(
            Repository.Executable, [.. listen, .. arguments, "--", "sh", "-c", "echo > " + trace], ExporterProcess.Deadline);
        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.StartsWith("memsnoop: " + expected, result.Error, StringComparison.Ordinal);
        Assert.True(result.Error.IndexOf('\n', StringComparison.Ordinal) == result.Error.Length - 1, $"Not one line: {result.Error}");
        Assert.Contains("; expected ", result.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(trace), "The child was started.");
    }

    private static string Settle(string word, TemporaryDirectory directory) =>
        word == "FIXTURES" ? Path.Combine(Checkout.Root, "tests", "MemSnoop.Tests", "Fixtures", "proc")
        : word.StartsWith("FILE:", StringComparison.Ordinal) ? directory.Write("settings.json", word["FILE:".Length..])
        : word;
}
