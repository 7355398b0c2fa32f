using System.Runtime.InteropServices;
using MemSnoop.Kernel;
using MemSnoop.Paging;
using MemSnoop.Processes;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>
/// Marks the page frames of all watched processes idle, and one window later reads which of them were accessed. The idle
/// flag of a frame is shared by everyone who maps it, so one pass serves all processes: it ends the window of each frame once, on the bitmap, and then walks
/// the pagemaps to find the processes that map it. Exact for pages of every size; does not stall its targets. It cannot see accesses through a translation
/// that stayed in the processor for the whole window (x86 keeps it when the accessed bit is cleared).
/// </summary>
public sealed class PageIdleEstimator : IWorkingSetEstimator
{
    /// <summary>The method's name.</summary>
    public const string MethodName = "page_idle";

    private readonly EstimatorOptions _options;
    private readonly TimeProvider _clock;
    private readonly long _epoch;
    private readonly ulong _pageBytes;
    private readonly IIdleBitmap _bitmap;
    private readonly KpageFlags _kpageFlags;
    private readonly FrameTable _frames = new();
    private readonly Epochs _epochs;
    private readonly FolioResolver _resolver;
    private readonly WindowReader _windows;
    private readonly AreaList _areas;
    private readonly Pagemap _pagemap;
    private readonly PageWalk _walk;
    private readonly PageAges _scratch = new();
    private readonly Dictionary<ProcessIdentity, ProcessPages> _processes = [];
    private readonly List<(TrackedProcess Process, string? Group)> _order = [];
    private readonly List<FrameBlock> _empty = [];
    private readonly GroupTotals _group;
    private long _pass;
    private TimeSpan _windowStart;
    private TimeSpan _windowEnd;
    private int _groupNumber;

    internal PageIdleEstimator(
        IIdleBitmap bitmap, KpageFlags kpageFlags, EstimatorOptions options, TimeProvider clock, ulong pageBytes, IActivePages? active = null)
    {
        _options = options;
        _clock = clock;
        _epoch = clock.GetTimestamp();
        _pageBytes = pageBytes;
        _bitmap = bitmap;
        _kpageFlags = kpageFlags;
        _epochs = new Epochs(options.IdleAges[options.IdleAges.Count - 1]);
        _resolver = new FolioResolver(kpageFlags, bitmap);
        _windows = new WindowReader(bitmap, _resolver);
        _areas = new AreaList(options.Areas, pageBytes, active);
        _pagemap = new Pagemap(pageBytes);
        _walk = new PageWalk(_frames, _epochs, new DeviceKinds(kpageFlags), new FreshFrames(kpageFlags), active);
        _group = new GroupTotals();
    }

    /// <inheritdoc/>
    public string Method => MethodName;

    /// <inheritdoc/>
    public int Parts => _options.Parts;

    /// <summary>Memory that the estimator keeps from pass to pass, in bytes: three bits a frame, about a byte a page, and as much again for the largest process.</summary>
    internal long StateBytes => _scratch.StateBytes + (_frames.Count * 3L * FrameBlock.Words * sizeof(ulong)) + _processes.Values.Sum(static pages => pages.Ages.StateBytes);

    /// <summary>
    /// If the frames of a process are marked in parts, its first window is complete one interval after the last part.
    /// </summary>
    private int WalksBeforeFirstWindow => Parts == 1 ? 1 : 2;

    private TimeSpan Now => _clock.GetElapsedTime(_epoch);

    /// <summary>Whether the method works here, or what is missing.</summary>
    public static ProbeResult Probe(KernelPaths paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        return PageIdleSupport.Probe(paths);
    }

    /// <summary>Opens the idle bitmap and locks it for as long as the estimator lives.</summary>
    /// <exception cref="IOException">It cannot be opened, or another program holds the lock.</exception>
    public static PageIdleEstimator Open(KernelPaths paths, EstimatorOptions options, TimeProvider clock) => Open(paths, options, clock, active: null);

    /// <summary>The same, with a receiver of the active pages themselves.</summary>
    internal static PageIdleEstimator Open(KernelPaths paths, EstimatorOptions options, TimeProvider clock, IActivePages? active)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(clock);
        ReadOutcome outcome = IdleBitmap.Open(paths, out IdleBitmap? bitmap);
        if (outcome != ReadOutcome.Success)
        {
            throw new IOException($"{paths.Sys(IdleBitmap.RelativePath)} cannot be opened ({outcome.ToReason()})");
        }

        if (!bitmap!.TryLock())
        {
            bitmap.Dispose();
            throw new IOException($"another program uses {paths.Sys(IdleBitmap.RelativePath)} and holds its lock");
        }

        outcome = KpageFlags.Open(paths, out KpageFlags? flags);
        if (outcome != ReadOutcome.Success)
        {
            bitmap.Dispose();
            throw new IOException($"{paths.Proc("kpageflags")} cannot be opened ({outcome.ToReason()})");
        }

