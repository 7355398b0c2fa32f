using System.Globalization;
using System.Runtime.Versioning;
using System.Text.Json;
using MemSnoop.Exporter.Tests.Commands;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>Events of real processes, counted by the program as built: what the workload says that the kernel has counted for it is what is published.</summary>
[SupportedOSPlatform("linux")]
[Collection(EndToEndCollection.Name)]
[OrdinaryTier]
public class CounterTests
{
    private const string Counter = "memsnoop_process_counter_total";
    private const string Info = "memsnoop_measurement_info";

    private static readonly string[] Events = ["--event", "page-faults,context-switches", "--event", "task-clock"];

    [Fact]
    public async Task Counts_are_those_of_the_workload_with_threads_that_come_and_go()
    {
        using Workload workload = await Workload.StartAsync("events");
        JsonElement before = await workload.TellAsync("usage");
        StolenTime stolen = new();
        await using ExporterProcess exporter = await StartAsync(workload, Events);
        await workload.TellAsync("faults 2000");
        await workload.TellAsync("switches 500");
        await workload.TellAsync("burn 300");
        await workload.TellAsync("crew 8 100 50 10");
        JsonElement after = await workload.TellAsync("usage");
        Scrape scrape = await exporter.ScrapeAsync();

        double faults = After("minor_faults") + After("major_faults");
        double switches = After("voluntary") + After("involuntary");
        Assert.InRange(Value(scrape, workload, "page-faults"), faults - 10, faults + 10);
        Assert.InRange(Value(scrape, workload, "context-switches"), switches * 0.9, switches * 1.1);
        stolen.AssertClock(After("processor_ns"), Value(scrape, workload, "task-clock"));
        Assert.True(faults > 3600 && switches > 1300, $"{faults} faults and {switches} switches");
        Assert.Single(scrape.Of(Info, ("measurement", "counters"), ("method", "perf_event_open"), ("state", "on"), ("reason", "ok")));

        // Nothing takes turns here, so nothing is said about it.
        Assert.Empty(scrape.Of("memsnoop_process_counter_running_ratio"));

        double After(string name) => after.GetProperty(name).GetDouble() - before.GetProperty(name).GetDouble();
    }

    [Fact]
    public async Task A_command_is_counted_from_its_start_and_not_from_the_first_scrape()
    {
        StolenTime stolen = new();
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--interval", "0s", .. Events, "--", "sh", "-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo done; sleep 1000"], ExporterProcess.Uncached);
        await Eventually.HoldsAsync(() => exporter.Output.Contains("done"));
        Scrape scrape = await exporter.ScrapeAsync();
        int shell = Assert.Single(scrape.Of(Counter, ("comm", "sh"), ("event", "task-clock"))).Label("pid") is { } pid ? int.Parse(pid, CultureInfo.InvariantCulture) : 0;
        double seconds = scrape.Sum("memsnoop_process_cpu_time_seconds_total", shell);

        // The fork before the count is in the CPU time alone, and on a busy machine that is a good part of it. A count from the first scrape on would be next to nothing.
        Assert.InRange(scrape.Of(Counter, shell).Single(static sample => sample.Label("event") == "task-clock").Number / 1e9, seconds / 2, seconds + 0.03 + (stolen.MostNanoseconds / 1e9));
    }

    [Fact]
    public async Task Scrapes_of_this_measurement_alone_have_it_and_others_do_not()
    {
        using Workload workload = await Workload.StartAsync("events");
        await using ExporterProcess exporter = await StartAsync(workload, Events);
        Assert.True((await exporter.ScrapeAsync("?collect[]=counters")).Has(Counter, workload.Pid));
        Assert.False((await exporter.ScrapeAsync("?collect[]=stat")).Has(Counter, workload.Pid));
    }

    [Fact]
    public async Task Names_of_one_event_are_one_series_in_its_usual_spelling()
    {
        using Workload workload = await Workload.StartAsync("events");
        await using ExporterProcess exporter = await StartAsync(workload, "--event", "faults,PAGE-FAULTS,page-faults", "--event", "Task-Clock");
        Scrape scrape = await exporter.ScrapeAsync();
        Assert.Equal(["page-faults", "task-clock"], scrape.Of(Counter, workload.Pid).Select(static sample => sample.Label("event")!).Order());
    }

