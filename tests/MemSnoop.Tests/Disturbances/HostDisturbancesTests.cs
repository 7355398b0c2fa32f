using MemSnoop.Disturbances;
using MemSnoop.Kernel;

namespace MemSnoop.Tests.Disturbances;

public sealed class HostDisturbancesTests : IDisposable
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    private readonly DisturbedHost _host = new();

    [Fact]
    public void A_tree_without_any_file_is_quiet()
    {
        using ProcTree empty = new();
        using HostDisturbances watch = HostDisturbances.Open(empty.Paths, TimeProvider.System);
        Assert.True(watch.Compare(watch.Now(), watch.Now()).IsQuiet);
        Assert.Equal((false, false, "not_built"), watch.Generations);
        Assert.Equal((false, false), watch.Damon);
    }

    [Fact]
    public void Trees_of_plain_files_are_not_the_kernels()
    {
        Assert.False(HostMounts.AreReal(_host.Paths));
        Assert.True(HostMounts.AreReal(KernelPaths.Default));
        Assert.False(HostMounts.AreReal(KernelPaths.Default with { ProcRoot = _host.Paths.ProcRoot }));
    }

    [Fact]
    public void Without_aging_or_reclaim_a_window_is_whole()
    {
        _host.List(("/", 3, 99_000, 100, 7), ("/a", 5, 99_000, 50, 8));
        DisturbanceReport report = Compare(static () => { });
        Assert.True(report.IsQuiet);
        Assert.True(report.FileReadsAreHidden);
    }

    [Fact]
    public void Aging_bounds_a_group_by_the_generations_from_the_youngest_on()
    {
        _host.AddGroup("/a");
        _host.AddGroup("/b");
        _host.List(("/a", 5, 99_000, 50, 8), ("/b", 5, 99_000, 60, 9));
        DisturbanceReport report = Compare(() => _host.List(("/a", 6, 3, 4, 40), ("/b", 5, 99_000, 60, 9)));
        Assert.Equal(new HiddenPages(44, 3, Disturbance.Aged), report.In(_host.InodeOf("/a")));
        Assert.True(report.In(_host.InodeOf("/b")).IsNone);
        Assert.Equal(new HiddenPages(44, 3, Disturbance.Aged), report.Sum);
        Assert.True(report.Everywhere.IsNone);
    }

    [Fact]
    public void Another_watch_goes_on_from_a_moment_that_was_described()
    {
        _host.AddGroup("/a");
        _host.AddGroup("/b");
        _host.List(("/a", 5, 99_000, 50, 8), ("/b", 5, 99_000, 60, 9));
        Assert.True(CompareOverRestart(static () => { }).IsQuiet);
        Assert.Equal(new HiddenPages(44, 3, Disturbance.Aged), CompareOverRestart(() => _host.List(("/a", 6, 3, 4, 40), ("/b", 5, 99_000, 60, 9))).In(_host.InodeOf("/a")));
    }

    [Fact]
    public void What_was_counted_in_between_belongs_to_no_group()
    {
        // 3 pages were scanned somewhere: 64 neighbours of each may have been looked at, in groups whose old generations have lost pages.
        _host.AddGroup("/a");
        _host.AddGroup("/b");
        _host.List(("/a", 5, 99_000, 50, 800), ("/b", 5, 99_000, 60, 900));
        DisturbanceReport report = CompareOverRestart(() =>
        {
            _host.Count(scanned: 3);
            _host.List(("/a", 5, 99_000, 350, 797), ("/b", 5, 99_000, 60, 900));
        });
        Assert.Equal((192, false), (report.In(_host.InodeOf("/a")).Anon, report.IsUnbounded));
        Assert.True(report.In(_host.InodeOf("/b")).IsNone);
        Assert.Equal(7, CompareOverRestart(() => _host.Count(scanned: 3, deactivated: 7)).Everywhere.Anon);
        Assert.True(CompareOverRestart(() => _host.Count(scanned: 3, deactivated: 7, collapses: 1)).HugePagesCollapsed);
    }

    [Fact]
    public void Without_generations_to_read_what_is_reclaimed_in_between_hides_all()
    {
        Assert.False(CompareOverRestart(static () => { }).IsUnbounded);
        Assert.True(CompareOverRestart(() => _host.Count(scanned: 3, reclaims: 1)).IsUnbounded);
    }

    [Fact]
    public void What_is_no_description_is_no_moment()
    {
        _host.List(("/a", 5, 99_000, 50, 8));
        using HostDisturbances watch = _host.Watch();
        byte[] bytes = watch.Describe(watch.Now());
        Assert.NotNull(watch.Recall(bytes, Window));
        Assert.Null(watch.Recall(bytes.AsSpan(0, 97), Window));
        Random random = new(7);
        for (int i = 0; i < 2000; i++)
        {
            byte[] mutated = [.. bytes];
            mutated[random.Next(mutated.Length)] ^= (byte)(1 << random.Next(8));
            using IDisturbanceMoment? moment = watch.Recall(mutated, Window);
            if (moment is not null)
            {
                using IDisturbanceMoment now = watch.Now();
                watch.Compare(moment, now);
            }
        }
    }

    /// <summary>A watch ends, something happens, and another goes on from the last moment of the first.</summary>
    private DisturbanceReport CompareOverRestart(Action happens)
    {
        byte[] described;
        using (HostDisturbances before = _host.Watch())
        {
            described = before.Describe(before.Now());
        }

        _host.Pass(Window / 2);
        happens();
        _host.Pass(Window / 2);
        HostDisturbances watch = _host.Watch();
        IDisturbanceMoment start = watch.Recall(described, Window)!;
        return watch.Compare(start, watch.Now());
    }

    [Fact]
    public void A_new_group_counts_once_it_was_aged()
    {
        _host.AddGroup("/a");
        _host.List();
        Assert.True(Compare(() => _host.List(("/a", 3, 5, 50, 8))).IsQuiet);
        _host.List(("/b", 3, 5, 1, 1));
        Assert.Equal(58, Compare(() => _host.List(("/b", 3, 5, 1, 1), ("/a", 4, 5, 50, 8))).In(_host.InodeOf("/a")).Anon);
    }

    [Fact]
    public void A_group_made_anew_under_its_old_name_counts_with_all_it_has()
    {
        _host.AddGroup("/a");
        _host.List(("/a", 5, 99_000, 50, 8));
        Assert.Equal(70, Compare(() => _host.List(("/a", 5, 3, 60, 10))).In(_host.InodeOf("/a")).Anon);
        _host.List(("/a", 9, 99_000, 50, 8));
        Assert.Equal(70, Compare(() => _host.List(("/a", 4, 3, 60, 10))).In(_host.InodeOf("/a")).Anon);
    }

    [Fact]
    public void Pages_of_a_group_that_was_removed_are_shown_above_it()
    {
        _host.AddGroup("/a");
        _host.AddGroup("/a/b/c");
        _host.List(("/a", 5, 99_000, 50, 8), ("/a/b/c", 5, 99_000, 60, 9));
        DisturbanceReport report = Compare(() =>
        {
            _host.Remove("sys/fs/cgroup/a/b");
            _host.List(("/a", 5, 99_000, 50, 8), ("/a/b/c", 6, 3, 60, 9));
        });
        Assert.Equal(69, report.In(_host.InodeOf("/a")).Anon);
    }

    [Fact]
    public void A_group_that_fell_out_of_the_listing_has_no_bound()
    {
        _host.AddGroup("/a");
        _host.AddGroup("/gone");
        _host.List(("/a", 5, 99_000, 50, 8), ("/gone", 5, 99_000, 60, 9));
        DisturbanceReport report = Compare(() =>
        {
            _host.Remove("sys/fs/cgroup/gone");
            _host.List();
            _host.Write("sys/kernel/debug/lru_gen", "memcg 9 /z\n node 0\n 3 5 6 7\n");
        });
        Assert.Equal(HiddenPages.Unbounded, report.In(_host.InodeOf("/a")).Anon);
        Assert.Equal(HiddenPages.Unbounded, report.Sum.File);
    }

    [Fact]
    public void Reclaim_bounds_the_group_that_it_was_in_and_no_other()
    {
        AddTree();
        _host.List(("/", 3, 99_000, 1, 1), ("/pods", 3, 99_000, 1, 1), ("/pods/a", 5, 99_000, 50, 8), ("/pods/b", 5, 99_000, 60, 9));
        DisturbanceReport report = Compare(() => Reclaim(scanned: 32));
        Assert.Equal(new HiddenPages(50, 2, Disturbance.Aged), report.In(_host.InodeOf("/pods/a")));
        Assert.True(report.In(_host.InodeOf("/pods/b")).IsNone);
        Assert.True(report.In(_host.InodeOf("/pods")).IsNone);
        Assert.Equal(50, report.Sum.Anon);
        Assert.True(report.Everywhere.IsNone);
    }

    [Fact]
    public void What_was_reclaimed_before_the_window_does_not_count()
    {
        AddTree();
        _host.List(("/pods/a", 5, 99_000, 50, 8));
        Reclaim(scanned: 32);
        Assert.True(Compare(static () => { }).IsQuiet);
    }

    [Fact]
    public void Reclaim_in_a_window_within_a_window_counts_in_both()
    {
        AddTree();
        _host.List(("/pods/a", 5, 99_000, 50, 8));
        using HostDisturbances watch = _host.Watch();
        using IDisturbanceMoment first = watch.Now();
        using (IDisturbanceMoment second = watch.Now())
        {
            Reclaim(scanned: 32);
            using IDisturbanceMoment third = watch.Now();
            Assert.False(watch.Compare(second, third).IsQuiet);
        }

        using IDisturbanceMoment fourth = watch.Now();
        using IDisturbanceMoment last = watch.Now();
        Assert.False(watch.Compare(first, last).IsQuiet);
        Assert.True(watch.Compare(fourth, last).IsQuiet);
    }

    [Fact]
    public void What_groups_have_yet_to_count_was_where_old_pages_are_gone()
    {
        AddTree();
        _host.AddGroup("/pods/c");
        _host.List(("/pods/a", 5, 99_000, 50, 8), ("/pods/b", 5, 99_000, 600, 9), ("/pods/c", 5, 99_000, 70, 10));
        DisturbanceReport report = Compare(() =>
        {
            Reclaim(scanned: 32);
            _host.Count(scanned: 35);
            _host.List(("/pods/a", 5, 99_000, 50, 8), ("/pods/b", 5, 99_000, 601, 8), ("/pods/c", 5, 99_000, 71, 10));
        });
        Assert.Equal(50, report.In(_host.InodeOf("/pods/a")).Anon);
        Assert.Equal(new HiddenPages(3 * 64, 2, Disturbance.Aged), report.In(_host.InodeOf("/pods/b")));
        Assert.True(report.In(_host.InodeOf("/pods/c")).IsNone);
        Assert.True(report.Everywhere.IsNone);
    }

    [Fact]
    public void Without_generations_it_may_have_been_anywhere()
    {
        AddTree();
        Assert.Equal(new HiddenPages(3 * 64, 3 * 64, Disturbance.Aged), Compare(() => _host.Count(scanned: 3)).Everywhere);
    }

    [Theory]
    [InlineData(null, "no_debugfs")]
    [InlineData("generations: 7\n", "malformed")]
    public void Without_generations_reclaim_has_no_bound(string? listing, string reason)
    {
        AddTree();
        if (listing is not null)
        {
            _host.Write("sys/kernel/debug/lru_gen", listing);
        }

        using HostDisturbances watch = _host.Watch();
        Assert.Equal((true, true, reason), watch.Generations);
        Assert.True(Compare(static () => { }).IsQuiet);
        DisturbanceReport report = Compare(() => Reclaim(scanned: 32));
        Assert.Equal(new HiddenPages(HiddenPages.Unbounded, HiddenPages.Unbounded, Disturbance.Aged), report.In(_host.InodeOf("/pods/a")));
        Assert.True(report.In(_host.InodeOf("/pods/b")).IsNone);
        Assert.True(report.Everywhere.IsNone);
        Assert.Equal(HiddenPages.Unbounded, Compare(() => _host.Count(scanned: 32, reclaims: 1)).Everywhere.Anon);
    }

    [Fact]
    public void On_version_1_reclaim_may_have_been_in_any_group()
    {
        _host.Remove("sys/fs/cgroup");
        _host.Write("sys/fs/cgroup/memory/cgroup.procs", "");
        _host.Write("sys/fs/cgroup/memory/a/cgroup.procs", "");
        _host.List(("/", 3, 99_000, 1, 1), ("/a", 5, 99_000, 50, 8));
        DisturbanceReport report = Compare(() => _host.Count(scanned: 5));
        Assert.Equal(50, report.In(_host.InodeOf("/memory/a")).Anon);
        Assert.Equal(51, report.Sum.Anon);
        Assert.True(report.Everywhere.IsNone);
    }

    [Fact]
    public void A_kernel_without_counters_of_the_host_is_asked_by_group()
    {
        AddTree();
        _host.Write("proc/vmstat", "nr_free_pages 1\n");
        _host.List(("/pods/a", 5, 99_000, 50, 8));
        Assert.True(Compare(static () => { }).IsQuiet);
        Assert.Equal(50, Compare(() =>
        {
            Reclaim(scanned: 32);
            _host.Write("proc/vmstat", "nr_free_pages 1\n");
        }).In(_host.InodeOf("/pods/a")).Anon);
    }

    [Fact]
    public void The_classic_reclaim_leaves_windows_whole()
    {
        AddTree();
        _host.SetGenerations("0x0000");
        _host.List(("/pods/a", 5, 99_000, 50, 8));
        DisturbanceReport report = Compare(() =>
        {
            Reclaim(scanned: 32, deactivated: 30, refilled: 64);
            _host.List(("/pods/a", 6, 1, 50, 8));
        });
        Assert.True(report.IsQuiet);
        Assert.False(report.FileReadsAreHidden);
    }

    [Theory]
    [InlineData("0x0007", 640, 640)]
    [InlineData("0x0000", 640, 0)]
    public void Advice_is_bounded_by_its_pages(string mask, int deactivated, int refilled)
    {
        AddTree();
        _host.SetGenerations(mask);
        DisturbanceReport report = Compare(() => Reclaim(deactivated: deactivated, refilled: refilled));
        Assert.Equal(new HiddenPages(640, 640, Disturbance.Advised), report.In(_host.InodeOf("/pods/a")));
        Assert.True(report.In(_host.InodeOf("/pods/b")).IsNone);
        Assert.Equal(640, report.Sum.File);
    }

    [Fact]
    public void Content_that_moved_is_told_by_its_kind()
    {
        _host.Write("sys/kernel/mm/ksm/pages_shared", "1\n");
        _host.Write("sys/kernel/mm/ksm/pages_sharing", "10\n");
        DisturbanceReport collapsed = Compare(() => _host.Count(collapses: 1));
        Assert.Equal((true, false), (collapsed.HugePagesCollapsed, collapsed.PagesMerged));
        DisturbanceReport merged = Compare(() => _host.Write("sys/kernel/mm/ksm/pages_sharing", "11\n"));
        Assert.Equal((false, true), (merged.HugePagesCollapsed, merged.PagesMerged));
    }

    [Fact]
    public void In_steady_state_nothing_is_allocated()
    {
        AddTree();
        _host.List(Enumerable.Range(0, 200).Select(static number => ($"/pods/{number}", 5, 99_000, 50, 8)));
        using HostDisturbances watch = _host.Watch();
        long least = long.MaxValue;
        for (int round = 0; round < 5; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            using (IDisturbanceMoment start = watch.Now())
            {
                using IDisturbanceMoment end = watch.Now();
                Assert.True(watch.Compare(start, end).IsQuiet);
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }

    private void AddTree()
    {
        foreach (string path in (string[])["/pods", "/pods/a", "/pods/b"])
        {
            _host.AddGroup(path);
        }
    }

    private void Reclaim(int scanned = 0, int deactivated = 0, int refilled = 0)
    {
        _host.Count(scanned, deactivated, refilled);
        foreach (string path in (string[])["", "/pods", "/pods/a"])
        {
            _host.AddGroup(path, scanned, deactivated, refilled);
        }
    }

    private DisturbanceReport Compare(Action within)
    {
        using HostDisturbances watch = _host.Watch();
        using IDisturbanceMoment start = watch.Now();
        _host.Pass(Window);
        within();
        using IDisturbanceMoment end = watch.Now();
        return watch.Compare(start, end);
    }

    public void Dispose() => _host.Dispose();
}
