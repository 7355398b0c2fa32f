using System.Globalization;
using System.Runtime.InteropServices;
using MemSnoop.Containers;
using MemSnoop.Kernel;
using MemSnoop.Paging;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.PageIdle;
using MemSnoop.WorkingSets.PageIdle.Handover;
using Microsoft.Extensions.Time.Testing;

namespace MemSnoop.Tests.WorkingSets.PageIdle;

/// <summary>
/// A host whose memory a test decides about page by page: plain files under a proc and a sys root for everything but the
/// idle bitmap, which <see cref="EmulatedIdleBitmap"/> plays.
/// </summary>
internal sealed class FakeHost : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly HandleBudget _budget = new(1000);
    private readonly SortedDictionary<ulong, FakeFolio> _folios = [];
    private readonly Dictionary<ulong, FakeFolio> _frames = [];
    private readonly List<FakeFolio> _freed = [];
    private int _nextPid = 100;
    private int _files;

    public FakeHost()
    {
        Paths = new KernelPaths(_directory["proc"], _directory["sys"], _directory["run"]);
        Directory.CreateDirectory(Paths.ProcRoot);
        Directory.CreateDirectory(Path.GetDirectoryName(BitmapFile)!);
        File.WriteAllBytes(BitmapFile, []);
        File.WriteAllBytes(Paths.Proc("kpageflags"), []);
        Bitmap = new EmulatedIdleBitmap(this);
    }

    public KernelPaths Paths { get; }

    public FakeTimeProvider Clock { get; } = new();

    public EmulatedIdleBitmap Bitmap { get; }

    public string BitmapFile => Paths.Sys(IdleBitmap.RelativePath);

    /// <summary>Where the bitmap ends; a word that is not whole cannot be read.</summary>
    public ulong BitmapFrames { get; set; } = 1 << 20;

    /// <summary>Whether kpagecgroup says of a tail what its folio is charged to, as kernels since 6.4 do.</summary>
    public bool TailsTellCharge { get; set; } = true;

    /// <summary>Whether kpageflags says of a tail what its folio is, as kernels since 6.10 do.</summary>
    public bool TailsTellAll { get; set; } = true;

    public List<FakeProcess> Processes { get; } = [];

    /// <summary>How long processes have lived, by pid; for ever where it does not say.</summary>
    public Dictionary<int, TimeSpan> Lives { get; } = [];

    /// <summary>Called with the pid when an estimator asks how long a new process has lived: in the middle of its walk over processes.</summary>
    public Action<int>? AskedForLife { get; set; }

    /// <summary>Which start of the host it is; null where the kernel does not say it.</summary>
    public Guid? Boot { get; set; } = Guid.NewGuid();

    /// <summary>How long the host was suspended so far: its clock does not count that, the time since boot does.</summary>
    public TimeSpan Suspended { get; set; }

    /// <summary>What else takes accessed bits.</summary>
    public FakeDisturbances Disturbances { get; } = new();

    public IEnumerable<FakeFolio> Folios => _folios.Values;

    public PageIdleEstimator Estimator(EstimatorOptions? options = null, IActivePages? active = null)
    {
        Assert.Equal(ReadOutcome.Success, KpageFlags.Open(Paths, out KpageFlags? flags));
        ReadOutcome opened = KpageCgroup.Open(Paths, out KpageCgroup? cgroups);
        PageIdleFiles files = new(Bitmap, flags!, cgroups, Disturbances, FakeArea.PageBytes)
        {
            CgroupsOpened = opened,
            Groups = options?.ContainerOf is null ? null : new ControlGroups(Paths, isReal: false),
            ZoneInfoPath = Paths.Proc("zoneinfo"),
            Boot = Boot,
            Uptime = () => Clock.GetUtcNow() - Clock.Start + TimeSpan.FromHours(1) + Suspended,
            LifeOf = process =>
            {
                AskedForLife?.Invoke(process.Identity.Pid);
                return Lives.GetValueOrDefault(process.Identity.Pid, TimeSpan.MaxValue);
            },
        };
        return new PageIdleEstimator(files, options ?? new EstimatorOptions(), Clock, active);
    }

    /// <summary>An estimator leaves its ages and ends; the file.</summary>
    public string Leave(PageIdleEstimator estimator, HandoverRoom? room = null)
    {
        string path = _directory[$"ages-{_files++}"];
        File.WriteAllBytes(path, []);
        Assert.Equal(ReadOutcome.Success, KernelFile.Open(path, Libc.OpenReadWrite, out KernelHandle file));
        using (file)
        {
            Assert.Equal(ReadOutcome.Success, estimator.LeaveAges(file, room ?? new HandoverRoom(), out _));
        }

        estimator.Dispose();
        return path;
    }

    /// <summary>An estimator that takes up what another has left.</summary>
    public PageIdleEstimator TakeUp(string path, EstimatorOptions options)
    {
        PageIdleEstimator estimator = Estimator(options);
        Assert.Equal(ReadOutcome.Success, KernelFile.Open(path, out KernelHandle file));
        using (file)
        {
            estimator.TakeAges(ReadOutcome.Success, file);
        }

        return estimator;
    }

    /// <summary>Makes a memory control group; "" is the root, and makes the hierarchy.</summary>
    public void AddGroup(string path)
    {
        Directory.CreateDirectory(Path.Join(GroupRoot, path));
        if (path.Length == 0)
        {
            File.WriteAllText(Path.Join(GroupRoot, "cgroup.procs"), "");
            File.WriteAllText(Path.Join(GroupRoot, "cgroup.controllers"), "memory\n");
            File.WriteAllBytes(Paths.Proc("kpagecgroup"), []);
        }
    }

    /// <summary>Removes a group; what is charged to it shows as charged to the one above.</summary>
    public void RemoveGroup(string path)
    {
        Directory.Delete(Path.Join(GroupRoot, path));
        foreach (FakeFolio folio in _folios.Values.Where(folio => folio.Group == path))
        {
            folio.Group = path[..path.LastIndexOf('/')];
        }
    }

    public ulong InodeOf(string path)
    {
        Assert.Equal(ReadOutcome.Success, KernelFile.Open(Path.Join(GroupRoot, path), Libc.OpenPath, out KernelHandle handle));
        using (handle)
        {
            Assert.Equal(0, Libc.Statx(handle, "."u8, 0, Libc.StatxInode, out Libc.StatxResult result));
            return result.Inode;
        }
    }

    public string GroupRoot => Paths.Sys("fs/cgroup");

    public FakeProcess Start() => Start(_nextPid++, startTicks: 1000);

    /// <summary>Starts a process whose pid another may have had.</summary>
    public FakeProcess Start(int pid, int startTicks)
    {
        string directory = Paths.Proc(pid.ToString(CultureInfo.InvariantCulture));
        Directory.CreateDirectory(directory);
        WriteStat(pid, startTicks, resident: 0);
        Assert.Equal(ReadOutcome.Success, TrackedProcess.TryTrack(Paths, _budget, pid, out TrackedProcess? tracked));
        FakeProcess process = new(pid, directory, tracked!);
        Processes.Add(process);
        process.Write();
        return process;
    }

    /// <summary>Says in the stat of a process what it has resident.</summary>
    public void TellResident(FakeProcess process) =>
        WriteStat(process.Pid, (long)process.Tracked.Identity.StartTicks, process.Areas.Sum(static area => area.Pages.Count(static page => page.Folio is { Kind: not (FolioKind.Hugetlb or FolioKind.Zero) })));

    private void WriteStat(int pid, long startTicks, int resident)
    {
        // Fields 4 to 52 of stat; the 22nd is the time it started, the 24th its resident pages.
        string text = pid.ToString(CultureInfo.InvariantCulture);
        string[] fields = [.. Enumerable.Repeat("0", 49)];
        fields[18] = startTicks.ToString(CultureInfo.InvariantCulture);
        fields[20] = resident.ToString(CultureInfo.InvariantCulture);
        File.WriteAllText(Path.Combine(Paths.Proc(text), "stat"), $"{text} (fake) S {string.Join(' ', fields)}\n");
    }

    /// <summary>The process ends: its directory goes, and what it mapped is mapped no more.</summary>
    public void Exit(FakeProcess process)
    {
        foreach (FakeArea area in process.Areas.ToArray())
        {
            process.Unmap(area);
        }

        Processes.Remove(process);
        process.Dispose();
        Directory.Delete(Paths.Proc(process.Pid.ToString(CultureInfo.InvariantCulture)), recursive: true);
    }

    /// <summary>Takes frames from the first place at or after the wanted one where the folio fits.</summary>
    public FakeFolio Allocate(FolioKind kind, int order = 0, ulong near = 4096)
    {
        ulong pages = 1UL << order;
        ulong first = (near + pages - 1) & ~(pages - 1);
        while (Enumerable.Range(0, (int)pages).Any(page => _frames.ContainsKey(first + (ulong)page)))
        {
            first += pages;
        }

        FakeFolio folio = new(first, order, kind);
        _folios.Add(first, folio);
        for (ulong page = 0; page < pages; page++)
        {
            _frames.Add(first + page, folio);
        }

        return folio;
    }

    /// <summary>Gives the frames of folios back that nobody maps.</summary>
    public void FreeUnmapped()
    {
        foreach (FakeFolio folio in _folios.Values.Where(static folio => folio.Kind != FolioKind.Zero && !folio.IsKept && folio.Mappings.All(static count => count == 0)).ToArray())
        {
            _folios.Remove(folio.First);
            _freed.Add(folio);
            for (int page = 0; page < folio.Pages; page++)
            {
                _frames.Remove(folio.First + (ulong)page);
            }
        }
    }

    /// <summary>Page cache: a folio of a file that nobody maps, charged to a group.</summary>
    public FakeFolio Cache(string? group, FolioKind kind = FolioKind.File, int order = 0, ulong near = 4096)
    {
        FakeFolio folio = Allocate(kind, order, near);
        (folio.Group, folio.IsKept) = (group, true);
        return folio;
    }

    /// <summary>The frames of a folio have come to hold something else.</summary>
    public void Replace(FakeFolio folio, FolioKind kind)
    {
        FakeFolio now = new(folio.First, folio.Order, kind);
        _folios[folio.First] = now;
        for (int page = 0; page < folio.Pages; page++)
        {
            _frames[folio.First + (ulong)page] = now;
        }
    }

    public FakeFolio? FolioAt(ulong frame) => _frames.GetValueOrDefault(frame);

    /// <summary>Somebody accesses a page: the flag of the whole folio goes.</summary>
    public static void Touch(FakeFolio folio) => folio.Idle = false;

    /// <summary>Somebody accesses so many pages of a process' first area.</summary>
    public static void Touch(FakeProcess process, int pages, int from = 0)
    {
        for (int i = from; i < from + pages; i++)
        {
            Touch(process.Areas[0].Pages[i].Folio!);
        }
    }

    /// <summary>Gives a process one more area, of anonymous pages that it alone has.</summary>
    public FakeProcess Fill(FakeProcess process, int pages)
    {
        FakeArea area = process.Map(pages, FolioKind.Anon);
        for (int i = 0; i < pages; i++)
        {
            FakeProcess.Set(area, i, new FakePage(Allocate(FolioKind.Anon), 0));
        }

        return process;
    }

    /// <summary>Writes all files as they are now.</summary>
    public void Write()
    {
        WriteFlags();
        WriteCharges();
        foreach (FakeProcess process in Processes)
        {
            process.Write();
        }
    }

    private void WriteFlags()
    {
        using FileStream file = File.Open(Paths.Proc("kpageflags"), FileMode.Open);
        foreach (FakeFolio folio in _freed)
        {
            file.Position = (long)folio.First * sizeof(ulong);
            file.Write(new byte[folio.Pages * sizeof(ulong)]);
        }

        _freed.Clear();
        foreach (FakeFolio folio in _folios.Values)
        {
            ulong[] flags = [.. Enumerable.Range(0, folio.Pages).Select(page => folio.Flags(page, TailsTellAll))];
            file.Position = (long)folio.First * sizeof(ulong);
            file.Write(MemoryMarshal.AsBytes(flags.AsSpan()));
        }
    }

    private void WriteCharges()
    {
        // A test without groups may write the file itself.
        if (!File.Exists(Path.Join(GroupRoot, "cgroup.procs")) || !File.Exists(Paths.Proc("kpagecgroup")))
        {
            return;
        }

        Dictionary<string, ulong> inodes = [];
        ulong[] charges = new ulong[_frames.Count == 0 ? 0 : _frames.Keys.Max() + 1];
        foreach (FakeFolio folio in _folios.Values.Where(static folio => folio.Group is not null))
        {
            if (!inodes.TryGetValue(folio.Group!, out ulong inode))
            {
                inodes.Add(folio.Group!, inode = InodeOf(folio.Group!));
            }

            charges.AsSpan((int)folio.First, TailsTellCharge ? folio.Pages : 1).Fill(inode);
        }

        File.WriteAllBytes(Paths.Proc("kpagecgroup"), MemoryMarshal.AsBytes(charges.AsSpan()).ToArray());
    }

    public void Dispose()
    {
        Processes.ForEach(static process => process.Dispose());
        _directory.Dispose();
    }
}
