using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using MemSnoop.Exporter.Tests.Commands;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary><c>memsnoop -- COMMAND</c>: a program is started, watched with its children, and its end is ours.</summary>
[Collection(EndToEndCollection.Name)]
[OrdinaryTier]
public class ChildTests
{
    [Theory]
    [InlineData(0, "exit 0")]
    [InlineData(7, "exit 7")]
    [InlineData(128 + 9, "kill -KILL $$")]
    public async Task Its_exit_code_is_handed_on(int expected, string script)
    {
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(["--", "sh", "-c", script]);
        Assert.Equal(expected, await exporter.WaitAsync());
    }

    [Theory]
    [InlineData(127, "/no/such/program", "command not found")]
    [InlineData(126, "/etc/passwd", "cannot be run")]
    public async Task What_cannot_be_started_is_one_line_as_in_a_shell(int expected, string program, string message)
    {
        CommandResult result = await Command.TryRunAsync(
            Repository.Executable, ["--listen", "127.0.0.1:0", "--log.level", "error", "--", program], ExporterProcess.Deadline);
        Assert.Equal((expected, ""), (result.ExitCode, result.Output));
        Assert.Matches($"^memsnoop: {program}: {message}; expected [^\n]+\n$", result.Error);
    }

    [Fact]
    public async Task It_is_watched_with_its_children_and_they_end_with_us()
    {
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--working-set-interval", "500ms", "--", await Workloads.PathAsync("idler"), "--processes", "3"], ExporterProcess.Uncached);
        await Eventually.HoldsAsync(() => exporter.Output.Any());
        using JsonDocument said = JsonDocument.Parse(exporter.Output.First());
        int[] family = [said.RootElement.GetProperty("pid").GetInt32(), .. said.RootElement.GetProperty("pids").EnumerateArray().Select(static pid => pid.GetInt32())];
        Assert.Equal(4, family.Length);

        Scrape scrape = await exporter.ScrapeUntilAsync(scrape => scrape.Pids(Series.WorkingSet).Count == family.Length);
        Assert.Equal(family.Order(), scrape.Pids(Series.Resident).Order());
        Assert.Equal(family.Order(), scrape.Pids(Series.WorkingSet).Order());

        exporter.Signal(ExporterProcess.Terminate);
        Assert.Equal(0, await exporter.WaitAsync());
        await Eventually.HoldsAsync(() => !family.Any(static pid => Directory.Exists($"/proc/{pid}")));
    }

    [Fact]
    public async Task It_is_ended_although_it_ignores_SIGTERM()
    {
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--", "sh", "-c", "trap '' TERM INT; echo $$; while true; do sleep 0.1; done"]);
        await Eventually.HoldsAsync(() => exporter.Output.Any());
        string pid = exporter.Output.First();
        Assert.True(Directory.Exists($"/proc/{pid}"));
        exporter.Signal(ExporterProcess.Interrupt);
        Assert.Equal(0, await exporter.WaitAsync());
        await Eventually.HoldsAsync(() => !Directory.Exists($"/proc/{pid}"));
    }

    [Fact]
    public async Task A_second_signal_ends_us_at_once()
    {
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(["--", "sh", "-c", "trap '' TERM; echo $$; exec sleep 1000"]);
        await Eventually.HoldsAsync(() => exporter.Output.Any());
        int child = int.Parse(exporter.Output.First(), CultureInfo.InvariantCulture);
        await Eventually.HoldsAsync(() => exporter.GetAsync("/-/ready").Result.StatusCode == HttpStatusCode.OK);
        exporter.Signal(ExporterProcess.Terminate);
        await Eventually.HoldsAsync(() => exporter.GetAsync("/-/ready").Result.StatusCode == HttpStatusCode.ServiceUnavailable);
        exporter.Signal(ExporterProcess.Terminate);
        await Eventually.HoldsAsync(() => !Directory.Exists($"/proc/{exporter.Pid}"));

        // In the orderly way it would have been ended before us.
        Assert.True(Directory.Exists($"/proc/{child}"));
        Assert.Equal(0, Kernel.Libc.Kill(child, 9));
        Assert.Equal(128 + ExporterProcess.Terminate, await exporter.WaitAsync());
    }
}
