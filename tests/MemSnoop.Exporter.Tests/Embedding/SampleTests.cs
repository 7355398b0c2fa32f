using System.Globalization;
using System.Runtime.Versioning;
using MemSnoop.Exporter.Tests.EndToEnd;

namespace MemSnoop.Exporter.Tests.Embedding;

/// <summary>The sample, an application of ASP.NET Core that publishes its own working set through the official packages of OpenTelemetry.</summary>
[SupportedOSPlatform("linux")]
[OrdinaryTier]
[Collection(EndToEndCollection.Name)]
public class SampleTests
{
    private const double Held = 200 * Series.MB;
    private const double Used = 40 * Series.MB;

    // What the application uses beside the ballast when it answers requests: its runtime, its server, the collection itself.
    private const double Itself = 80 * Series.MB;

    // On a busy machine a pass is interrupted for longer than a process may be held up.
    private static readonly string[] Settings =
        ["MemSnoop__WorkingSet__MaxStall=1m", "MemSnoop__WorkingSet__Interval=1s", "MemSnoop__WorkingSet__IdleAges__0=0s", "MemSnoop__WorkingSet__IdleAges__1=1s", "MemSnoop__WorkingSet__Method=referenced"];

    [Fact]
    public async Task It_publishes_its_own_working_set_to_a_scrape_and_pushes_it()
    {
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync();
        await using SampleProcess sample = await SampleProcess.StartAsync(
            [.. Settings, $"OTEL_EXPORTER_OTLP_ENDPOINT={receiver.Grpc}", "OTEL_METRIC_EXPORT_INTERVAL=1000"]);
        await sample.PostAsync("/hold/200");

        // The window in which 200 MB were first touched has to pass, and then one in which only 40 MB are.
        Scrape scrape = await sample.ScrapeUntilAsync(
            scrape => scrape.Sum(Series.WorkingSet, sample.Pid) is >= Used and < Used + Itself && scrape.Value(Series.Resident, sample.Pid) > Held,
            () => sample.PostAsync("/use/40"));

        Assert.Equal([sample.Pid], scrape.Pids(Series.WorkingSet));
        Assert.Equal([sample.Pid], scrape.Pids(Series.Resident));
        Assert.Equal(1, scrape.Value("memsnoop_processes_watched"));
        Assert.InRange(scrape.Value(Series.Window, sample.Pid), 0.5, 30);
        double resident = scrape.Value(Series.Idle, ("age", "0"), ("pid", sample.Pid.ToString(CultureInfo.InvariantCulture)));
        double idle = scrape.Value(Series.Idle, ("age", "1"), ("pid", sample.Pid.ToString(CultureInfo.InvariantCulture)));
        Assert.InRange(resident, Held, Held + (2 * Itself));
        Assert.InRange(idle, Held - Used - (8 * Series.MB), resident - Used);
        Assert.Equal("on", Assert.Single(scrape.Of("memsnoop_measurement_info", ("measurement", "working-set"), ("method", "referenced"))).Label("state"));

        OtlpMessage message = await receiver.MessageAsync(message => message.Pids("memsnoop.process.working_set").Count > 0);
        Assert.Equal([sample.Pid], message.Pids("memsnoop.process.working_set"));
        Assert.Equal("By", message.Of("memsnoop.process.working_set", sample.Pid).First().Unit);
        Assert.InRange(message.Of("memsnoop.process.memory.resident", sample.Pid).Single().Value, Series.MB, Held + (2 * Itself));
        Assert.Equal(0, await sample.StopAsync());
    }

    [Fact]
    public async Task As_nobody_it_runs_on_and_says_what_it_may_not()
    {
        using TemporaryDirectory directory = PublicCopy.Of(SampleProcess.Directory);
        await using SampleProcess sample = await SampleProcess.StartAsync(
            [.. Settings[..4], $"MemSnoop__Processes__Pids__0={Environment.ProcessId}"], PublicCopy.AsNobody, directory.Root);
        Scrape scrape = await sample.ScrapeUntilAsync(scrape => scrape.Of(Series.Skipped, ("measurement", "working-set"), ("reason", "denied")).Any());
        Assert.True(scrape.Has(Series.Resident, Environment.ProcessId));
        Assert.False(scrape.Has(Series.WorkingSet, Environment.ProcessId));
        Assert.Equal("unavailable", Assert.Single(scrape.Of("memsnoop_measurement_info", ("measurement", "working-set"), ("method", "page_idle"))).Label("state"));
        Assert.Equal(0, await sample.StopAsync());
    }

    [Fact]
    public async Task As_nobody_it_measures_itself()
    {
        using TemporaryDirectory directory = PublicCopy.Of(SampleProcess.Directory);
        await using SampleProcess sample = await SampleProcess.StartAsync(Settings[..4], PublicCopy.AsNobody, directory.Root);
        Scrape scrape = await sample.ScrapeUntilAsync(scrape => scrape.Has(Series.WorkingSet, sample.Pid));
        Assert.Equal([sample.Pid], scrape.Pids(Series.WorkingSet));
        Assert.Equal(0, await sample.StopAsync());
    }

    [Fact]
    public async Task A_key_that_it_does_not_know_ends_it_at_its_start_by_one_line()
    {
        InvalidOperationException ended = await Assert.ThrowsAsync<InvalidOperationException>(static () => SampleProcess.StartAsync(["MemSnoop__WorkingSet__Intervall=1s"]));
        Assert.Contains("OptionsValidationException: MemSnoop:WorkingSet:Intervall: unknown key; expected MemSnoop:WorkingSet:Interval\n", ended.Message, StringComparison.Ordinal);
    }
}
