using System.Globalization;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>Which processes have series, for each way to choose them.</summary>
[Collection(EndToEndCollection.Name)]
public class SelectionTests
{
    [Fact]
    public async Task By_name_and_by_command_line()
    {
        using Workload named = await Workload.StartAsync("puppet", "--label", "memsnoop-left");
        using Workload other = await Workload.StartAsync("puppet", "--label", "memsnoop-right");
        await named.TellAsync("name e2e-named");
        await AssertWatchesAsync([named.Pid], "--name", "^e2e-na.ed$");

        // The brackets keep the exporter itself out, on whose command line the expression stands.
        await AssertWatchesAsync([other.Pid], "--command-line", "label memsnoop-[r]");
        await AssertWatchesAsync([named.Pid, other.Pid], "--command-line", "memsnoop-[r]ight", "--command-line", "memsnoop-[l]eft");

        // Kinds narrow each other.
        await AssertWatchesAsync([], "--name", "^e2e-named$", "--command-line", "memsnoop-[r]ight");
    }

    [Fact]
    public async Task By_user()
    {
        using Workload own = await Workload.StartAsync("puppet", "--user", "54321");
        await AssertWatchesAsync([own.Pid], "--user", "54321");
    }

    [Fact]
    public async Task By_cgroup()
    {
        using Workload puppet = await Workload.StartAsync("puppet");
        using Cgroup group = Cgroup.Make(puppet.Pid);
        await AssertWatchesAsync([puppet.Pid], "--cgroup", group.Glob, "--name", "^puppet$");
        await AssertWatchesAsync([], "--cgroup", "/no-such-group/**");
    }

    [Fact]
    public async Task With_and_without_children()
    {
        using Workload idler = await Workload.StartAsync("idler", "--processes", "2");
        await AssertWatchesAsync([idler.Pid, .. idler.Pids("pids")], "--pid", $"{idler.Pid}");
        await AssertWatchesAsync([idler.Pid], "--pid", $"{idler.Pid}", "--no-children");
    }

    [Fact]
    public async Task What_is_too_small_is_dropped_and_named()
    {
        using Workload large = await Workload.StartAsync("touch", "--resident", "40", "--hot", "1");
        using Workload small = await Workload.StartAsync("touch", "--resident", "4", "--hot", "1");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(["--name", "^touch$", "--min-resident", "20MiB"]);
        Scrape scrape = await exporter.ScrapeAsync();
        Assert.Equal([large.Pid], scrape.Pids(Series.Resident));
        AssertDropped(scrape, "below_minimum", small.Pid, 4);
    }

    [Fact]
    public async Task Beyond_the_limit_the_smallest_are_dropped_and_named()
    {
        using Workload large = await Workload.StartAsync("touch", "--resident", "40", "--hot", "1");
        using Workload small = await Workload.StartAsync("touch", "--resident", "4", "--hot", "1");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(["--name", "^touch$", "--max-processes", "1"]);
        Scrape scrape = await exporter.ScrapeAsync();
        Assert.Equal([large.Pid], scrape.Pids(Series.Resident));
        AssertDropped(scrape, "limit", small.Pid, 4);
    }

    private static void AssertDropped(Scrape scrape, string reason, int pid, double megabytes)
    {
        Assert.Equal(1, scrape.Value("memsnoop_processes_watched"));
        foreach (string each in (string[])["below_minimum", "limit"])
        {
            Assert.Equal(each == reason ? 1 : 0, scrape.Value("memsnoop_processes_dropped", ("reason", each)));
        }

        double bytes = scrape.Value(
            "memsnoop_process_dropped_resident_bytes", ("comm", "touch"), ("pid", pid.ToString(CultureInfo.InvariantCulture)), ("reason", reason));
        Assert.InRange(bytes / Series.MB, megabytes, megabytes + 4);
    }

    private static async Task AssertWatchesAsync(int[] expected, params string[] selection)
    {
        await using ExporterProcess exporter = await ExporterProcess.StartAsync([.. selection, "--no-collector.working-set"]);
        Scrape scrape = await exporter.ScrapeAsync();
        Assert.Equal(expected.Order(), scrape.Pids(Series.Resident).Order());
        Assert.Equal(expected.Length, scrape.Value("memsnoop_processes_watched"));
    }
}
