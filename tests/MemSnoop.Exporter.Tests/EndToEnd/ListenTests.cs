using System.Diagnostics;
using System.Text.RegularExpressions;
using MemSnoop.Exporter.Tests.Commands;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>Listening on something else than a port of its own: a socket of the host, and sockets of the service manager.</summary>
[Collection(EndToEndCollection.Name)]
public class ListenTests
{
    private static readonly string[] Own = ["--pid", $"{Environment.ProcessId}", "--no-children"];

    [Fact]
    public async Task A_socket_of_the_host_answers_and_is_gone_at_the_end()
    {
        using TemporaryDirectory directory = new();
        string path = directory["http.sock"];
        await using ExporterProcess exporter = await ExporterProcess.StartAsync([.. Own, "--listen", "unix://" + path]);
        Assert.StartsWith("200", await CurlAsync("--unix-socket", path, "http://localhost/metrics"), StringComparison.Ordinal);
        Assert.Contains(exporter.Log, line => line.Contains($"listening on http://unix:{path}:/metrics", StringComparison.Ordinal));
        exporter.Signal(ExporterProcess.Terminate);
        Assert.Equal(0, await exporter.WaitAsync());
        Assert.False(File.Exists(path));
    }

    [Fact]
    [Reliability]
    public async Task What_a_killed_exporter_has_left_is_replaced_and_what_somebody_uses_is_not()
    {
        using TemporaryDirectory directory = new();
        string path = directory["http.sock"];
        await using (await ExporterProcess.StartAsync([.. Own, "--listen", "unix://" + path]))
        {
            CommandResult second = await Command.TryRunAsync(Repository.Executable, [.. Own, "--no-container-labels", "--listen", "unix://" + path, "--run-dir", directory["run"]], ExporterProcess.Deadline);
            Assert.Equal((2, ""), (second.ExitCode, second.Output));
            Assert.Matches($"^memsnoop: --listen: .*{Regex.Escape(path)}: address already in use; expected an address and port that are free\n$", second.Error);
        }

        Assert.True(File.Exists(path));
        long started = Stopwatch.GetTimestamp();
        await using ExporterProcess next = await ExporterProcess.StartAsync([.. Own, "--listen", "unix://" + path]);
        Assert.StartsWith("200", await CurlAsync("--unix-socket", path, "http://localhost/metrics"), StringComparison.Ordinal);
        Reliability.Note(Reliability.Fault, "SIGKILL, and a new start", "with its socket left behind", $"answers {Reliability.Seconds(Stopwatch.GetElapsedTime(started))} after the start", "windows and ages");
    }

    [Fact]
    public async Task Another_file_at_its_place_is_left_alone()
    {
        using TemporaryDirectory directory = new();
        string path = directory.Write("file", "kept");
        CommandResult result = await Command.TryRunAsync(Repository.Executable, [.. Own, "--listen", "unix://" + path], ExporterProcess.Deadline);
        Assert.Equal((2, "", $"memsnoop: --listen: '{path}' is there and is no socket; expected a path at which there is nothing\n"), (result.ExitCode, result.Output, result.Error));
        Assert.Equal("kept", await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Sockets_of_the_service_manager_are_taken_and_not_passed_on()
    {
        using TemporaryDirectory directory = new();
        string address = $"127.0.0.1:{FreePort.Next()}";
        string seen = directory["seen"];
        using Process manager = Process.Start(new ProcessStartInfo(
            "systemd-socket-activate",
            [
                "--listen", address, Repository.Executable, .. Own, "--web.systemd-socket", "--run-dir", directory["run"],
                "--", "sh", "-c", $"(echo LISTEN_FDS=$LISTEN_FDS; readlink /proc/$$/fd/3) > {seen}.new; mv {seen}.new {seen}; exec sleep 1000",
            ])
        { RedirectStandardError = true })!;
        manager.ErrorDataReceived += static (_, _) => { };
        manager.BeginErrorReadLine();
        try
        {
            // It is started by the first connection, which waits for it.
            await Eventually.HoldsAsync(async () => (await CurlAsync("--noproxy", "*", $"http://{address}/metrics")).StartsWith("200", StringComparison.Ordinal));
            await Eventually.HoldsAsync(() => File.Exists(seen));
            string passedOn = await File.ReadAllTextAsync(seen, TestContext.Current.CancellationToken);
            Assert.StartsWith("LISTEN_FDS=\n", passedOn, StringComparison.Ordinal);
            Assert.DoesNotContain("socket:", passedOn, StringComparison.Ordinal);
        }
        finally
        {
            manager.Kill(entireProcessTree: true);
            await manager.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
    }

    [Theory]
    [InlineData("--web.systemd-socket: there is no socket of a service manager (LISTEN_FDS); expected a start by a .socket unit of systemd")]
    [InlineData("--web.systemd-socket: contradicts --listen; expected one of them", "--listen", ":0")]
    public async Task What_cannot_be_is_one_line(string expected, params string[] arguments)
    {
        CommandResult result = await Command.TryRunAsync(Repository.Executable, ["--web.systemd-socket", .. arguments], ExporterProcess.Deadline);
        Assert.Equal((2, "", $"memsnoop: {expected}\n"), (result.ExitCode, result.Output, result.Error));
    }

    private static async Task<string> CurlAsync(params string[] arguments) =>
        (await Command.TryRunAsync("curl", ["--silent", "--output", "/dev/null", "--write-out", "%{http_code}", .. arguments], ExporterProcess.Deadline)).Output;
}
