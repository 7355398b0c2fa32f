using System.Globalization;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>Processes in control groups that have the names of a kubelet's, under scrapes.</summary>
[Collection(EndToEndCollection.Name)]
[OrdinaryTier]
public sealed class ContainerTests : IDisposable
{
    private const string A = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private const string B = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";
    private const string Uid = "11112222-3333-4444-5555-666677778888";

    private readonly TemporaryDirectory _logs = new();

    [Fact]
    public async Task A_container_has_its_labels_in_its_first_window_and_leaves_with_its_process()
    {
        using Workload first = await Workload.StartAsync("touch", "--resident", "4", "--hot", "1");
        using Cgroup group = Cgroup.Make(first.Pid, PathOf(A));
        Link("nginx", A);
        using Workload host = await Workload.StartAsync("touch", "--resident", "4", "--hot", "1");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--name", "^touch$", "--container-logs", _logs.Root, "--working-set-interval", "500ms"], ExporterProcess.Uncached);

        Scrape scrape = await exporter.ScrapeUntilAsync(scrape => scrape.Has(Series.WorkingSet, first.Pid) && scrape.Has(Series.WorkingSet, host.Pid));
        AssertLabels(scrape, first.Pid, "shop", "web", "nginx", A);
        AssertLabels(scrape, host.Pid, "", "", "", "");
        Assert.Equal(1, scrape.Value("memsnoop_container_names_info", ("source", "log_links"), ("state", "on"), ("reason", "ok")));

        // One that is moved there while it is watched.
        using (Workload second = await Workload.StartAsync("touch", "--resident", "4", "--hot", "1"))
        using (Cgroup.Make(second.Pid, PathOf(B)))
        {
            Link("side-car", B);
            scrape = await exporter.ScrapeUntilAsync(scrape => scrape.Of(Series.WorkingSet, second.Pid).Any(static sample => sample.Label("container_id") == B));
            scrape = await exporter.ScrapeUntilAsync(scrape => scrape.Of(Series.WorkingSet, second.Pid).Any(static sample => sample.Label("container") != ""));
            AssertLabels(scrape, second.Pid, "shop", "web", "side-car", B);
        }

        scrape = await exporter.ScrapeAsync();
        Assert.DoesNotContain(scrape.Samples, static sample => sample.Label("container_id") == B);
        Assert.Single(exporter.Log, static line => line.Contains("names of containers from log_links", StringComparison.Ordinal));

        // By referenced bits containers have no sums of their own, which is told.
        Assert.Single(exporter.Log, static line => line.Contains("containers have no working sets: the method referenced sees single processes", StringComparison.Ordinal));
        Assert.Equal(1, scrape.Value("memsnoop_measurement_info", ("measurement", "container-memory"), ("state", "unavailable"), ("reason", "no_page_idle")));
    }

