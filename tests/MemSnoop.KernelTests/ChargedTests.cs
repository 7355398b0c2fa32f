using System.Globalization;
using System.Text.Json;

namespace MemSnoop.KernelTests;

/// <summary>A boot of its own: the memory controller is on in its control groups, which other scenarios do without.</summary>
public sealed class ChargedBoot(KernelLab lab) : LabBoot(lab)
{
    protected override IReadOnlyList<string> Scenarios => ["charged"];

    protected override IReadOnlyList<string> Arguments => ["--disk", "400", "--filesystem", "ext4"];

    protected override TimeSpan Deadline => TimeSpan.FromMinutes(10);
}

/// <summary>Memory as it is charged to a container, against what its programs are known to hold and to use.</summary>
public sealed class ChargedTests(ChargedBoot boot, ITestOutputHelper output) : IClassFixture<ChargedBoot>
{
    private const double Mb = 1 << 20;
    private const string Used = "memsnoop_container_memory_used_bytes";
    private const string Idle = "memsnoop_container_memory_idle_bytes";

    private const string Usage = "memsnoop_container_memory_usage_bytes";
    private const string Limit = "memsnoop_container_memory_limit_bytes";
    private const string Reclaimable = "memsnoop_container_memory_reclaimable_bytes";
    private const string Swap = "memsnoop_container_memory_swap_bytes";
    private const string Events = "memsnoop_container_memory_events_total";
    private const string Pressure = "memsnoop_container_memory_pressure_seconds_total";
    private const string Refaults = "memsnoop_container_memory_refaults_bytes_total";

    /// <summary>What programs take beside what they are told to: their own heap, stacks and libraries, and those of the shells and of dd.</summary>
    private const double OwnBytes = 1.5 * Mb;

    private ScenarioResult Result => boot["charged"];

    private (string, string) Container => ("container_id", Result.Text("container.txt").Trim());

    private (string, string) Neighbour => ("container_id", Result.Text("neighbour.txt").Trim());

    private (string, string) Pushed => ("container_id", Result.Text("pushed.txt").Trim());

    private (string, string) Killed => ("container_id", Result.Text("killed.txt").Trim());

    private Scrape Metrics(string name) => new(Result.Text($"{name}.txt"));

    [Theory]
    [InlineData("anon", 110, 40)]
    [InlineData("file", 60, 20)]
    [InlineData("shmem", 50, 10)]
    [InlineData("cache", 80, 30)]
    public void Each_kind_is_what_the_container_holds_and_uses(string kind, double held, double used)
    {
        for (int window = 1; window <= 3; window++)
        {
            Scrape metrics = Metrics($"window-{window}");
            double own = kind == "anon" ? OwnBytes : 0;
            Assert.InRange(metrics.Value(Idle, Container, ("kind", kind), ("age", "0")), held * Mb * 0.98, (held * Mb * 1.02) + own);
            Assert.InRange(metrics.Value(Used, Container, ("kind", kind)), used * Mb * 0.98, (used * Mb * 1.02) + own);

            // What is not used has been idle since the exporter began.
            Assert.InRange(metrics.Value(Idle, Container, ("kind", kind), ("age", "6")), (held - used) * Mb * 0.98, (held - used) * Mb * 1.02);
        }
    }

    [Fact]
    public void What_a_neighbour_maps_of_the_containers_file_is_not_the_neighbours()
    {
        Scrape metrics = Metrics("window-1");
        Assert.InRange(metrics.Value(Idle, Neighbour, ("kind", "anon"), ("age", "0")), 30 * Mb * 0.98, (30 * Mb * 1.02) + OwnBytes);
        Assert.InRange(metrics.Value(Used, Neighbour, ("kind", "anon")), 5 * Mb * 0.98, (5 * Mb * 1.02) + OwnBytes);
        Assert.InRange(metrics.Value(Idle, Neighbour, ("kind", "file"), ("age", "0")), 0, Mb);

        // The sum over its processes has it: they map it.
        Assert.True(metrics.Value("memsnoop_container_working_set_bytes", Neighbour, ("kind", "file")) > 7.9 * Mb);
    }