    [Fact]
    public async Task Descriptors_of_processes_that_ended_are_given_back()
    {
        using Workload workload = await Workload.StartAsync("events");
        await workload.TellAsync("hire 100");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(["--name", "^events$", "--interval", "0s", .. Events], ExporterProcess.Uncached);
        await exporter.ScrapeUntilAsync(scrape => scrape.Has(Counter, workload.Pid));
        Assert.True(OpenFiles() > 300, $"{OpenFiles()} descriptors for 3 events of 101 threads");
        workload.Kill();
        await exporter.ScrapeUntilAsync(scrape => !scrape.Has(Counter, workload.Pid) && OpenFiles() < 300);

        int OpenFiles() => Directory.GetFiles($"/proc/{exporter.Pid}/fd").Length;
    }

    [Fact]
    public async Task A_process_beyond_the_limit_of_descriptors_is_skipped_and_its_neighbours_are_counted()
    {
        using Workload large = await Workload.StartAsync("events");
        using Workload small = await Workload.StartAsync("events");
        await large.TellAsync("hire 120");

        // 256 are kept free of what is allowed; 144 are less than 3 events of 121 threads take.
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--name", "^events$", "--interval", "0s", .. Events], ["prlimit", "--nofile=400:400", .. ExporterProcess.Uncached]);
        Scrape scrape = await exporter.ScrapeUntilAsync(scrape => scrape.Has(Counter, small.Pid));
        Assert.False(scrape.Has(Counter, large.Pid));
        Assert.True(scrape.Has(Series.Resident, large.Pid));
        Assert.True(scrape.Value(Series.Skipped, ("measurement", "counters"), ("reason", "descriptors")) >= 1);
    }

