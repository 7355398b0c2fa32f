using MemSnoop.Disturbances;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.PageIdle;

namespace MemSnoop.Tests.WorkingSets.PageIdle;

/// <summary>Memory as it is charged to containers: by kind, each frame once, whoever maps it or nobody.</summary>
public sealed class ChargedMemoryTests : IDisposable
{
    private const string A = "/docker/a";
    private const string Nested = "/docker/a/init.scope";
    private const string B = "/docker/b";
    private const string Service = "/system.slice/ssh.service";

    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);
    private static readonly IdleAges Ages = new([.. Enumerable.Range(0, 6).Select(static windows => windows * Window)]);

    private readonly FakeHost _host = new();
    private PageIdleEstimator _estimator;
    private Passes _passes;

    public ChargedMemoryTests()
    {
        foreach (string group in (string[])["", "/docker", A, Nested, B, "/system.slice", Service])
        {
            _host.AddGroup(group);
        }

        (_estimator, _passes) = Open();
    }

    /// <summary>"a" and "b" are containers, with the groups that they made; all else is not.</summary>
    internal static string? ContainerOf(string path) => path.Split('/') is ["", "docker", var name, ..] ? name : null;

    [Fact]
    public void Each_kind_is_told_apart_and_counts_once()
    {
        FakeProcess first = _host.Start();
        FakeProcess second = _host.Start();
        FakeFolio[] anon = Map(first, FolioKind.Anon, A, 100);
        FakeFolio[] file = Map(first, FolioKind.File, A, 60);
        FakeFolio[] shmem = Map(first, FolioKind.Shmem, A, 50);
        Share(second, file, FolioKind.File);
        Share(second, shmem, FolioKind.Shmem);
        FakeFolio[] cache = [.. Enumerable.Range(0, 80).Select(_ => _host.Cache(A))];
        FakeFolio[] tmpfs = [.. Enumerable.Range(0, 7).Select(_ => _host.Cache(A, FolioKind.Shmem))];
        Pass();
        Assert.Empty(_passes.Containers);

        Touch(anon[..40], file[..20], shmem[..10], cache[..30], tmpfs[..2]);
        ContainerMemorySample sample = Pass()["a"];
        Assert.Equal("anon 40/100 file 20/60 shmem 12/57 cache 30/80", Describe(sample));
        Assert.Equal(Bytes(100 + 60 + 57 + 80), sample.HeldBytes);
        Assert.Equal((Bytes(60), Bytes(50)), (sample[ChargedKind.Anon].Idle[1], sample[ChargedKind.Cache].Idle[1]));

        // All of it once more idle, and none for longer than it was.
        sample = Pass()["a"];
        Assert.Equal("anon 0/100 file 0/60 shmem 0/57 cache 0/80", Describe(sample));
        Assert.Equal((Bytes(100), Bytes(60)), (sample[ChargedKind.Anon].Idle[1], sample[ChargedKind.Anon].Idle[2]));
    }

    [Fact]
    public void A_page_belongs_to_who_it_is_charged_to_and_not_to_who_maps_it()
    {
        FakeProcess process = _host.Start();
        FakeFolio[] own = Map(process, FolioKind.File, A, 10);
        FakeFolio[] others = Map(process, FolioKind.File, B, 20);
        FakeFolio[] nobodys = Map(process, FolioKind.File, null, 40);
        FakeFolio[] hosts = Map(process, FolioKind.Anon, Service, 80);
        Pass();

        Touch(own[..1], others[..2], nobodys, hosts);
        IReadOnlyDictionary<string, ContainerMemorySample> containers = Pass();
        Assert.Equal(["a", "b"], containers.Keys.Order());
        Assert.Equal("file 1/10", Describe(containers["a"]));
        Assert.Equal("file 2/20", Describe(containers["b"]));
    }

    [Fact]
    public void Groups_made_inside_a_container_belong_to_it_and_what_they_leave_does_too()
    {
        FakeFolio[] own = [.. Enumerable.Range(0, 10).Select(_ => _host.Cache(A))];
        FakeFolio[] nested = [.. Enumerable.Range(0, 20).Select(_ => _host.Cache(Nested))];
        Pass();
        Touch(own[..3], nested[..5]);
        Assert.Equal("cache 8/30", Describe(Pass()["a"]));

        _host.RemoveGroup(Nested);
        Touch(nested[..1]);
        ContainerMemorySample sample = Pass()["a"];
        Assert.Equal("cache 1/30", Describe(sample));
        Assert.Equal(Bytes(29), sample[ChargedKind.Cache].Idle[1]);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(false, false)]
    public void A_folio_of_any_size_counts_whole_however_little_its_tails_tell(bool tellCharge, bool tellAll)
    {
        (_host.TailsTellCharge, _host.TailsTellAll) = (tellCharge, tellAll);
        FakeFolio large = _host.Cache(A, order: 9);
        FakeFolio small = _host.Cache(A, order: 2);
        _host.Cache(A, FolioKind.Shmem, order: 4);
        _host.Cache(null, order: 4);
        FakeProcess process = _host.Start();
        FakeFolio huge = _host.Allocate(FolioKind.Anon, 9);
        huge.Group = A;
        FakeArea area = process.Map(3, FolioKind.Anon);
        FakeProcess.Set(area, 0, new FakePage(huge, 300));
        Pass();

        FakeHost.Touch(large);
        FakeHost.Touch(huge);
        Assert.Equal("anon 512/512 shmem 0/16 cache 512/516", Describe(Pass()["a"]));
        FakeHost.Touch(small);
        Assert.Equal("anon 0/512 shmem 0/16 cache 4/516", Describe(Pass()["a"]));
    }

    [Fact]
    public void What_a_container_takes_within_the_window_it_uses()
    {
        _host.Cache(A);
        Pass();
        FakeFolio taken = _host.Cache(A);
        FakeFolio migrated = _host.Cache(A);
        migrated.Idle = true;
        _host.AddGroup("/docker/new");
        _host.Cache("/docker/new");
        IReadOnlyDictionary<string, ContainerMemorySample> containers = Pass();
        Assert.Equal("cache 1/3", Describe(containers["a"]));
        Assert.Equal("cache 1/1", Describe(containers["new"]));

        // It cannot be idle for longer than there is a container.
        Assert.Equal(2, containers["new"][ChargedKind.Cache].KnownAges);
        FakeHost.Touch(taken);
        Assert.Equal("cache 0/1", Describe(Pass()["new"]));
    }

    [Fact]
    public void A_container_that_is_gone_has_no_numbers_and_no_state()
    {
        _host.Cache(A);
        Pass();
        long state = _estimator.StateBytes;
        for (int i = 0; i < 200; i++)
        {
            string group = $"/docker/short{i}";
            _host.AddGroup(group);
            FakeFolio folio = _host.Cache(group);
            Assert.Contains($"short{i}", Pass().Keys);
            folio.IsKept = false;
            _host.FreeUnmapped();
            _host.RemoveGroup(group);
            Assert.Equal(["a"], Pass().Keys);
        }

        Assert.Equal(state, _estimator.StateBytes);
    }

    [Fact]
    public void A_group_that_goes_during_the_pass_takes_nobody_with_it()
    {
        _host.Cache(A);
        _host.Cache(Nested);
        _host.Cache(B);
        Pass();
        Pass();

        // Listed before the pass and gone after it: the watch over disturbances is asked in between.
        _host.Disturbances.OnNow = () => Directory.Delete(Path.Join(_host.GroupRoot, B));
        Assert.Equal(["a"], Pass().Keys);
        _host.AddGroup(B);
        Assert.Equal(["a", "b"], Pass().Keys.Order());

        _host.Disturbances.OnNow = () => Directory.Delete(Path.Join(_host.GroupRoot, Nested));
        Assert.Equal("cache 0/2", Describe(Pass()["a"]));
    }

    [Fact]
    public void A_number_that_another_container_takes_over_during_the_pass_counts_for_neither()
    {
        _host.Cache(Nested);
        _host.Cache(A);
        _host.Cache(B);
        Pass();
        Pass();

        // The directory keeps its inode number, as a group made after another was removed can have it.
        _host.Disturbances.OnNow = () => Directory.Move(Path.Join(_host.GroupRoot, Nested), Path.Join(_host.GroupRoot, B, "x"));
        Assert.Empty(Pass());
        Directory.Move(Path.Join(_host.GroupRoot, B, "x"), Path.Join(_host.GroupRoot, Nested));
        Assert.Equal(["a", "b"], Pass().Keys.Order());
    }

    [Fact]
    public void With_reads_that_leave_no_trace_cache_has_bounds_and_all_else_its_number()
    {
        FakeProcess process = _host.Start();
        FakeFolio[] anon = Map(process, FolioKind.Anon, A, 1000);
        FakeFolio[] mapped = Map(process, FolioKind.Shmem, A, 100);
        foreach (int _ in Enumerable.Range(0, 80))
        {
            _host.Cache(A);
        }

        Pass();
        Pass();
        _host.Disturbances.Report = new DisturbanceReport { FileReadsAreHidden = true };
        Touch(anon[..400], mapped[..10]);
        ContainerMemorySample sample = Pass()["a"];
        Assert.Equal(ContainerMemoryState.WithoutReads, ((IWorkingSetEstimator)_estimator).ContainerMemory);
        ChargedMemory cache = sample[ChargedKind.Cache];
        Assert.Equal((Disturbance.FileRead, 0UL, Bytes(80), 1), (cache.Disturbance, cache.UsedBytes, cache.DoubtfulBytes, cache.KnownAges));
        Assert.Equal(Bytes(80), cache.Idle[0]);
        Assert.Equal("anon 400/1000 shmem 10/100", Describe(sample));

        // Of shared memory, what nobody maps.
        foreach (int _ in Enumerable.Range(0, 60))
        {
            _host.Cache(A, FolioKind.Shmem);
        }

        Pass();
        ChargedMemory shmem = Pass()["a"][ChargedKind.Shmem];
        Assert.Equal((Disturbance.FileRead, 0UL, Bytes(60)), (shmem.Disturbance, shmem.UsedBytes, shmem.DoubtfulBytes));
        _host.Disturbances.Report = DisturbanceReport.Quiet;
        Assert.Equal("anon 0/1000 shmem 0/160 cache 0/80", Describe(Pass()["a"]));
    }

    [Fact]
    public void Aging_of_one_group_puts_only_that_group_in_doubt()
    {
        foreach (string group in (string[])[A, Nested, B])
        {
            Map(_host.Start(), FolioKind.Anon, group, 1000);
        }

        Pass();
        Pass();
        DisturbanceReport aged = new();
        aged.AddGroup(_host.InodeOf(Nested), new HiddenPages(Anon: 300, File: 0, Disturbance.Aged));
        _host.Disturbances.Report = aged;
        IReadOnlyDictionary<string, ContainerMemorySample> containers = Pass();
        ChargedMemory anon = containers["a"][ChargedKind.Anon];
        Assert.Equal((Disturbance.Aged, 0UL, Bytes(300), Bytes(1700)), (anon.Disturbance, anon.UsedBytes, anon.DoubtfulBytes, anon.Idle[1]));
        Assert.Equal("anon 0/1000", Describe(containers["b"]));
    }

    [Fact]
    public void Pages_that_the_kernel_collapsed_may_not_have_been_used()
    {
        FakeFolio kept = _host.Cache(A);
        Pass();
        FakeFolio collapsed = _host.Allocate(FolioKind.Anon, 9);
        collapsed.Group = A;
        _host.Disturbances.Report = new DisturbanceReport { HugePagesCollapsed = true };
        ChargedMemory anon = Pass()["a"][ChargedKind.Anon];
        Assert.Equal((Disturbance.Moved, 0UL, Bytes(512)), (anon.Disturbance, anon.UsedBytes, anon.DoubtfulBytes));
        Assert.False(kept.IsMapped);
    }

    [Fact]
    public void A_new_process_in_a_container_is_no_doubt_for_what_is_charged()
    {
        Map(_host.Start(), FolioKind.Anon, A, 100);
        Reopen(options => options with { GroupOf = static _ => "a" });
        Pass();
        Map(_host.Start(), FolioKind.Anon, A, 200);
        Assert.Equal("anon 200/300", Describe(Pass()["a"]));
    }

    [Fact]
    public void Spread_over_the_interval_the_numbers_are_the_same()
    {
        Reopen(static options => options with { Parts = 4 });
        FakeFolio[] cache = [.. Enumerable.Range(0, 16).Select(block => _host.Cache(A, near: 64 + ((ulong)block << FrameBlock.FrameShift)))];
        Pass();
        Assert.Empty(_passes.Containers);
        Touch(cache[..5]);
        Assert.Equal("cache 5/16", Describe(Pass()["a"]));
        Assert.Equal("cache 0/16", Describe(Pass()["a"]));

        // Of a container that came during a pass only some frames were marked then.
        _host.AddGroup("/docker/new");
        _host.Cache("/docker/new");
        Assert.Equal(["a"], Pass().Keys);
        Assert.Equal("cache 0/1", Describe(Pass()["new"]));
    }

    [Theory]
    [InlineData("proc/kpagecgroup", "no_kpagecgroup")]
    [InlineData("sys/fs/cgroup", "no_control_groups")]
    public void What_is_missing_is_named(string missing, string reason)
    {
        string path = Path.Join(Path.GetDirectoryName(_host.Paths.ProcRoot), missing);
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
        else
        {
            File.Delete(path);
        }

        Reopen();
        Pass();
        Pass();
        Assert.Empty(_passes.Containers);
        Assert.Equal(reason, ((IWorkingSetEstimator)_estimator).ContainerMemory.ToReason());
    }

    [Fact]
    public void A_file_that_is_empty_counts_as_none()
    {
        Pass();
        Assert.Equal(ContainerMemoryState.NoFile, ((IWorkingSetEstimator)_estimator).ContainerMemory);

        // Two passes after it can be read there are numbers.
        _host.Cache(A);
        Assert.Empty(Pass());
        Assert.Equal("cache 0/1", Describe(Pass()["a"]));
        Assert.Equal(ContainerMemoryState.Measured, ((IWorkingSetEstimator)_estimator).ContainerMemory);
    }

    [Fact]
    public void Holes_between_zones_are_not_read()
    {
        _host.Cache(A, near: 100);
        _host.Cache(A, near: 40_000);
        _host.Cache(A, near: 70_000);
        File.WriteAllText(_host.Paths.Proc("zoneinfo"), """
            Node 0, zone      DMA
              pages free     2816
                    spanned  4095
              start_pfn:           1
            Node 0, zone   Normal
                    spanned  4096
              start_pfn:           69632
            Node 0, zone  Movable
                    spanned  0

            """);
        Reopen();
        Pass();
        Assert.Equal("cache 0/2", Describe(Pass()["a"]));
    }

    [Fact]
    public void Memory_of_containers_costs_no_garbage()
    {
        foreach (string group in (string[])[A, Nested, B])
        {
            for (int i = 0; i < 500; i++)
            {
                _host.Cache(group, order: i % 4);
            }
        }

        Assert.InRange(Enumerable.Range(0, 8).Min(_ =>
        {
            _host.Clock.Advance(Window);
            _host.Write();
            long before = GC.GetAllocatedBytesForCurrentThread();
            _estimator.Pass([], 0, NoSink.Instance);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }), 0, 512);
    }

    private void Reopen(Func<EstimatorOptions, EstimatorOptions>? change = null)
    {
        _estimator.Dispose();
        (_estimator, _passes) = Open(change);
    }

    private (PageIdleEstimator Estimator, Passes Passes) Open(Func<EstimatorOptions, EstimatorOptions>? change = null)
    {
        EstimatorOptions options = new() { IdleAges = Ages, ContainerOf = ContainerOf };
        PageIdleEstimator estimator = _host.Estimator(change?.Invoke(options) ?? options);
        return (estimator, new Passes(estimator));
    }

    private IReadOnlyDictionary<string, ContainerMemorySample> Pass()
    {
        _host.Clock.Advance(Window);
        _host.Write();
        _passes.Run([.. _host.Processes.Select(static process => process.Tracked)]);
        return _passes.Containers;
    }

    private FakeFolio[] Map(FakeProcess process, FolioKind kind, string? group, int pages)
    {
        FakeArea area = process.Map(pages, kind, inode: process.Areas.Count + 1);
        FakeFolio[] folios = new FakeFolio[pages];
        for (int page = 0; page < pages; page++)
        {
            folios[page] = _host.Allocate(kind);
            folios[page].Group = group;
            FakeProcess.Set(area, page, new FakePage(folios[page], 0));
        }

        return folios;
    }

    private static void Share(FakeProcess process, FakeFolio[] folios, FolioKind kind)
    {
        FakeArea area = process.Map(folios.Length, kind, inode: process.Areas.Count + 1);
        for (int page = 0; page < folios.Length; page++)
        {
            FakeProcess.Set(area, page, new FakePage(folios[page], 0));
        }
    }

    private static void Touch(params FakeFolio[][] folios)
    {
        foreach (FakeFolio folio in folios.SelectMany(static some => some))
        {
            FakeHost.Touch(folio);
        }
    }

    /// <summary>Used and held pages of each kind that there is, and whose window is whole.</summary>
    private static string Describe(ContainerMemorySample sample) => string.Join(' ', ChargedKinds.All
        .Where(kind => sample[kind] is { HeldBytes: > 0, IsWhole: true })
        .Select(kind => $"{kind.ToWord()} {sample[kind].UsedBytes / FakeArea.PageBytes}/{sample[kind].HeldBytes / FakeArea.PageBytes}"));

    private static ulong Bytes(int pages) => (ulong)pages * FakeArea.PageBytes;

    public void Dispose()
    {
        _estimator.Dispose();
        _host.Dispose();
    }

    private sealed class NoSink : IWorkingSetSink
    {
        internal static NoSink Instance { get; } = new();

        public void Completed(MemSnoop.Processes.TrackedProcess process, in WorkingSetSample sample)
        {
        }

        public void Skipped(MemSnoop.Processes.TrackedProcess process, MemSnoop.Kernel.ReadOutcome reason)
        {
        }
    }
}
