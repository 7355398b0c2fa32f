namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>How many series there are, and what is said of those that are left out. On real processes, by both wires.</summary>
[Collection(EndToEndCollection.Name)]
public class SeriesTests
{
    [Fact]
    public async Task Only_the_largest_processes_have_series()
    {
        using Workload large = await Workload.StartAsync("touch", "--resident", "40", "--hot", "1");
        using Workload small = await Workload.StartAsync("touch", "--resident", "4", "--hot", "1");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--name", "^touch$", "--per-process", "top=1", "--working-set-interval", "500ms", "--collector.info"], ExporterProcess.Uncached);

        Scrape scrape = await exporter.ScrapeUntilAsync(scrape => scrape.Has(Series.WorkingSet, large.Pid));

        Assert.DoesNotContain(scrape.Samples, sample => sample.Label("pid") is { } pid && pid != $"{large.Pid}");
        Assert.True(scrape.Has("memsnoop_process_info", large.Pid));
        Assert.Equal(2, scrape.Value("memsnoop_processes_watched"));
        Assert.Equal(1, scrape.Value("memsnoop_processes_without_series", ("reason", "per_process")));
        Assert.InRange(scrape.Value("memsnoop_processes_without_series_resident_bytes", ("reason", "per_process")) / Series.MB, 4, 8);
    }

    [Fact]
    public async Task Without_series_of_processes_there_is_no_pid_at_all()
    {
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--all", "--per-process", "off", "--max-processes", "3", "--working-set-interval", "500ms"], ExporterProcess.Uncached);

        Scrape scrape = await exporter.ScrapeUntilAsync(static scrape => scrape.Of("memsnoop_measurement_success", ("measurement", "working-set")).Any());

        Assert.DoesNotContain(scrape.Samples, static sample => sample.Label("pid") is not null);
        Assert.Equal(3, scrape.Value("memsnoop_processes_without_series", ("reason", "per_process")));
    }

    [Fact]
    public async Task There_are_no_more_series_than_the_maximum()
    {
        using NamedWorkload idlers = await NamedWorkload.MakeAsync("idler");
        using Workload idler = await Workload.StartAsync(idlers.Path, "--processes", "60");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--name", idlers.Name, "--max-series", "1000", "--working-set-interval", "500ms", "--idle-ages", "0,1s"], ExporterProcess.Uncached);

        // What the measuring itself and the exporter's own process take is part of the first, not of the second.
        Scrape scrape = await exporter.ScrapeUntilAsync(static scrape => scrape.Of(Series.Idle, ("age", "1")).Any());

        int own = scrape.Samples.Count(static sample => sample.Name == "target_info" || sample.Name.StartsWith("process_", StringComparison.Ordinal));
        Assert.InRange(scrape.Samples.Count - own, 600, 1000);
        HashSet<int> shown = scrape.Pids(Series.Resident);
        Assert.InRange(shown.Count, 15, 40);

        // Whole processes: who has one series has all.
        Assert.Equal(shown.Order(), scrape.Pids(Series.Idle).Order());
        Assert.Equal(shown.Order(), scrape.Pids("memsnoop_process_open_files").Order());
        Assert.Equal(61 - shown.Count, scrape.Value("memsnoop_series_left_out", ("subject", "process")));
        Assert.Equal(61 - shown.Count, scrape.Value("memsnoop_processes_without_series", ("reason", "max_series")));
        Assert.Equal(1000, scrape.Value("memsnoop_series_limit"));

        // The same ones each time, and one line in the log.
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(shown.Order(), (await exporter.ScrapeAsync()).Pids(Series.Resident).Order());
        }

        Assert.Single(exporter.Log, static line => line.Contains("--max-series 1000 is not enough", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_push_has_the_processes_that_a_scrape_has()
    {
        using NamedWorkload idlers = await NamedWorkload.MakeAsync("idler");
        using Workload idler = await Workload.StartAsync(idlers.Path, "--processes", "30");
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync();
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--name", idlers.Name, "--max-series", "500", "--no-collector.working-set", "--otlp", $"{receiver.Http}", "--otlp.interval", "200ms"], ExporterProcess.Uncached);

        await receiver.NextAsync(skip: 3);
        HashSet<int> shown = (await exporter.ScrapeAsync()).Pids(Series.Resident);
        OtlpMessage message = await receiver.NextAsync(skip: 1);

        Assert.InRange(shown.Count, 5, 25);
        Assert.Equal(shown.Order(), message.Pids("memsnoop.process.memory.resident").Order());
    }

    [Fact]
    public async Task A_label_from_the_command_line_tells_processes_of_one_name_apart()
    {
        using Workload one = await Workload.StartAsync("puppet", "--label", "shop-1");
        using Workload other = await Workload.StartAsync("puppet", "--label", "shop-2");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--pid", $"{one.Pid},{other.Pid}", "--info-label", "shop=--label shop-([0-9])", "--no-collector.working-set"], ExporterProcess.Uncached);

        Scrape scrape = await exporter.ScrapeAsync();

        Assert.Equal("1", Assert.Single(scrape.Of("memsnoop_process_info", one.Pid)).Label("shop"));
        Assert.Equal("2", Assert.Single(scrape.Of("memsnoop_process_info", other.Pid)).Label("shop"));
        Assert.DoesNotContain(scrape.Of(Series.Resident), static sample => sample.Label("shop") is not null);
    }
}
