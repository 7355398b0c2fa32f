using MemSnoop.Disturbances;
using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.PageIdle;

namespace MemSnoop.Tests.WorkingSets.PageIdle;

/// <summary>Memory that is accessed after it had been idle counts under every age that it had reached, and under no other.</summary>
public sealed class ReaccessTests : IDisposable
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);
    private static readonly IdleAges Ages = new([.. Enumerable.Range(0, 6).Select(static windows => windows * Window)]);

    private readonly FakeHost _host = new();
    private PageIdleEstimator _estimator;
    private Passes _passes;

    public ReaccessTests() => (_estimator, _passes) = Open();

    [Fact]
    public void What_comes_back_counts_under_each_age_that_it_had_reached()
    {
        FakeProcess process = _host.Start();
        FakeArea area = Fill(process, 100);
        Pass(2);

        // Of one age more with each pass.
        Assert.Equal(1, _passes.Reaccessed[process.Tracked].KnownAges);
        for (int age = 1; age <= 3; age++)
        {
            Touch(area, 10 * age, 10);
            Pass();
        }

        Assert.Equal("30/20/10 doubtful 0/0/0", Told(process));

        // What is used in each window comes back from nowhere, and each time counts anew.
        Touch(area, 10, 10);
        Pass();
        Touch(area, 10, 10);
        Pass();
        Assert.Equal("40/30/10/0/0 doubtful 0/0/0/0/0", Told(process));
    }

    [Fact]
    public void What_is_seen_for_the_first_time_counts_under_no_age()
    {
        FakeProcess process = _host.Start();
        FakeArea area = Fill(process, 100);
        Pass(4);
        Fill(process, 50);
        Pass();
        Assert.Equal("0/0/0 doubtful 0/0/0", Told(process));

        // Its frames hold other memory by now, of this process or of another.
        FakeArea second = process.Map(100, FolioKind.Anon);
        FakeProcess other = _host.Start();
        FakeArea others = other.Map(100, FolioKind.Anon);
        for (int page = 0; page < 100; page++)
        {
            FakeFolio old = area.Pages[page].Folio!;
            FakeProcess.Set(area, page, default);
            _host.Replace(old, FolioKind.Anon);
            FakeProcess.Set(page < 50 ? second : others, page, new FakePage(_host.FolioAt(old.First)!, 0));
        }

        Pass(2);
        Assert.DoesNotContain(Told(process), static letter => letter is >= '1' and <= '9');
        Assert.DoesNotContain(Told(other), static letter => letter is >= '1' and <= '9');
    }

    [Fact]
    public void An_age_begins_when_the_process_has_been_watched_for_so_long()
    {
        FakeProcess old = _host.Start();
        FakeArea area = Fill(old, 100, FolioKind.File);
        Pass(5);
        FakeProcess late = _host.Start();
        FakeArea shared = late.Map(100, FolioKind.File);
        for (int page = 0; page < 100; page++)
        {
            FakeProcess.Set(shared, page, area.Pages[page]);
        }

        Pass();
        Touch(area, 0, 40);
        Pass();
        Assert.Equal("40/40/40/40/40 doubtful 0/0/0/0/0", Told(old));
        Assert.Equal(1, _passes.Reaccessed[late.Tracked].KnownAges);
        Touch(area, 40, 30);
        Pass();
        Assert.Equal("70/70/70/70/70 doubtful 0/0/0/0/0", Told(old));
        Assert.Equal("30 doubtful 0", Told(late));
    }

    [Fact]
    public void What_may_have_been_used_unseen_is_left_out_once()
    {
        FakeProcess process = _host.Start();
        FakeArea area = Fill(process, 1000);
        Pass(3);
        DisturbanceReport aged = new();
        aged.AddGroup(0, new HiddenPages(Anon: 300, File: 0, Disturbance.Aged));
        _host.Disturbances.Report = aged;
        Touch(area, 0, 100);
        Pass();

        // Seen for certain; 300 more may have been used.
        Assert.Equal("100/100 doubtful 300/300", Told(process));
        _host.Disturbances.Report = DisturbanceReport.Quiet;
        Touch(area, 100, 200);
        Pass();
        Assert.Equal("100/100/0 doubtful 500/500/200", Told(process));
        Touch(area, 300, 200);
        Pass();

        // Of an age that began after the disturbed window nothing is in doubt.
        Assert.Equal("300/200/100/0 doubtful 500/600/300/200", Told(process));
        Touch(area, 500, 200);
        Pass();
        Assert.Equal("500/400/300/100/0 doubtful 500/600/300/300/200", Told(process));
    }

    [Fact]
    public void A_counter_never_goes_back_as_long_as_its_process_lives()
    {
        FakeProcess process = _host.Start();
        FakeArea area = Fill(process, 100);
        Pass(3);
        Touch(area, 0, 60);
        Pass();
        string told = Told(process);
        Assert.Equal("60/60 doubtful 0/0", told);

        // A new program in the process: its memory is another, and begins anew.
        string maps = Path.Join(_host.Paths.Proc($"{process.Pid}"), "maps");
        _host.Clock.Advance(Window);
        _host.Write();
        File.Delete(maps);
        Directory.CreateDirectory(maps);
        _passes.Run([process.Tracked]);
        Assert.Empty(_passes.Reaccessed);
        Directory.Delete(maps);
        Pass(2);
        Assert.Equal(told, Told(process));
        Pass();
        Touch(area, 0, 30);
        Pass();
        Assert.Equal("90/90 doubtful 0/0", Told(process));
    }

    [Fact]
    public void A_group_counts_a_page_once_and_keeps_its_count_while_members_come_and_go()
    {
        Reopen(static options => options with { GroupOf = static _ => "pod" });
        FakeProcess first = _host.Start();
        FakeProcess second = _host.Start();
        FakeArea area = Fill(first, 100, FolioKind.Shmem);
        FakeArea same = second.Map(100, FolioKind.Shmem);
        for (int page = 0; page < 100; page++)
        {
            FakeProcess.Set(same, page, area.Pages[page]);
        }

        Pass(4);
        Touch(area, 0, 70);
        Pass();
        Assert.Equal("70/70/70 doubtful 0/0/0", ReaccessModel.Describe(_passes.GroupsReaccessed["pod"]));
        Assert.Equal(Told(first), Told(second));

        // All members are new in a pass, and nothing is known of any.
        FakeProcess third = _host.Start();
        Fill(third, 10);
        _host.Exit(first);
        _host.Exit(second);
        Pass();
        Assert.Empty(_passes.GroupsReaccessed);
        Pass();
        Assert.StartsWith("70/70/70 doubtful", ReaccessModel.Describe(_passes.GroupsReaccessed["pod"]), StringComparison.Ordinal);

        // Without members the container has ended; another one of its name begins anew.
        _host.Exit(third);
        Pass();
        Fill(_host.Start(), 10);
        Pass(2);
        Assert.Equal(1, _passes.GroupsReaccessed["pod"].KnownAges);
    }

    [Fact]
    public void A_folio_comes_back_whole()
    {
        FakeProcess process = _host.Start();
        FakeArea area = process.Map(600, FolioKind.Anon);
        FakeFolio huge = _host.Allocate(FolioKind.Anon, 9);
        for (int page = 0; page < 512; page++)
        {
            FakeProcess.Set(area, page, new FakePage(huge, page));
        }

        Pass(3);
        FakeHost.Touch(huge);
        Pass();
        Assert.Equal("512/512 doubtful 0/0", Told(process));
    }

    [Fact]
    public void Spread_over_the_interval_the_counts_are_the_same()
    {
        const int Parts = 4;
        Reopen(static options => options with { Parts = Parts });
        FakeProcess process = _host.Start();
        FakeArea area = process.Map(16 * 50, FolioKind.Anon);
        for (int page = 0; page < area.Pages.Count; page++)
        {
            FakeProcess.Set(area, page, new FakePage(_host.Allocate(FolioKind.Anon, near: ((ulong)(page / 50) << FrameBlock.FrameShift) + 64), 0));
        }

        Pass(6);
        Touch(area, 0, 800);
        Pass(2);
        Assert.Equal("800/800/800", Told(process)[..11]);
        Pass();
        Touch(area, 0, 400);
        Pass(2);
        Assert.Equal("1200/1200/800", Told(process)[..13]);
    }

    [Fact]
    public void Looks_and_windows_on_request_count_nothing()
    {
        FakeProcess process = _host.Start();
        FakeArea area = Fill(process, 100);
        Pass(3);
        Touch(area, 0, 20);
        _host.Write();
        _passes.Glance(process.Tracked);
        using (IWorkingSetWindow window = _estimator.BeginWindow(process.Tracked, out _)!)
        {
            _host.Clock.Advance(Window / 2);
            Assert.Equal(ReadOutcome.Success, window.Complete(out _));
        }

        Assert.Equal("0 doubtful 0", Told(process));
        Pass();
        Assert.Equal(20UL * FakeArea.PageBytes, _passes.Completed(process.Tracked).AnonBytes);
    }

    [Fact]
    public void Counting_costs_no_garbage()
    {
        FakeProcess process = _host.Start();
        FakeArea area = Fill(process, 2000);
        Pass(3);
        long least = long.MaxValue;
        for (int round = 0; round < 8; round++)
        {
            Touch(area, round % 3 * 500, 500);
            _host.Clock.Advance(Window);
            _host.Write();
            long before = GC.GetAllocatedBytesForCurrentThread();
            _estimator.Pass([process.Tracked], 0, NoSink.Instance);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.InRange(least, 0, 512);
    }

    private string Told(FakeProcess process) => ReaccessModel.Describe(_passes.Reaccessed[process.Tracked]);

    private FakeArea Fill(FakeProcess process, int pages, FolioKind kind = FolioKind.Anon)
    {
        FakeArea area = process.Map(pages, kind);
        for (int page = 0; page < pages; page++)
        {
            FakeProcess.Set(area, page, new FakePage(_host.Allocate(kind), 0));
        }

        return area;
    }

    private static void Touch(FakeArea area, int first, int count)
    {
        for (int page = first; page < first + count; page++)
        {
            FakeHost.Touch(area.Pages[page].Folio!);
        }
    }

    private void Pass(int count = 1)
    {
        for (int pass = 0; pass < count; pass++)
        {
            _host.Clock.Advance(Window);
            _host.Write();
            _passes.Run([.. _host.Processes.Select(static process => process.Tracked)]);
        }
    }

    private void Reopen(Func<EstimatorOptions, EstimatorOptions> change)
    {
        _estimator.Dispose();
        (_estimator, _passes) = Open(change);
    }

    private (PageIdleEstimator Estimator, Passes Passes) Open(Func<EstimatorOptions, EstimatorOptions>? change = null)
    {
        EstimatorOptions options = new() { IdleAges = Ages, CountsReaccesses = true };
        PageIdleEstimator estimator = _host.Estimator(change?.Invoke(options) ?? options);
        return (estimator, new Passes(estimator));
    }

    public void Dispose()
    {
        _estimator.Dispose();
        _host.Dispose();
    }

    private sealed class NoSink : IWorkingSetSink
    {
        internal static NoSink Instance { get; } = new();

        public void Completed(TrackedProcess process, in WorkingSetSample sample)
        {
        }

        public void Skipped(TrackedProcess process, ReadOutcome reason)
        {
        }
    }
}
