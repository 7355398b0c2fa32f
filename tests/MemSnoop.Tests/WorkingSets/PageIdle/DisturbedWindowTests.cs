using MemSnoop.Disturbances;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.PageIdle;

namespace MemSnoop.Tests.WorkingSets.PageIdle;

/// <summary>Windows in which something took accessed bits or moved content: bounds instead of a number, and ages that are certain.</summary>
public sealed class DisturbedWindowTests : IDisposable
{
    private const int Pages = 1000;
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);
    private static readonly IdleAges Ages = new([.. Enumerable.Range(0, 6).Select(static windows => windows * Window)]);

    private readonly FakeHost _host = new();
    private readonly PageIdleEstimator _estimator;
    private readonly Passes _passes;
    private readonly FakeProcess _process;
    private readonly FakeArea _area;

    public DisturbedWindowTests()
    {
        _estimator = _host.Estimator(new EstimatorOptions { IdleAges = Ages });
        _passes = new Passes(_estimator);
        _process = _host.Start();
        _area = Fill(_process, Pages, FolioKind.Anon);
        Pass();
        Pass();
    }

    [Fact]
    public void Everything_idle_may_have_been_used_where_the_disturbance_has_no_bound()
    {
        Disturb(static report => report.AddEverywhere(new HiddenPages(HiddenPages.Unbounded, HiddenPages.Unbounded, Disturbance.Damon)));
        Touch(100);
        WorkingSetSample sample = Pass();

        Assert.Equal(Disturbance.Damon, sample.Disturbance);
        Assert.Equal((Bytes(100), Bytes(Pages)), (sample.Bytes(PageKind.Anon), sample.UpperBytes(PageKind.Anon)));
        Assert.Equal(1, sample.KnownAges);
    }

    [Fact]
    public void A_bound_is_the_most_that_is_in_doubt()
    {
        Disturb(static report => report.AddGroup(0, new HiddenPages(Anon: 300, File: 5, Disturbance.Aged)));
        Touch(100);
        WorkingSetSample sample = Pass();

        Assert.Equal(Disturbance.Aged, sample.Disturbance);
        Assert.Equal((Bytes(100), Bytes(400)), (sample.TotalBytes, sample.UpperTotalBytes));
        Assert.Equal(Bytes(Pages - 100 - 300), sample.Idle[1]);
    }

    [Fact]
    public void What_hardly_matters_leaves_a_window_whole()
    {
        Disturb(static report => report.AddGroup(0, new HiddenPages(Anon: 32, File: 0, Disturbance.Advised)));
        WorkingSetSample sample = Pass();

        Assert.True(sample.IsWhole);
        Assert.Equal(0UL, sample.UpperTotalBytes);

        // Ages are never older than the truth, so they count every page.
        Assert.Equal(Bytes(Pages - 32), sample.Idle[1]);
    }

    [Fact]
    public void Idle_ages_become_certain_again_when_the_doubt_is_older_than_they_are()
    {
        for (int i = 0; i < 3; i++)
        {
            Pass();
        }

        Disturb(static report => report.AddGroup(0, new HiddenPages(Anon: 300, File: 0, Disturbance.Aged)));
        Pass();
        _host.Disturbances.Report = DisturbanceReport.Quiet;
        Assert.Equal([Pages, Pages - 300, Pages - 300, Pages - 300, Pages - 300, Pages - 300], Idle(_passes.Completed(_process.Tracked)));
        Assert.Equal([Pages, Pages, Pages - 300, Pages - 300, Pages - 300, Pages - 300], Idle(Pass()));
        Assert.Equal([Pages, Pages, Pages, Pages - 300, Pages - 300, Pages - 300], Idle(Pass()));
    }

    [Fact]
    public void Only_pages_charged_to_the_group_that_was_aged_are_in_doubt()
    {
        // Half of the frames are charged to group 7, half to group 8.
        using (FileStream file = File.Create(_host.Paths.Proc("kpagecgroup")))
        {
            foreach ((FakePage page, int index) in _area.Pages.Select(static (page, index) => (page, index)))
            {
                file.Position = (long)page.Frame * sizeof(ulong);
                file.Write(BitConverter.GetBytes(index < Pages / 2 ? 7UL : 8UL));
            }
        }

        using PageIdleEstimator estimator = _host.Estimator(new EstimatorOptions { IdleAges = Ages });
        Passes passes = new(estimator);
        Pass(passes);
        Disturb(static report => report.AddGroup(8, new HiddenPages(HiddenPages.Unbounded, 0, Disturbance.Aged)));
        Touch(100);
        WorkingSetSample sample = Pass(passes);
        Assert.Equal((Bytes(100), Bytes(100 + (Pages / 2))), (sample.TotalBytes, sample.UpperTotalBytes));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Content_that_was_collapsed_into_a_huge_page_is_in_doubt_only_if_the_kernel_collapsed_some(bool collapsed)
    {
        Disturb(report => report.HugePagesCollapsed = collapsed);
        FakeFolio huge = _host.Allocate(FolioKind.Anon, 9, near: 65536);
        for (int i = 0; i < 512; i++)
        {
            FakeProcess.Set(_area, i, new FakePage(huge, i));
        }

        WorkingSetSample sample = Pass();
        Assert.Equal(collapsed ? Disturbance.Moved : Disturbance.None, sample.Disturbance);
        Assert.Equal((Bytes(collapsed ? 0 : 512), Bytes(512)), (sample.TotalBytes, sample.UpperTotalBytes));
        Assert.Equal(Bytes(Pages - 512), sample.Idle[1]);
    }

    [Fact]
    public void A_page_that_was_migrated_keeps_its_age()
    {
        Pass();
        for (int i = 0; i < Pages; i++)
        {
            // The kernel carries the idle flag over.
            FakeFolio moved = _host.Allocate(FolioKind.Anon, near: 100_000);
            moved.Idle = _area.Pages[i].Folio!.Idle;
            FakeProcess.Set(_area, i, new FakePage(moved, 0));
        }

        WorkingSetSample sample = Pass();
        Assert.True(sample.IsWhole);
        Assert.Equal(0UL, sample.TotalBytes);
        Assert.Equal([Pages, Pages, Pages, Pages], Idle(sample));
    }

    [Fact]
    public void A_block_that_is_moved_takes_its_age_along_wherever_it_goes()
    {
        FakeArea second = Fill(_process, Pages, FolioKind.Anon);
        Pass();
        Pass();
        ulong hole = _area.StartPage;
        _process.Unmap(_area);
        second.StartPage = hole;
        Assert.Equal([Pages, Pages, Pages, 0, 0], Idle(Pass()));
    }

    [Fact]
    public void A_file_that_is_mapped_twice_counts_once()
    {
        FakeProcess process = _host.Start();
        FakeArea first = Fill(process, 100, FolioKind.Shmem);
        FakeArea second = process.Map(100, FolioKind.Shmem);
        for (int i = 0; i < 100; i++)
        {
            FakeProcess.Set(second, i, first.Pages[i]);
        }

        Pass();
        for (int i = 0; i < 30; i++)
        {
            FakeHost.Touch(first.Pages[i].Folio!);
        }

        Pass();
        WorkingSetSample sample = _passes.Completed(process.Tracked);
        Assert.Equal((Bytes(30), Bytes(100)), (sample.ShmemBytes, sample.ResidentBytes));
    }

    [Fact]
    public void Two_processes_of_one_address_space_count_once_for_their_group()
    {
        using FakeHost host = new();
        using PageIdleEstimator estimator = host.Estimator(new EstimatorOptions { IdleAges = Ages, GroupOf = static _ => "pod" });
        Passes passes = new(estimator);
        FakeProcess process = host.Start();
        FakeArea area = process.Map(100, FolioKind.Anon);
        for (int i = 0; i < 100; i++)
        {
            FakeProcess.Set(area, i, new FakePage(host.Allocate(FolioKind.Anon), 0));
        }

        // The twin has the same page tables, in which every page is exclusive.
        FakeProcess twin = host.Start();
        twin.Areas.Add(area);
        for (int i = 0; i < 3; i++)
        {
            host.Clock.Advance(Window);
            host.Write();
            passes.Run(process.Tracked, twin.Tracked);
        }

        Assert.Equal(Bytes(100), passes.Groups["pod"].ResidentBytes);
        twin.Areas.Clear();
    }

    private FakeArea Fill(FakeProcess process, int pages, FolioKind kind)
    {
        FakeArea area = process.Map(pages, kind);
        for (int i = 0; i < pages; i++)
        {
            FakeProcess.Set(area, i, new FakePage(_host.Allocate(kind), 0));
        }

        return area;
    }

    private void Disturb(Action<DisturbanceReport> happens)
    {
        DisturbanceReport report = new();
        happens(report);
        _host.Disturbances.Report = report;
    }

    private void Touch(int pages)
    {
        for (int i = 0; i < pages; i++)
        {
            FakeHost.Touch(_area.Pages[i].Folio!);
        }
    }

    private WorkingSetSample Pass() => Pass(_passes);

    private WorkingSetSample Pass(Passes passes)
    {
        _host.Clock.Advance(Window);
        _host.Write();
        passes.Run([.. _host.Processes.Select(static process => process.Tracked)]);
        return passes.AllCompleted.GetValueOrDefault(_process.Tracked);
    }

    private static int[] Idle(WorkingSetSample sample)
    {
        IdleBytes idle = sample.Idle;
        return [.. Enumerable.Range(0, sample.KnownAges).Select(band => (int)(idle[band] / FakeArea.PageBytes))];
    }

    private static ulong Bytes(int pages) => (ulong)pages * FakeArea.PageBytes;

    public void Dispose()
    {
        _estimator.Dispose();
        _host.Dispose();
    }
}