    [Fact]
    public void With_the_kernels_own_memory_it_is_what_the_control_group_says()
    {
        for (int window = 1; window <= 3; window++)
        {
            double held = Metrics($"window-{window}").Of(Idle, Container, ("age", "0")).Sum(static sample => sample.Number);
            double kernel = Stat(window, "kernel");
            double current = Number($"current-{window}.txt");
            Assert.InRange(held + kernel, current * 0.97, current * 1.03);
            Assert.InRange(kernel, 0, current * 0.2);
        }
    }

    /// <summary>
    /// What others publish is made of the same control group's files: cAdvisor's and the kubelet's working set and <c>docker stats</c> are usage less inactive file cache, systemd's
    /// <c>MemoryCurrent</c> is usage, cAdvisor's rss is anonymous memory.
    /// </summary>
    [Fact]
    public void Others_have_other_numbers_for_the_same_container()
    {
        for (int window = 1; window <= 3; window++)
        {
            double used = Metrics($"window-{window}").Of(Used, Container).Sum(static sample => sample.Number);
            double usage = double.Parse(Result.Text($"current-{window}.txt"), CultureInfo.InvariantCulture);
            double working = usage - Stat(window, "inactive_file");
            output.WriteLine(FormattableString.Invariant(
                $"used {used / Mb:F1}; usage {usage / Mb:F1}, less inactive_file {working / Mb:F1}, anon {Stat(window, "anon") / Mb:F1}, file {Stat(window, "file") / Mb:F1}, file_mapped {Stat(window, "file_mapped") / Mb:F1}, shmem {Stat(window, "shmem") / Mb:F1}"));
            Assert.InRange(used, 100 * Mb * 0.98, (100 * Mb * 1.02) + OwnBytes);

            // All anonymous memory is in it, used or not, and so is what the tmpfs holds.
            Assert.InRange(working, 160 * Mb, usage);
        }
    }

    [Fact]
    public void What_is_held_and_the_kernels_own_memory_explain_the_usage_that_the_same_scrape_has()
    {
        for (int window = 1; window <= 3; window++)
        {
            Scrape metrics = Metrics($"window-{window}");
            double usage = metrics.Value(Usage, Container);
            double held = metrics.Of(Idle, Container, ("age", "0")).Sum(static sample => sample.Number);
            Assert.InRange(held + metrics.Value("memsnoop_container_memory_kernel_bytes", Container), usage * 0.97, usage * 1.03);
            double current = Number($"current-{window}.txt");
            Assert.InRange(usage, current * 0.98, current * 1.02);

            // What nobody but the two lists has: page cache, mapped or not.
            double lists = metrics.Value(Reclaimable, Container, ("kind", "active_file")) + metrics.Value(Reclaimable, Container, ("kind", "inactive_file"));
            Assert.InRange(lists, 140 * Mb * 0.98, 140 * Mb * 1.02);
        }
    }

    [Fact]
    public void The_tightest_limit_holds_whichever_group_has_it()
    {
        Scrape metrics = Metrics("pushed-metrics");
        Assert.Equal(1024 * Mb, metrics.Value(Limit, Container));
        Assert.Equal(40 * Mb, metrics.Value(Limit, Pushed));
        Assert.Equal(1000 * Mb, metrics.Value("memsnoop_container_memory_high_bytes", Pushed));
        Assert.Equal(20 * Mb, Metrics("killed-metrics").Value(Limit, Killed));
    }

