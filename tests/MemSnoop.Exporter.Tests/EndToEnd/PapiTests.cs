using System.Text.Json;
using MemSnoop.Exporter.Tests.Commands;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>
/// The program with the real libpapi. A library that is preloaded gives it a processor with counters, all of which count the time their
/// target runs, so that every machine knows what they must say.
/// </summary>
[Collection(EndToEndCollection.Name)]
public class PapiTests
{
    private const string Counter = "memsnoop_process_counter_total";
    private const string Info = "memsnoop_measurement_info";

    [Fact]
    public async Task Events_of_processor_and_kernel_are_counted_side_by_side()
    {
        using Workload workload = await Workload.StartAsync("events");
        JsonElement before = await workload.TellAsync("usage");
        StolenTime stolen = new();
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--pid", $"{workload.Pid}", "--interval", "0s", "--event", "papi_tot_cyc,page-faults,PAPI_TOT_INS"], await ThroughAsync());
        await workload.TellAsync("burn 300");
        JsonElement after = await workload.TellAsync("crew 8 100 20 20");
        Scrape scrape = await exporter.ScrapeAsync();

        double time = after.GetProperty("processor_ns").GetDouble() - before.GetProperty("processor_ns").GetDouble();
        stolen.AssertClock(time, Value(scrape, "PAPI_TOT_CYC"));
        stolen.AssertClock(time, Value(scrape, "PAPI_TOT_INS"));
        Assert.InRange(Value(scrape, "page-faults"), 1600, 2000);
        Assert.Single(scrape.Of(Info, ("measurement", "counters"), ("method", "papi"), ("state", "on"), ("reason", "ok")));
        Assert.Single(scrape.Of(Info, ("measurement", "counters"), ("method", "perf_event_open"), ("state", "on"), ("reason", "ok")));

        // The names of the library and those of the kernel are one for what both know.
        Assert.Equal(3, scrape.Of(Counter, workload.Pid).Count());

        double Value(Scrape scrape, string name) => Assert.Single(scrape.Of(Counter, workload.Pid), sample => sample.Label("event") == name).Number;
    }

    [Fact]
    public async Task More_events_than_counters_are_told()
    {
        string[] through = await ThroughAsync();
        CommandResult listed = await Command.TryRunAsync(through[0], [.. through[1..], Repository.Executable, "events", "--json", "--counter-provider", "papi"], ExporterProcess.Deadline);
        Assert.Equal((0, ""), (listed.ExitCode, listed.Error));
        using JsonDocument document = JsonDocument.Parse(listed.Output);
        string[] many = [.. document.RootElement[0].GetProperty("events").EnumerateArray()
            .Where(static known => known.GetProperty("available").GetBoolean() && !known.GetProperty("name").GetString()!.StartsWith("perf", StringComparison.Ordinal))
            .Select(static known => known.GetProperty("name").GetString()!)
            .Where(static name => !name.Contains('=', StringComparison.Ordinal)).Take(40)];
        Assert.True(many.Length > 20, $"{many.Length} events");

        using Workload workload = await Workload.StartAsync("events");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--pid", $"{workload.Pid}", "--interval", "0s", "--event", string.Join(',', many)], through);
        await workload.TellAsync("burn 300");
        Scrape scrape = await exporter.ScrapeAsync();
        Assert.Equal(many.Length, scrape.Of(Counter, workload.Pid).Count());
        Assert.Single((await exporter.ScrapeAsync()).Of(Info, ("measurement", "counters"), ("method", "papi"), ("state", "on"), ("reason", "multiplexed")));
    }

    // With the stand-in libpfm is to give numbers for a processor that it does not find.
    private static async Task<string[]> ThroughAsync() =>
        [.. ExporterProcess.Uncached, $"LD_PRELOAD={await Workloads.PathAsync("standin.so")}", "LIBPFM_ENCODE_INACTIVE=1"];
}
