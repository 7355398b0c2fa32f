using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.PageIdle;

namespace MemSnoop.Tests.WorkingSets.PageIdle;

/// <summary>Each kind of page by itself: what one window says of it when it was touched, and when it was not.</summary>
public sealed class FolioTests : IDisposable
{
    private readonly FakeHost _host = new();
    private readonly PageIdleEstimator _estimator;
    private readonly Passes _passes;
    private readonly FakeProcess _process;

    public FolioTests()
    {
        _estimator = _host.Estimator();
        _passes = new Passes(_estimator);
        _process = _host.Start();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(9)]
    public void A_folio_of_any_size_is_used_as_a_whole_or_not_at_all(int order)
    {
        FakeArea area = _process.Map(2 << order, FolioKind.Anon);
        FakeFolio used = Map(area, 0, FolioKind.Anon, order);
        Map(area, 1 << order, FolioKind.Anon, order);
        Pass();
        FakeHost.Touch(used);

        Check(Pass(), resident: 2 << order, anon: 1 << order);
        Check(Pass(), resident: 2 << order);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Of_a_folio_whose_head_is_not_mapped_both_far_parts_are_used_or_neither(bool touched)
    {
        FakeArea area = _process.Map(512, FolioKind.Anon);
        FakeFolio folio = _host.Allocate(FolioKind.Anon, 9);
        foreach (int page in Enumerable.Range(10, 20).Concat(Enumerable.Range(300, 20)))
        {
            FakeProcess.Set(area, page, new FakePage(folio, page));
        }

        Pass();
        for (int pass = 0; pass < 3; pass++)
        {
            if (touched)
            {
                FakeHost.Touch(folio);
            }

            Check(Pass(), resident: 40, anon: touched ? 40 : 0);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Pages_on_no_list_of_the_reclaim_are_neither_used_nor_idle(bool tailsTellAll)
    {
        _host.TailsTellAll = tailsTellAll;
        FakeArea area = _process.Map(17, FolioKind.Driver);
        Map(area, 0, FolioKind.Driver, 0);
        Map(area, 1, FolioKind.Driver, 4);
        Pass();

        for (int pass = 0; pass < 3; pass++)
        {
            WorkingSetSample sample = Pass();
            Check(sample, resident: 17, untracked: 17);
            Assert.Equal(0UL, sample.Idle[1]);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(9)]
    public void The_zero_page_is_nobodys_memory_from_its_first_window_on(int order)
    {
        FakeFolio zero = _host.Allocate(FolioKind.Zero, order);
        FakeArea area = _process.Map(2000, FolioKind.Anon);
        Pass();
        for (int i = 0; i < 1024; i++)
        {
            FakeProcess.Set(area, i, new FakePage(zero, i % zero.Pages));
        }

        Map(area, 1500, FolioKind.Anon, 0);
        Check(Pass(), resident: 1, anon: 1);
        Check(Pass(), resident: 1);
        Check(Pass(), resident: 1);
    }

    [Fact]
    public void Frames_of_a_huge_zero_page_that_was_given_back_are_memory_again()
    {
        FakeFolio zero = _host.Allocate(FolioKind.Zero, 0);
        FakeArea area = _process.Map(10, FolioKind.Driver);
        FakeArea anon = _process.Map(10, FolioKind.Anon);
        FakeProcess.Set(anon, 0, new FakePage(zero, 0));
        Pass();
        Check(Pass(), resident: 0);
        FakeProcess.Set(anon, 0, default);
        FakeProcess.Set(area, 0, new FakePage(new FakeFolio(zero.First, 0, FolioKind.Driver), 0));
        _host.Replace(zero, FolioKind.Driver);

        Check(Pass(), resident: 1, untracked: 1);
    }

    [Fact]
    public void Hugetlb_is_apart()
    {
        FakeArea area = _process.Map(512, FolioKind.Hugetlb);
        Map(area, 0, FolioKind.Hugetlb, 9);
        Map(_process.Map(1, FolioKind.Anon), 0, FolioKind.Anon, 0);
        Pass();

        WorkingSetSample sample = Pass();
        Check(sample, resident: 1);
        Assert.Equal(512UL * FakeArea.PageBytes, sample.HugetlbBytes);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Kinds_are_told_apart_by_the_device_of_the_file(bool tailsTellAll)
    {
        _host.TailsTellAll = tailsTellAll;
        FakeArea file = _process.Map(40, FolioKind.File);
        FakeArea shmem = _process.Map(40, FolioKind.Shmem);
        FakeFolio[] touched =
        [
            Map(file, 0, FolioKind.File, 4),
            Map(file, 20, FolioKind.Anon, 0), // a private copy
            Map(_process.Map(5, FolioKind.Anon), 0, FolioKind.Anon, 0),
        ];

        // The first page of the device that is looked at is a tail in the middle of its folio.
        FakeFolio segment = _host.Allocate(FolioKind.Shmem, 4);
        for (int page = 0; page < 10; page++)
        {
            FakeProcess.Set(shmem, page, new FakePage(segment, page + 5));
        }

        Pass();
        Array.ForEach([.. touched, segment], FakeHost.Touch);
        WorkingSetSample sample = Pass();

        Check(sample, resident: 28, anon: 2);
        Assert.Equal(16UL * FakeArea.PageBytes, sample.FileBytes);
        Assert.Equal(10UL * FakeArea.PageBytes, sample.ShmemBytes);
    }

    [Fact]
    public void A_shared_page_is_everybodys_and_once_its_groups()
    {
        using FakeHost host = new();
        using PageIdleEstimator estimator = host.Estimator(new EstimatorOptions { GroupOf = static _ => "pod" });
        Passes passes = new(estimator);
        FakeFolio shared = host.Allocate(FolioKind.Shmem, 3);
        FakeProcess first = Sharer();
        Run();
        Run();

        // Of a process that is new nothing is known yet; what it shares must not be taken from those that are.
        FakeProcess second = Sharer();
        FakeHost.Touch(shared);
        Run();
        Assert.Equal(8UL * FakeArea.PageBytes, passes.Groups["pod"].ShmemBytes);
        FakeHost.Touch(shared);
        Run();
        Assert.Equal(8UL * FakeArea.PageBytes, passes.Completed(first.Tracked).ShmemBytes);
        Assert.Equal(8UL * FakeArea.PageBytes, passes.Completed(second.Tracked).ShmemBytes);
        Assert.Equal(8UL * FakeArea.PageBytes, passes.Groups["pod"].ShmemBytes);
        Assert.Equal(8UL * FakeArea.PageBytes, passes.Groups["pod"].ResidentBytes);

        FakeProcess Sharer()
        {
            FakeProcess process = host.Start();
            FakeArea area = process.Map(8, FolioKind.Shmem);
            for (int page = 0; page < 8; page++)
            {
                FakeProcess.Set(area, page, new FakePage(shared, page));
            }

            return process;
        }

        void Run()
        {
            host.Clock.Advance(TimeSpan.FromSeconds(60));
            host.Write();
            passes.Run([.. host.Processes.Select(static process => process.Tracked)]);
        }
    }

    [Fact]
    public void A_word_of_the_bitmap_is_read_once_for_all_processes()
    {
        FakeFolio[] folios = [.. Enumerable.Range(0, 300).Select(_ => _host.Allocate(FolioKind.Anon))];
        foreach (FakeProcess process in new[] { _process, _host.Start(), _host.Start() })
        {
            FakeArea area = process.Map(300, FolioKind.Anon);
            for (int i = 0; i < 300; i++)
            {
                FakeProcess.Set(area, i, new FakePage(folios[i], 0));
            }
        }

        Pass();
        _host.Bitmap.WordsRead.Clear();
        Pass();

        Assert.Equal(folios.Select(static folio => (long)folio.First / 64).Distinct(), _host.Bitmap.WordsRead.Keys.Order());
        Assert.All(_host.Bitmap.WordsRead.Values, static times => Assert.Equal(1, times));
    }

    private FakeFolio Map(FakeArea area, int at, FolioKind kind, int order)
    {
        FakeFolio folio = _host.Allocate(kind, order);
        for (int page = 0; page < folio.Pages; page++)
        {
            FakeProcess.Set(area, at + page, new FakePage(folio, page));
        }

        return folio;
    }

    private WorkingSetSample Pass()
    {
        _host.Clock.Advance(TimeSpan.FromSeconds(60));
        _host.Write();
        _passes.Run([.. _host.Processes.Select(static process => process.Tracked)]);
        Assert.Empty(_passes.AllSkipped);
        return _passes.AllCompleted.GetValueOrDefault(_process.Tracked);
    }

    private static void Check(WorkingSetSample sample, int resident, int anon = 0, int untracked = 0)
    {
        Assert.Equal((ulong)resident * FakeArea.PageBytes, sample.ResidentBytes);
        Assert.Equal((ulong)anon * FakeArea.PageBytes, sample.AnonBytes);
        Assert.Equal((ulong)untracked * FakeArea.PageBytes, sample.UntrackedBytes);
        Assert.Equal(sample.ResidentBytes, sample.Idle[0]);
    }

    public void Dispose()
    {
        _estimator.Dispose();
        _host.Dispose();
    }
}