    [Fact]
    public async Task A_container_says_what_its_control_group_says()
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "4", "--hot", "1");
        using Cgroup group = Cgroup.Make(touch.Pid, PathOf(A));
        Link("nginx", A);
        bool isUnified = File.Exists(Path.Join(group.Directory, "memory.max"));
        File.WriteAllText(Path.Join(group.Directory, isUnified ? "memory.max" : "memory.limit_in_bytes"), $"{64 << 20}");
        using Workload inside = await Workload.StartAsync(
            "/bin/sh", "-c", $"echo $$ >{group.Directory}/cgroup.procs; exec \"$@\"", "sh", await Workloads.PathAsync("touch"), "--resident", "20", "--hot", "1");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--name", "^touch$", "--container-logs", _logs.Root, "--interval", "0s", "--no-collector.working-set"], ExporterProcess.Uncached);

        Scrape scrape = await exporter.ScrapeAsync();

        (string, string)[] labels = [("namespace", "shop"), ("pod", "web"), ("container", "nginx"), ("container_id", A)];
        Assert.Equal(64 * Series.MB, scrape.Value("memsnoop_container_memory_limit_bytes", labels));
        double usage = double.Parse(File.ReadAllText(Path.Join(group.Directory, isUnified ? "memory.current" : "memory.usage_in_bytes")), CultureInfo.InvariantCulture);
        Assert.InRange(scrape.Value("memsnoop_container_memory_usage_bytes", labels), usage - (2 * Series.MB), usage + (2 * Series.MB));
        Assert.InRange(usage, 20 * Series.MB, 64 * Series.MB);
        Assert.Equal(0, scrape.Value("memsnoop_container_memory_swap_bytes", labels));
        Assert.Equal(0, scrape.Value("memsnoop_container_memory_events_total", [.. labels, ("event", "oom_kill")]));
        Assert.Equal(isUnified ? 5 : 2, scrape.Of("memsnoop_container_memory_events_total", labels).Count());
        Assert.Equal(isUnified ? 2 : 0, scrape.Of("memsnoop_container_memory_pressure_seconds_total", labels).Count());
        Assert.Equal(
            isUnified ? "on" : "unavailable", Assert.Single(scrape.Of("memsnoop_measurement_info", ("measurement", "container-cgroup"), ("method", "pressure"))).Label("state"));
    }

    [Fact]
    public async Task A_unit_has_its_label_in_its_first_window_and_leaves_with_its_process()
    {
        using Workload first = await Workload.StartAsync("touch", "--resident", "4", "--hot", "1");
        using Cgroup group = Cgroup.MakeUnit(first.Pid, "system.slice/memsnoop-e2e-first.service");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--name", "^touch$", "--unit-label", "--working-set-interval", "500ms"], ExporterProcess.Uncached);
        using ScrapeRecorder recorder = ScrapeRecorder.Start(exporter);
        await exporter.ScrapeUntilAsync(scrape => scrape.Has(Series.WorkingSet, first.Pid));

        // One that is moved there while it is watched, as a login does it.
        int pid;
        using (Workload second = await Workload.StartAsync("touch", "--resident", "4", "--hot", "1"))
        using (Cgroup.MakeUnit(second.Pid, "user.slice/user-0.slice/memsnoop-e2e-2.scope"))
        {
            pid = second.Pid;
            await exporter.ScrapeUntilAsync(scrape => scrape.Of(Series.WorkingSet, pid).Any(static sample => sample.Label("unit") == "memsnoop-e2e-2.scope"));
        }

        Scrape scrape = await exporter.ScrapeAsync();
        Assert.DoesNotContain(scrape.Samples, sample => sample.Label("unit") == "memsnoop-e2e-2.scope" || sample.Label("pid") == $"{pid}");
        IReadOnlyList<Scrape> scrapes = await recorder.StopAsync();
        Assert.All(
            scrapes.SelectMany(static scrape => scrape.Samples).Where(sample => sample.Label("pid") == $"{first.Pid}"),
            static sample => Assert.Equal("memsnoop-e2e-first.service", sample.Label("unit")));
    }

    [Fact]
    public async Task A_namespace_selects_and_the_file_of_the_program_is_told_once()
    {
        using Workload inside = await Workload.StartAsync("touch", "--resident", "4", "--hot", "1");
        using Cgroup group = Cgroup.Make(inside.Pid, PathOf(A));
        Link("nginx", A);
        using Workload outside = await Workload.StartAsync("touch", "--resident", "4", "--hot", "1");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--namespace", "sh*", "--container-logs", _logs.Root, "--collector.info", "--no-collector.working-set"], ExporterProcess.Uncached);

        Scrape scrape = await exporter.ScrapeAsync();

        Assert.Equal([inside.Pid], scrape.Pids(Series.Resident));
        ExpositionSample info = Assert.Single(scrape.Of("memsnoop_process_info"));
        Assert.Equal(
            (new FileInfo($"/proc/{inside.Pid}/exe").LinkTarget, "root", "shop", "web", "nginx"),
            (info.Label("exe"), info.Label("user"), info.Label("namespace"), info.Label("pod"), info.Label("container")));
    }

    [Fact]
    public async Task Without_a_container_there_are_no_labels_for_containers()
    {
        using Workload host = await Workload.StartAsync("touch", "--resident", "4", "--hot", "1");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(["--pid", $"{host.Pid}", "--no-container-labels", "--no-unit-label"], ExporterProcess.Uncached);

        ExpositionSample sample = Assert.Single((await exporter.ScrapeAsync()).Of(Series.Resident));

        Assert.Equal(["comm", "pid"], sample.Labels.Select(static label => label.Key));
    }

    private static void AssertLabels(Scrape scrape, int pid, string space, string pod, string container, string id)
    {
        ExpositionSample[] samples = [.. scrape.Samples.Where(sample => sample.Label("pid") == $"{pid}")];
        Assert.NotEmpty(samples);
        Assert.All(samples, sample => Assert.Equal(
            (space, pod, container, id), (sample.Label("namespace"), sample.Label("pod"), sample.Label("container"), sample.Label("container_id"))));
    }

    private static string PathOf(string id) => $"kubepods/burstable/pod{Uid}/{id}";

    private void Link(string container, string id) => File.CreateSymbolicLink(_logs[$"web_shop_{container}-{id}.log"], $"/var/log/pods/shop_web_{Uid}/{container}/0.log");

    public void Dispose() => _logs.Dispose();
}