    [Fact]
    public async Task Created_is_when_counting_began()
    {
        using Workload workload = await Workload.StartAsync("events");
        double start = double.Parse((await File.ReadAllTextAsync($"/proc/{workload.Pid}/stat", TestContext.Current.CancellationToken)).Split(' ')[21], CultureInfo.InvariantCulture);
        await Eventually.HoldsAsync(() => Uptime() > (start / 100) + 1.5);
        double before = Now();
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--pid", $"{workload.Pid}", "--interval", "0s", .. Events], [.. ExporterProcess.Uncached, "MemSnoop__Web__CreatedSeries=true"]);
        double after = Now();
        string text = (await exporter.ScrapeAsync(accept: "application/openmetrics-text; version=1.0.0")).Text;
        double created = Created("memsnoop_process_counter_created");
        Assert.InRange(created, before - 0.01, after + 0.01);
        Assert.True(Created("memsnoop_process_cpu_time_seconds_created") < created - 1, "CPU time is counted since the process's start.");

        double Created(string name) => double.Parse(
            text.Split('\n').First(line => line.StartsWith(name, StringComparison.Ordinal)).Split(' ')[1], CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task Without_an_event_nothing_is_counted_and_with_no_collector_neither()
    {
        using Workload workload = await Workload.StartAsync("events");
        await using ExporterProcess silent = await StartAsync(workload);
        await using ExporterProcess off = await StartAsync(workload, [.. Events, "--no-collector.counters"]);
        foreach (ExporterProcess exporter in (ExporterProcess[])[silent, off])
        {
            Scrape scrape = await exporter.ScrapeAsync();
            Assert.False(scrape.Has(Counter, workload.Pid));
            Assert.Single(scrape.Of(Info, ("measurement", "counters"), ("method", "none"), ("state", "off"), ("reason", "disabled")));
        }
    }

    [Fact]
    public async Task An_event_that_cannot_be_counted_here_leaves_everything_else_running()
    {
        CommandResult check = await Command.TryRunAsync(Repository.Executable, ["check", "--json", "--event", "PAPI_TOT_INS,page-faults"], ExporterProcess.Deadline);
        using JsonDocument document = JsonDocument.Parse(check.Output);
        JsonElement[] findings = [.. document.RootElement.GetProperty("findings").EnumerateArray()
            .Where(static finding => finding.GetProperty("topic").GetString() == "counters" && finding.GetProperty("detail").GetString()!.Contains("PAPI_TOT_INS", StringComparison.Ordinal))];
        string reason = Assert.Single(findings).GetProperty("reason").GetString()!;

        using Workload workload = await Workload.StartAsync("events");
        await using ExporterProcess exporter = await StartAsync(workload, "--event", "PAPI_TOT_INS,page-faults");
        Scrape scrape = await exporter.ScrapeAsync();
        Assert.True(scrape.Has(Series.Resident, workload.Pid));
        Assert.Single(scrape.Of(Counter, workload.Pid), static sample => sample.Label("event") == "page-faults");
        Assert.Equal(reason == "ok" ? 1 : 0, scrape.Of(Counter, workload.Pid).Count(static sample => sample.Label("event") == "PAPI_TOT_INS"));
        Assert.Single(scrape.Of(Info, ("measurement", "counters"), ("method", "papi"), ("state", reason == "ok" ? "on" : "unavailable"), ("reason", reason)));
        Assert.Equal(reason != "ok", exporter.Log.Any(static line => line.Contains("event PAPI_TOT_INS is not counted", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Without_rights_everything_else_runs_and_info_says_why()
    {
        using PublicCopy copy = await PublicCopy.MakeAsync();
        using Workload own = await Workload.StartAsync("/usr/bin/setpriv", [.. PublicCopy.AsNobody[1..], copy.Touch, "--resident", "20", "--hot", "4"]);
        using Workload foreign = await Workload.StartAsync("touch", "--resident", "20", "--hot", "4");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--name", "^touch$", "--interval", "0s", .. Events], [.. PublicCopy.AsNobody, .. ExporterProcess.Uncached], copy.Program);
        Scrape scrape = await exporter.ScrapeUntilAsync(scrape => scrape.Has(Series.Resident, own.Pid));
        Assert.True(scrape.Has(Series.Resident, foreign.Pid));
        Assert.False(scrape.Has(Counter, foreign.Pid));

        int level = int.Parse(await File.ReadAllTextAsync("/proc/sys/kernel/perf_event_paranoid", TestContext.Current.CancellationToken), CultureInfo.InvariantCulture);
        if (level > 1)
        {
            Assert.False(scrape.Has(Counter, own.Pid));
            Assert.Single(scrape.Of(Info, ("measurement", "counters"), ("method", "perf_event_open"), ("state", "unavailable"), ("reason", "perf_event_paranoid")));
        }
        else
        {
            Assert.True(scrape.Has(Counter, own.Pid));
            Assert.True(scrape.Value(Series.Skipped, ("measurement", "counters"), ("reason", "denied")) >= 1);
        }
    }

    [Theory]
    [InlineData("csv")]
    [InlineData("jsonl")]
    [InlineData("table")]
    public async Task A_trace_has_a_column_for_each_event(string format)
    {
        using Workload workload = await Workload.StartAsync("events");
        CommandResult result = await Command.TryRunAsync(
            Repository.Executable,
            ["trace", "--pid", $"{workload.Pid}", "--measure", "statm,c=counters", .. Events, "--every", "50ms", "--count", "2", "--format", format],
            ExporterProcess.Deadline);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        string[] lines = result.Output.TrimEnd('\n').Split('\n');
        if (format == "jsonl")
        {
            JsonElement counters = JsonElement.Parse(lines[1]).GetProperty("c");
            Assert.Equal(["page-faults", "context-switches", "task-clock", "running_ratio"], counters.EnumerateObject().Select(static field => field.Name));
            Assert.Equal((0, 0, 1), (counters.GetProperty("page-faults").GetInt64(), counters.GetProperty("context-switches").GetInt64(), counters.GetProperty("running_ratio").GetInt64()));
        }
        else
        {
            string[][] cells = [.. lines.Select(static line => line.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries))];
            Assert.Equal(["c.page-faults", "c.context-switches", "c.task-clock", "c.running_ratio"], cells[0][^4..]);
            Assert.Equal(["0", "0", "0", "1"], cells[^1][^4..]);
        }
    }

    [Fact]
    public async Task Events_named_without_measurements_are_traced_beside_the_usual_ones()
    {
        CommandResult result = await Command.TryRunAsync(
            Repository.Executable, ["trace", "--every", "200ms", "--count", "1", "--format", "csv", "--event", "task-clock", "--", "sh", "-c", "while :; do :; done"], ExporterProcess.Deadline);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        string[][] cells = [.. result.Output.TrimEnd('\n').Split('\n').Select(static line => line.Split(','))];
        Assert.Equal("counters.task-clock", cells[0][^2]);
        Assert.InRange(long.Parse(cells[1][^2], CultureInfo.InvariantCulture), 20_000_000, 300_000_000);
    }

    private static Task<ExporterProcess> StartAsync(Workload workload, params string[] arguments) =>
        ExporterProcess.StartAsync(["--pid", $"{workload.Pid}", "--interval", "0s", .. arguments], ExporterProcess.Uncached);

    private static double Value(Scrape scrape, Workload workload, string name) =>
        Assert.Single(scrape.Of(Counter, workload.Pid), sample => sample.Label("event") == name).Number;

    private static double Now() => (TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;

    private static double Uptime() => double.Parse(File.ReadAllText("/proc/uptime").Split(' ')[0], CultureInfo.InvariantCulture);
}