    [Fact]
    public void At_its_limit_a_container_has_events_pressure_refaults_and_swap()
    {
        Scrape before = Metrics("before");
        Scrape after = Metrics("pushed-metrics");
        Assert.Equal(0, before.Value(Events, Pushed, ("event", "max")));
        Assert.Equal(0, before.Value(Swap, Pushed));
        Assert.Equal(Field("pushed-events.txt", "max"), after.Value(Events, Pushed, ("event", "max")));
        Assert.True(after.Value(Events, Pushed, ("event", "max")) > 0);
        Assert.Equal(0, after.Value(Events, Pushed, ("event", "oom_kill")));

        // 60 MB in 40, with a file of 60 MB in between: 20 MB at least are out, and come back each time. A page that has come back keeps its
        // place in swap for a while, so all that the group holds can have one: that of its shell and of the program's own heap too.
        Assert.InRange(after.Value(Usage, Pushed), 20 * Mb, 40 * Mb);
        Assert.InRange(after.Value(Swap, Pushed), 20 * Mb, 80 * Mb);
        Assert.Equal(Number("pushed-swap.current.txt"), after.Value(Swap, Pushed));
        foreach (string type in (string[])["anon", "file"])
        {
            double refaults = after.Value(Refaults, Pushed, ("type", type));
            Assert.Equal(Field("pushed-stat.txt", $"workingset_refault_{type}") * Environment.SystemPageSize, refaults);
            Assert.True(refaults > before.Value(Refaults, Pushed, ("type", type)), $"{type}: {refaults}");
        }

        double some = after.Value(Pressure, Pushed, ("type", "some"));
        double full = after.Value(Pressure, Pushed, ("type", "full"));
        Assert.True(some > before.Value(Pressure, Pushed, ("type", "some")));
        Assert.InRange(full, 0.001, some);
        Assert.Contains($"total={some * 1e6:F0}\n", Result.Text("pushed-pressure.txt"), StringComparison.Ordinal);
        TestContext.Current.SendDiagnosticMessage($"pushed: {after.Value(Events, Pushed, ("event", "max"))} times at the limit, {some:F3} s of some, {full:F3} s of full pressure");
    }

    [Fact]
    public void A_process_that_is_killed_for_memory_is_counted()
    {
        double kills = Metrics("killed-metrics").Value(Events, Killed, ("event", "oom_kill"));
        Assert.Equal(Field("killed-events.txt", "oom_kill"), kills);
        Assert.InRange(kills, 1, 10);
    }

    [Fact]
    public void What_this_kernel_does_not_have_is_absent_with_its_reason()
    {
        Scrape metrics = Metrics("pushed-metrics");
        Assert.Empty(metrics.Of("memsnoop_container_memory_zswap_bytes"));
        Assert.Single(metrics.Of("memsnoop_measurement_info", ("measurement", "container-cgroup"), ("method", "zswap"), ("state", "unavailable"), ("reason", "not_supported")));
        Assert.Single(metrics.Of("memsnoop_measurement_info", ("measurement", "container-cgroup"), ("method", "pressure"), ("state", "on"), ("reason", "ok")));
    }