        return new PageIdleEstimator(bitmap, flags!, options, clock, KernelUnits.Current.PageBytes, active);
    }

    /// <inheritdoc/>
    public void Pass(IReadOnlyList<TrackedProcess> processes, int part, IWorkingSetSink sink)
    {
        ArgumentNullException.ThrowIfNull(processes);
        ArgumentNullException.ThrowIfNull(sink);
        if (part == 0)
        {
            BeginPass();
        }

        EndWindows(part);
        if (Parts > 1)
        {
            AdoptSeen(part);
        }

        WalkProcesses(processes, part, sink);
        if (Parts == 1)
        {
            AdoptSeen(part);
        }

        if (part == Parts - 1)
        {
            Forget();
        }
    }

    private void BeginPass()
    {
        _pass++;
        _windowStart = _windowEnd;
        _windowEnd = Now;
        if (_epochs.Begin(_windowEnd) is { } table)
        {
            foreach (ProcessPages pages in _processes.Values)
            {
                pages.Ages.Translate(table);
            }
        }
    }

    private void EndWindows(int part)
    {
        foreach (FrameBlock block in _frames.Blocks)
        {
            if (block.Index % Parts == part)
            {
                _windows.EndWindow(block);
                _resolver.ResolveAccessed(block);
            }
        }
    }

    private void AdoptSeen(int part)
    {
        foreach (FrameBlock block in _frames.Blocks)
        {
            if (block.Index % Parts == part)
            {
                _windows.AdoptSeen(block);
                if (block.IsEmpty)
                {
                    _empty.Add(block);
                }
            }
        }

        _empty.ForEach(_frames.Remove);
        _empty.Clear();
        TimeSpan marked = Now;
        foreach (ProcessPages pages in _processes.Values)
        {
            if (pages.Walks == 1)
            {
                pages.MarkedAt = marked;
            }
        }
    }

    private void WalkProcesses(IReadOnlyList<TrackedProcess> processes, int part, IWorkingSetSink sink)
    {
        Order(processes, part);
        string? group = null;
        foreach ((TrackedProcess process, string? own) in _order)
        {
            if (own != group)
            {
                CompleteGroup(group, sink);
                group = own;
                _groupNumber++;
            }

            Walk(process, own is null ? 0 : _groupNumber, sink);
        }

        CompleteGroup(group, sink);
    }

    /// <summary>The processes of this part. Processes of a group are adjacent and in the same part.</summary>
    private void Order(IReadOnlyList<TrackedProcess> processes, int part)
    {
        _order.Clear();
        for (int i = 0; i < processes.Count; i++)
        {
            TrackedProcess process = processes[i];
            string? group = _options.GroupOf?.Invoke(process);
            int share = group is null ? process.Identity.Pid : string.GetHashCode(group, StringComparison.Ordinal) & int.MaxValue;
            if (share % Parts == part)
            {
                _order.Add((process, group));
            }
        }

        if (_options.GroupOf is not null)
        {
            _order.Sort(static (left, right) => string.CompareOrdinal(left.Group, right.Group));
        }
    }

    private void Walk(TrackedProcess process, int group, IWorkingSetSink sink)
    {
        ref ProcessPages? entry = ref CollectionsMarshal.GetValueRefOrAddDefault(_processes, process.Identity, out _);
        ProcessPages pages = entry ??= new ProcessPages();
        pages.Pass = _pass;
        bool isComplete = pages.Walks >= WalksBeforeFirstWindow;

        // A frame counts once for a group, and not by a process without a complete window.
        ReadOutcome outcome = Walk(process, pages, isComplete ? group : 0);
        _group.Add(_walk.GroupTally);
        if (outcome != ReadOutcome.Success)
        {
            pages.Forget();
            sink.Skipped(process, outcome);
            return;
        }

        if (isComplete)
        {
            TimeSpan start = Parts == 1 && pages.Walks == 1 ? pages.MarkedAt : _windowStart;
            TimeSpan window = _windowEnd - start;
            WorkingSetSample sample = _walk.Tally.ToSample(window, _windowEnd, pages.FirstSeen, _epochs, _options.IdleAges, _pageBytes);
            sink.Completed(process, sample with { LeftOutBytes = _pagemap.LeftOutBytes });
            if (group != 0)
            {
                _group.AddProcess(window, pages.FirstSeen);
            }
        }

        pages.Take(_scratch, _areas.Areas, _windowEnd);
    }

    private ReadOutcome Walk(TrackedProcess process, ProcessPages pages, int group)
    {
        _walk.Clear();
        ReadOutcome outcome = process.Enter(out ProcessDirectory directory);
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        try
        {
            outcome = _areas.Read(directory, out KernelHandle maps);
            using (maps)
            {
                if (outcome != ReadOutcome.Success)
                {
                    return outcome;
                }

                _walk.Begin(pages.Ages, _scratch, pages.Areas, CollectionsMarshal.AsSpan(_areas.Areas), group, _pageBytes);
                outcome = _pagemap.Walk(directory, _areas.Areas, _walk);
                return outcome != ReadOutcome.Success ? outcome : _areas.StillThere(maps);
            }
        }
        finally
        {
            process.Leave(directory);
        }
    }

    private void CompleteGroup(string? group, IWorkingSetSink sink)
    {
        if (group is not null && _group.Processes > 0)
        {
            sink.GroupCompleted(group, _group.ToSample(_windowEnd, _epochs, _options.IdleAges, _pageBytes));
        }

        _group.Clear();
    }

    private void Forget()
    {
        foreach ((ProcessIdentity identity, ProcessPages pages) in _processes)
        {
            if (pages.Pass != _pass)
            {
                _processes.Remove(identity);
            }
        }
    }

    /// <inheritdoc/>
    public void Glance(IReadOnlyList<TrackedProcess> processes, IWorkingSetSink sink) => throw new NotImplementedException();

    /// <inheritdoc/>
    public IWorkingSetWindow? BeginWindow(TrackedProcess process, out ReadOutcome outcome) => throw new NotImplementedException();

    /// <summary>Releases the bitmap. Marks stay set, which affects no process.</summary>
    public void Dispose()
    {
        _bitmap.Dispose();
        _kpageFlags.Dispose();
    }
}
