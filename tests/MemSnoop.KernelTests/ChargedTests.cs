using System.Globalization;

namespace MemSnoop.KernelTests;

/// <summary>A boot of its own: the memory controller is on in its control groups, which other scenarios do without.</summary>
public sealed class ChargedBoot(KernelLab lab) : LabBoot(lab)
{
    protected override IReadOnlyList<string> Scenarios => ["charged"];

    protected override IReadOnlyList<string> Arguments => ["--disk", "400", "--filesystem", "ext4"];

    protected override TimeSpan Deadline => TimeSpan.FromMinutes(10);
}

/// <summary>Memory as it is charged to a container, against what its programs are known to hold and to use.</summary>
public sealed class ChargedTests(ChargedBoot boot) : IClassFixture<ChargedBoot>
{
    private const double Mb = 1 << 20;
    private const string Used = "memsnoop_container_memory_used_bytes";
    private const string Idle = "memsnoop_container_memory_idle_bytes";

    /// <summary>What programs take beside what they are told to: their own heap, stacks and libraries, and those of the shells and of dd.</summary>
    private const double OwnBytes = 1.5 * Mb;

    private ScenarioResult Result => boot["charged"];

    private (string, string) Container => ("container_id", Result.Text("container.txt").Trim());

    private (string, string) Neighbour => ("container_id", Result.Text("neighbour.txt").Trim());

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
            double current = double.Parse(Result.Text($"current-{window}.txt"), CultureInfo.InvariantCulture);
            Assert.InRange(held + kernel, current * 0.97, current * 1.03);
            Assert.InRange(kernel, 0, current * 0.2);
        }
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
        Assert.NotEmpty(metrics.Of(Idle, Container));
    }

    [Fact]
    public void Without_kpagecgroup_only_these_numbers_are_missing()
    {
        Scrape metrics = Metrics("hidden");
        Assert.Empty(metrics.Of(Idle));
        Assert.Single(metrics.Of("memsnoop_measurement_info", ("measurement", "container-memory"), ("state", "unavailable"), ("reason", "no_kpagecgroup")));
        Assert.NotEmpty(metrics.Of("memsnoop_container_working_set_bytes", Container));
        Assert.Single(Result.Text("exporter.log").Split('\n'), static line => line.Contains("charged to containers is not measured: no_kpagecgroup", StringComparison.Ordinal));
    }

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
