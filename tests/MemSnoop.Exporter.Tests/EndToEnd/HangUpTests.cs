using System.Diagnostics;
using System.Globalization;
using MemSnoop.Exporter.Tests.Commands;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>SIGHUP: the configuration is read again, or the terminal has gone away.</summary>
[Collection(EndToEndCollection.Name)]
[OrdinaryTier]
[Reliability]
public sealed class HangUpTests : IDisposable
{
    private const string Reloaded = "memsnoop_config_last_reload_successful";

    private readonly TemporaryDirectory _directory = new();

    [Fact]
    public async Task It_takes_the_configuration_anew_and_the_command_runs_on()
    {
        Configure("""{ "Readings": { "Measurements": { "oom": { "Enabled": false } } } }""");
        await using ExporterProcess exporter = await StartAsync("--", "sh", "-c", "echo $$; exec sleep 1000");
        await Eventually.HoldsAsync(() => exporter.Output.Any());
        int child = int.Parse(exporter.Output.First(), CultureInfo.InvariantCulture);
        Scrape scrape = await exporter.ScrapeUntilAsync(scrape => scrape.Pids(Series.Resident).Contains(child));
        Assert.DoesNotContain("memsnoop_process_oom_score{", scrape.Text, StringComparison.Ordinal);

        // What has not changed is not begun anew.
        exporter.Signal(ExporterProcess.HangUp);
        await Eventually.HoldsAsync(() => exporter.Log.Any(static line => line.Contains("has not changed", StringComparison.Ordinal)));

        Configure("""{ "Readings": { "Measurements": { "oom": { "Enabled": true } } } }""");
        long told = Stopwatch.GetTimestamp();
        exporter.Signal(ExporterProcess.HangUp);
        await Eventually.HoldsAsync(() => Listening(exporter) == 2);
        await ScrapeUntilAsync(exporter, scrape => scrape.Pids("memsnoop_process_oom_score").Contains(child));
        Reliability.Note(Reliability.Fault, "SIGHUP with a changed configuration", "one measurement more", Reliability.Seconds(Stopwatch.GetElapsedTime(told)), "scrapes while it listens anew, and the windows that were under way");
        Assert.Single(exporter.Output);
        Assert.True(Directory.Exists($"/proc/{child}"));

        exporter.Signal(ExporterProcess.Terminate);
        Assert.Equal(0, await exporter.WaitAsync());
        await Eventually.HoldsAsync(() => !Directory.Exists($"/proc/{child}"));
    }

    [Theory]
    [InlineData("""{ "Readings": { "Intervall": "1s" } }""", "MemSnoop:Readings:Intervall")]
    [InlineData("""{ "Processes": """, "memsnoop.json")]
    [InlineData("""{ "Counters": { "Events": ["no-such-event"] } }""", "no-such-event", "--no-sandbox")]
    [InlineData("""{ "Counters": { "Events": ["page-faults"] } }""", "needs a restart")]
    public async Task A_wrong_configuration_is_one_line_and_the_one_before_stays_in_use(string wrong, string named, params string[] options)
    {
        Configure("""{ "Readings": { "Measurements": { "oom": { "Enabled": true } } } }""");
        await using ExporterProcess exporter = await StartAsync(["--pid", $"{Environment.ProcessId}", "--no-children", .. options]);
        Assert.Equal(1, (await exporter.ScrapeAsync()).Value(Reloaded));
        Configure(wrong);
        exporter.Signal(ExporterProcess.HangUp);
        await Eventually.HoldsAsync(() => exporter.Log.Any(line => line.Contains("is wrong, so the one before stays in use", StringComparison.Ordinal)));
        Assert.Contains(named, Assert.Single(exporter.Log, static line => line.Contains("is wrong", StringComparison.Ordinal)), StringComparison.Ordinal);
        Scrape scrape = await ScrapeUntilAsync(exporter, static scrape => scrape.Value(Reloaded) == 0);
        Reliability.Note(Reliability.Input, "SIGHUP with a wrong configuration", "a wrong name, half a file, an unknown event, rights that were given up", "it goes on as before", "nothing");
        Assert.Contains(Environment.ProcessId, scrape.Pids("memsnoop_process_oom_score"));

        Configure("""{ "Readings": { "Measurements": { "oom": { "Enabled": false } } } }""");
        exporter.Signal(ExporterProcess.HangUp);
        scrape = await ScrapeUntilAsync(exporter, static scrape => scrape.Value(Reloaded) == 1);
        Assert.Empty(scrape.Pids("memsnoop_process_oom_score"));
    }

    [Fact]
    public async Task After_nohup_it_is_ignored()
    {
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--pid", $"{Environment.ProcessId}", "--no-children", "--log.level", "debug"], ["env", "MemSnoop__Web__CacheDuration=0s", "nohup"]);
        exporter.Signal(ExporterProcess.HangUp);
        await exporter.ScrapeAsync();
        exporter.Signal(ExporterProcess.Terminate);
        Assert.Equal(0, await exporter.WaitAsync());
        Assert.DoesNotContain(exporter.Log, static line => line.Contains("configuration", StringComparison.Ordinal));
    }

    [Fact]
    public async Task When_the_terminal_goes_away_both_end()
    {
        string pids = _directory["pids"];
        string command = $"exec {Repository.Executable} --listen 127.0.0.1:0 --run-dir {_directory["run"]} -- sh -c 'echo $PPID $$ > {pids}; trap \"\" HUP; exec sleep 1000'";
        using Process terminal = Process.Start(new ProcessStartInfo("script", ["-qec", command, "/dev/null"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        try
        {
            await Eventually.HoldsAsync(() => File.Exists(pids) && File.ReadAllText(pids).EndsWith('\n'));
        }
        finally
        {
            terminal.Kill();
        }

        long killed = Stopwatch.GetTimestamp();

        string[] both = (await File.ReadAllTextAsync(pids, TestContext.Current.CancellationToken)).Trim().Split(' ');
        await Eventually.HoldsAsync(() => !Array.Exists(both, static pid => Directory.Exists($"/proc/{pid}")));
        Reliability.Note(Reliability.Fault, "the terminal goes away", "with a command after --", $"both ended after {Reliability.Seconds(Stopwatch.GetElapsedTime(killed))}", "nothing is left behind");
    }

    public void Dispose() => _directory.Dispose();

    private static int Listening(ExporterProcess exporter) => exporter.Log.Count(static line => line.Contains("listening on", StringComparison.Ordinal));

    /// <summary>Scrapes where it listens now. While it takes the configuration anew there is nobody for a moment.</summary>
    private static async Task<Scrape> ScrapeUntilAsync(ExporterProcess exporter, Func<Scrape, bool> isWanted)
    {
        Scrape? last = null;
        await Eventually.HoldsAsync(async () =>
        {
            try
            {
                using HttpResponseMessage response = await exporter.GetAsync("/metrics");
                last = response.IsSuccessStatusCode ? new Scrape(await response.Content.ReadAsStringAsync()) : null;
                return last is not null && isWanted(last);
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });
        return last!;
    }

    private void Configure(string section) => File.WriteAllText(_directory["memsnoop.json"], $$"""{ "MemSnoop": {{section}} }""");

    private Task<ExporterProcess> StartAsync(params string[] arguments) => ExporterProcess.StartAsync(["--config", _directory["memsnoop.json"], .. arguments], ExporterProcess.Uncached);
}