    [Fact]
    public void Where_reads_leave_no_trace_cache_has_bounds_in_place_of_a_number()
    {
        Scrape metrics = Metrics("generations");
        Assert.Empty(metrics.Of(Used, Container, ("kind", "cache")));
        Assert.InRange(metrics.Value("memsnoop_container_memory_used_upper_bytes", Container, ("kind", "cache")), 80 * Mb * 0.98, 80 * Mb * 1.02);
        Assert.InRange(metrics.Value(Idle, Container, ("kind", "cache"), ("age", "0")), 80 * Mb * 0.98, 80 * Mb * 1.02);
        Assert.Single(metrics.Of("memsnoop_measurement_info", ("measurement", "container-memory"), ("state", "on"), ("reason", "file_read")));
        Assert.True(metrics.Value("memsnoop_measurement_skipped_total", ("measurement", "container-memory"), ("reason", "file_read")) > 0);

        Scrape after = Metrics("classic");
        Assert.InRange(after.Value(Used, Container, ("kind", "cache")), 30 * Mb * 0.98, 30 * Mb * 1.02);
        Assert.Single(after.Of("memsnoop_measurement_info", ("measurement", "container-memory"), ("state", "on"), ("reason", "ok")));
        string[] log = [.. Result.Text("log.txt").Split('\n').Where(static line => line.Contains("charged to containers", StringComparison.Ordinal))];
        Assert.Equal(2, log.Length);
        Assert.Contains("the use of page cache that nobody maps is not seen", log[0], StringComparison.Ordinal);
        Assert.Contains("of all kinds", log[1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_container_that_has_ended_has_no_numbers()
    {
        Scrape metrics = Metrics("ended");
        Assert.Empty(metrics.Of(Idle, Neighbour));
        Assert.Empty(metrics.Of(Usage, Neighbour));
        Assert.NotEmpty(metrics.Of(Idle, Container));
        Assert.NotEmpty(metrics.Of(Usage, Container));
    }

    [Fact]
    public void Without_kpagecgroup_only_these_numbers_are_missing()
    {
        Scrape metrics = Metrics("hidden");
        Assert.Empty(metrics.Of(Idle));
        Assert.Single(metrics.Of("memsnoop_measurement_info", ("measurement", "container-memory"), ("state", "unavailable"), ("reason", "no_kpagecgroup")));
        Assert.NotEmpty(metrics.Of("memsnoop_container_working_set_bytes", Container));
        Assert.NotEmpty(metrics.Of(Usage, Container));
        Assert.Single(Result.Text("exporter.log").Split('\n'), static line => line.Contains("charged to containers is not measured: no_kpagecgroup", StringComparison.Ordinal));
    }

    /// <summary>Asked of the exporter, and measured without one.</summary>
    [Theory]
    [InlineData("asked", "exporter", 100)]
    [InlineData("own", "own", 92)] // the neighbour has ended, which used 8 MB of the container's file
    public void The_command_shows_the_same_once(string file, string source, double used)
    {
        using JsonDocument answer = JsonDocument.Parse(Result.Text($"{file}.json"));
        Assert.Equal(source, answer.RootElement.GetProperty("source").GetString());
        JsonElement container = Assert.Single(answer.RootElement.GetProperty("containers").EnumerateArray(), found => found.GetProperty("container_id").GetString() == Container.Item2);
        Assert.InRange(container.GetProperty("held_bytes").GetDouble(), 300 * Mb * 0.98, (300 * Mb * 1.02) + OwnBytes);
        Assert.InRange(container.GetProperty("used_bytes").GetDouble(), used * Mb * 0.98, (used * Mb * 1.02) + OwnBytes);
        Assert.InRange(container.GetProperty("idle_bytes").GetDouble(), (300 - used) * Mb * 0.98, ((300 - used) * Mb * 1.02) + OwnBytes);
        Assert.InRange(container.GetProperty("usage_bytes").GetDouble(), 300 * Mb, 310 * Mb);
        Assert.Equal(1024 * Mb, container.GetProperty("limit_bytes").GetDouble());
    }

    [Fact]
    public void Without_a_window_the_command_shows_usage_and_limit_and_says_why()
    {
        using JsonDocument answer = JsonDocument.Parse(Result.Text("without.json"));
        Assert.Equal("no_kpagecgroup", answer.RootElement.GetProperty("reason").GetString());
        Assert.All(answer.RootElement.GetProperty("containers").EnumerateArray(), static container => Assert.False(container.TryGetProperty("held_bytes", out _)));
        Assert.Equal("memsnoop: what is held, used and idle is not known: what is charged to containers cannot be measured (no_kpagecgroup)", Result.Text("without.txt").TrimEnd());

        string[] rows = Result.Text("table.txt").TrimEnd('\n').Split('\n');
        Assert.Matches("^CONTAINER +HELD\\(MiB\\) +USED\\(MiB\\) +IDLE\\(MiB\\) +USAGE\\(MiB\\) +LIMIT\\(MiB\\)$", rows[0]);
        Assert.Matches($"^{Container.Item2[..12]} +- +- +- +30[0-9]\\.[0-9][0-9] +1024\\.00$", rows[1]);
        Assert.Single(Result.Text("table-error.txt").TrimEnd('\n').Split('\n'), static line => line.Contains("no exporter runs here", StringComparison.Ordinal));
    }

    private double Number(string file) => double.Parse(Result.Text(file), CultureInfo.InvariantCulture);

    [Fact] // As docs/fleet.md computes them. There are three ages here: 0, 2 and 6 s.
    public void A_container_has_seven_series_and_five_for_each_age()
    {
        Scrape metrics = Metrics("window-3");
        string[] names = [Used, Idle, "memsnoop_container_working_set_bytes", "memsnoop_container_idle_bytes"];
        Assert.Equal(7 + (3 * 5), names.Sum(name => metrics.Of(name, Container).Count()));
    }

    private double Stat(int window, string name) => Field($"stat-{window}.txt", name);

    private double Field(string file, string name) => Result.Text(file).Split('\n')
        .Select(static line => line.Split(' ')).Where(fields => fields[0] == name).Select(static fields => double.Parse(fields[1], CultureInfo.InvariantCulture)).Single();
}
