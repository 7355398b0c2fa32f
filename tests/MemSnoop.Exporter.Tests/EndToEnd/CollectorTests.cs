namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>Which measurements are taken, how often, and from which proc file system.</summary>
[Collection(EndToEndCollection.Name)]
[OrdinaryTier]
public class CollectorTests
{
    /// <summary>A series that only this measurement has.</summary>
    public static TheoryData<string, string> Measurements => new()
    {
        { "stat", "memsnoop_process_cpu_time_seconds_total" },
        { "statm", "memsnoop_process_memory_resident_bytes" },
        { "process-io", "memsnoop_process_io_syscalls_total" },
        { "scheduling", "memsnoop_process_context_switches_total" },
        { "open-files", "memsnoop_process_open_files" },
        { "smaps", "memsnoop_process_memory_proportional_bytes" },
        { "oom", "memsnoop_process_oom_score" },
        { "info", "memsnoop_process_info" },
        { "disk-io", "memsnoop_disk_io_bytes_total" },
        { "working-set", "memsnoop_process_working_set_bytes" },
    };

    [Theory]
    [MemberData(nameof(Measurements))]
    public async Task Is_on_alone_when_it_is_asked_for_alone(string measurement, string series)
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "4", "--hot", "1");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--pid", $"{touch.Pid}", "--collector.disable-defaults", $"--collector.{measurement}", "--working-set-interval", "100ms"], ExporterProcess.Uncached);
        Scrape scrape = await exporter.ScrapeUntilAsync(scrape => scrape.Of(series).Any());
        Assert.Equal([series], scrape.Names.Intersect(Measurements.Select(static row => row.Data.Item2)));
        Assert.Equal(
            [measurement],
            scrape.Of("memsnoop_measurement_info", ("state", "on")).Select(static sample => sample.Label("measurement")!).Distinct());
    }

    [Theory]
    [MemberData(nameof(Measurements))]
    public async Task Is_off_alone_when_it_is_switched_off(string measurement, string series)
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "4", "--hot", "1");
        string[] costly = [.. ((string[])["smaps", "oom", "info"]).Where(other => other != measurement).Select(static other => $"--collector.{other}")];
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--pid", $"{touch.Pid}", .. costly, $"--no-collector.{measurement}", "--working-set-interval", "100ms"], ExporterProcess.Uncached);
        string[] others = [.. Measurements.Select(static row => row.Data.Item2).Where(other => other != series).Order()];
        Scrape scrape = await exporter.ScrapeUntilAsync(scrape => others.All(other => scrape.Of(other).Any()));
        Assert.Equal(others, scrape.Names.Intersect(Measurements.Select(static row => row.Data.Item2)).Order());
        Assert.Single(scrape.Of("memsnoop_measurement_info", ("measurement", measurement), ("state", "off"), ("reason", "disabled")));
    }

    [Fact]
    public async Task Interval_0s_reads_at_every_collection_and_a_long_one_does_not()
    {
        using Workload puppet = await Workload.StartAsync("puppet");
        await using ExporterProcess eager = await ExporterProcess.StartAsync(["--pid", $"{puppet.Pid}", "--interval", "0s"], ExporterProcess.Uncached);
        await using ExporterProcess lazy = await ExporterProcess.StartAsync(["--pid", $"{puppet.Pid}", "--interval", "1h"], ExporterProcess.Uncached);
        double before = (await eager.ScrapeAsync()).Value("memsnoop_process_open_files", puppet.Pid);
        Assert.Equal(before, (await lazy.ScrapeAsync()).Value("memsnoop_process_open_files", puppet.Pid));
        for (int more = 1; more <= 3; more++)
        {
            await puppet.TellAsync("files 1");
            Assert.Equal(before + more, (await eager.ScrapeAsync()).Value("memsnoop_process_open_files", puppet.Pid));
            Assert.Equal(before, (await lazy.ScrapeAsync()).Value("memsnoop_process_open_files", puppet.Pid));
        }
    }

    [Fact]
    public async Task Procfs_names_the_tree_that_is_read()
    {
        string fixtures = Path.Combine(Checkout.Root, "tests", "MemSnoop.Tests", "Fixtures", "proc");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(["--procfs", fixtures, "--cgroup", "/system.slice/*.service"]);
        Scrape scrape = await exporter.ScrapeAsync();

        // statm of the sleeping process: 625 pages of address space, 350 resident. The zombie and the kernel's thread have no series.
        Assert.Equal([26231, 26250, 26251], scrape.Pids(Series.Resident).Order());
        Assert.Equal(625 * Environment.SystemPageSize, scrape.Value("memsnoop_process_memory_virtual_bytes", 26231));
        Assert.Equal(350 * Environment.SystemPageSize, scrape.Value(Series.Resident, 26231));
        Assert.Equal("a)( ) b (() (", scrape.Of(Series.Resident, 26250).Single().Label("comm"));
        Assert.True(scrape.Value(Series.Skipped, ("measurement", "discovery"), ("reason", "zombie")) >= 1);
        Assert.True(scrape.Value(Series.Skipped, ("measurement", "discovery"), ("reason", "kernel_thread")) >= 1);
    }
}
