using System.Text.Json;

namespace MemSnoop.KernelTests;

/// <summary>Eight processes that share memory: one pass is right about each, and about all together.</summary>
public sealed class SharedMemoryTests(GeneralBoot boot) : IClassFixture<GeneralBoot>
{
    private const double OwnBytes = 600_000;

    private Scrape Metrics => new(boot["shared"].Text("metrics.txt"));

    private double[] Values(string name) => [.. Metrics.Of(name).Select(static sample => sample.Number)];

    private JsonElement Truth => boot["shared"].Last("group.json");

    [Fact]
    public void Each_process_uses_what_it_says()
    {
        JsonElement[] members = [.. Truth.GetProperty("members").EnumerateArray()];
        Assert.Equal(8, members.Length);
        Assert.All(members, member =>
        {
            (string, string) pid = ("pid", $"{member.GetProperty("pid").GetInt32()}");

            // Frames of the word in which memory ends cannot be read; a process that was given some of them has them here.
            double hidden = Metrics.Value("memsnoop_process_untracked_bytes", pid, ("reason", "not_tracked"));
            double shared = Truth.GetProperty("shared_hot_bytes").GetDouble();
            Assert.InRange(Metrics.Value("memsnoop_process_working_set_bytes", pid, ("kind", "shmem")), (shared * 0.99) - hidden, (shared * 1.01) + OwnBytes);
            double own = member.GetProperty("private_hot_bytes").GetDouble();
            Assert.InRange(Metrics.Value("memsnoop_process_working_set_bytes", pid, ("kind", "anon")), (own * 0.99) - hidden, (own * 1.01) + OwnBytes);
        });
    }

    [Fact]
    public void A_container_counts_a_shared_page_once()
    {
        double union = Truth.GetProperty("union_hot_bytes").GetDouble();
        double[] kinds = Values("memsnoop_container_working_set_bytes");
        Assert.Equal(3, kinds.Length);
        Assert.InRange(kinds.Sum(), (union * 0.99) - 131072, (union * 1.01) + (8 * OwnBytes));
    }

    [Fact]
    public void Without_series_of_processes_the_sum_of_a_container_is_whole()
    {
        Scrape off = new(boot["shared"].Text("metrics-off.txt"));
        Assert.DoesNotContain(off.Samples, static sample => sample.Label("pid") is not null);
        Assert.Equal(8, off.Value("memsnoop_processes_without_series", ("reason", "per_process")));
        AssertUnion(off, "memsnoop_container");
    }

    [Fact]
    public void A_group_counts_a_shared_page_once_and_its_processes_are_added_up()
    {
        Scrape group = new(boot["shared"].Text("metrics-group.txt"));
        AssertUnion(group, "memsnoop_group");
        Assert.All(group.Of("memsnoop_group_working_set_bytes"), static sample => Assert.Equal("group", sample.Label("group")));
        Assert.Equal(8, group.Value("memsnoop_group_processes", ("group", "group")));

        // What each holds, added up, has the segment of 40 MB eight times.
        double held = group.Value("memsnoop_group_idle_bytes", ("age", "0"), ("group", "group"));
        double added = group.Value("memsnoop_group_memory_resident_bytes", ("group", "group"));
        Assert.InRange(added - held, 7 * 39 * 1048576d, (7 * 40 * 1048576d) + (8 * 3 * OwnBytes));
        Assert.Empty(group.Of("memsnoop_container_working_set_bytes"));
    }

    private void AssertUnion(Scrape scrape, string prefix)
    {
        double union = Truth.GetProperty("union_hot_bytes").GetDouble();
        double used = scrape.Of($"{prefix}_working_set_bytes").Sum(static sample => sample.Number);
        Assert.InRange(used, (union * 0.99) - 131072, (union * 1.01) + (8 * OwnBytes));
        double held = Assert.Single(scrape.Of($"{prefix}_idle_bytes", ("age", "0"))).Number;
        double idle = Assert.Single(scrape.Of($"{prefix}_idle_bytes", ("age", "2"))).Number;
        Assert.InRange(used + idle, held * 0.99, held);
    }

    [Fact]
    public void Working_set_and_idle_memory_make_up_what_is_resident()
    {
        double used = Values("memsnoop_container_working_set_bytes").Sum();
        double idle = Metrics.Value("memsnoop_container_idle_bytes", ("age", "2"));
        double resident = Metrics.Value("memsnoop_container_idle_bytes", ("age", "0"));
        Assert.InRange(used + idle, resident * 0.99, resident);
    }

    [Theory]
    [InlineData("works", "ok")]
    [InlineData("in-use", "in_use")]
    [InlineData("no-capability", "no_capability")]
    [InlineData("read-only", "read_only")]
    [InlineData("masked", "hidden")]
    [InlineData("hidden", "hidden")]
    public void Check_says_precisely_what_is_missing(string situation, string reason)
    {
        JsonElement check = JsonElement.Parse(boot["limits"].Text($"{situation}.json"));
        JsonElement finding = check.GetProperty("findings").EnumerateArray().Single(each => each.GetProperty("topic").GetString() == "working-set by page_idle");
        Assert.Equal(reason, finding.GetProperty("reason").GetString());
        Assert.Equal(reason == "ok", finding.GetProperty("advice").GetString() == "");
    }

    [Fact]
    public void Auto_falls_back_without_the_capability()
    {
        WssLine line = WssLine.Parse(boot["limits"].Text("no-capability-wss.txt"));

        // What the kernel has: DAMON, by samples before Linux 6.18, or else referenced bits.
        Assert.Contains(line.Method, (string[])["damon", "referenced"]);
        Assert.InRange(line.UsedMb, 15, 26);
    }

    [Fact]
    public void A_second_exporter_that_insists_on_the_bitmap_does_not_start()
    {
        Assert.Equal("2", boot["limits"].Text("second.status"));
        Assert.Matches("^memsnoop: .*process [0-9]+ \\(memsnoop serve, since [^)]*\\) takes accessed bits and holds the lock of .*bitmap[^\n]*$", boot["limits"].Text("second.out"));
    }

    /// <summary>As where two DaemonSets have a pod on one node.</summary>
    [Fact]
    public void A_second_exporter_goes_on_with_what_is_left_and_says_who_has_the_bitmap()
    {
        ExpositionSample[] beside = [.. ExpositionChecker.Samples(boot["limits"].Text("beside.txt"))];
        Assert.Contains(beside, static sample => sample.Name == "memsnoop_process_memory_resident_bytes");
        Assert.DoesNotContain(beside, static sample => sample.Name.StartsWith("memsnoop_process_working_set", StringComparison.Ordinal));
        Assert.Equal(
            ["in_use", "in_use", "in_use"],
            beside.Where(static sample => sample.Name == "memsnoop_measurement_info" && sample.Label("measurement") == "working-set").Select(static sample => sample.Label("reason")));
        Assert.Matches(@"method page_idle does not work here: process [0-9]+ \(memsnoop serve, since [^)]*\) takes accessed bits and holds the lock of ", boot["limits"].Text("beside.log"));
    }

    [Fact]
    public void A_killed_exporter_leaves_nothing_behind()
    {
        ScenarioResult killed = boot["killed"];
        string[] states = killed.Text("states.txt").Split('\n');
        Assert.Equal(12, states.Length);
        Assert.All(states, state => Assert.Contains(state.Split(' ')[1], (string[])["R", "S"]));
        Assert.Equal(killed.Text("settings-before.txt"), killed.Text("settings-after.txt"));
        Assert.InRange(WssLine.Parse(killed.Text("after-wss.txt")).UsedMb, 39.6, 41);
    }
}
