using System.Runtime.InteropServices;
using MemSnoop.Disturbances;
using MemSnoop.Kernel;
using MemSnoop.Paging;
using MemSnoop.Processes;
using MemSnoop.WorkingSets.PageIdle.Handover;

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

    /// <summary>Of a process that is smaller than twice so many units, and of most that are not much larger, everything is measured: an error of 17 % at worst is still of use.</summary>
    private const int LeastUnits = 32;

    private readonly EstimatorOptions _options;
    private readonly TimeProvider _clock;
    private readonly long _epoch;
    private readonly PageIdleFiles _files;
    private readonly bool _ownsFiles;
    private readonly IIdleBitmap _bitmap;
    private readonly FrameTable _frames = new();
    private readonly Epochs _epochs;
    private readonly ReachedAges? _reached;
    private readonly FolioResolver _resolver;
    private readonly WindowReader _windows;
    private readonly AddressWalk _addresses;
    private readonly PageWalk _walk;
    private readonly FrameCollector _collector;
    private readonly PageAges _scratch = new();
    private readonly Dictionary<ProcessIdentity, ProcessPages> _processes = [];
    private readonly PassOrder _order;
    private readonly List<FrameBlock> _empty = [];
    private readonly GroupTotals _group = new();
    private readonly ChargedPass? _charged;

    private readonly ulong _salt;
    private double _wantedShare = 1;
    private MemoryShare _share = MemoryShare.Whole;
    private MemoryShare _shareBefore = MemoryShare.Whole;

    private readonly WindowMoments _moments;
    private DisturbanceReport _report = DisturbanceReport.Quiet;
    private long _pass;
    private TimeSpan _firstPass;
    private TimeSpan _windowStart;
    private TimeSpan _windowEnd;
    private int _groupNumber;

    /// <summary>Whether a pass has marked the frames of all processes, so that there is something to hand over.</summary>
    private bool _hasPassed;

    /// <summary>Whether a pass or look has begun, and not ended: what is known is not in order until then.</summary>
    private bool _isAtWork;

    // Where a pass or look is: another thread goes on with it where a process does not answer.
    private Stage _stage;
    private int _part;
    private int _next;
    private string? _walked;
    private readonly List<TrackedProcess> _glanced = [];
    private TimeSpan _glance;

    /// <summary>When the last pass marked frames, in the middle of it.</summary>
    private TimeSpan _marked;

    internal PageIdleEstimator(PageIdleFiles files, EstimatorOptions options, TimeProvider clock, IActivePages? active = null, bool ownsFiles = true)
    {
        _options = options;
        _salt = options.ShareSalt;
        _clock = clock;
        _epoch = clock.GetTimestamp();
        _files = files;
        _moments = new WindowMoments(files.Disturbances, options.Parts);
        _ownsFiles = ownsFiles;
        _order = new PassOrder(options);
        _bitmap = files.Bitmap.Open(_frames);
        _epochs = new Epochs(options.IdleAges[options.IdleAges.Count - 1]);
        _reached = options.CountsReaccesses ? new ReachedAges(_epochs, options.IdleAges, options.Parts > 1) : null;
        _resolver = new FolioResolver(files.Flags, _bitmap);
        _windows = new WindowReader(_bitmap, _resolver, () => Now);
        _addresses = new AddressWalk(options.Areas, files.PageBytes, active);
        _walk = new PageWalk(_frames, _addresses.Areas, _epochs, new DeviceKinds(files.Flags), new FreshFrames(_frames, files.Flags, _bitmap, _resolver), new FileReads(files.PageBytes), files.Cgroups, _reached, options.Parts > 1, active);
        _collector = new FrameCollector(_frames);
        _charged = options.ContainerOf is null || files is not { Cgroups: not null, Groups: not null } ? null
            : new ChargedPass(files, _frames, new FreshFrames(_frames, files.Flags, _bitmap, _resolver), _epochs, options);
    }

    /// <inheritdoc/>
    public string Method => MethodName;

    /// <inheritdoc/>
    public int Parts => _options.Parts;

    /// <inheritdoc/>
    double IWorkingSetEstimator.Share
    {
        get => _wantedShare;
        set => _wantedShare = value;
    }

    /// <inheritdoc/>
    AgesTaken? IWorkingSetEstimator.AgesTaken => AgesTaken;

    /// <summary>What was taken up of what an exporter before has left; null if that was not asked for.</summary>
    internal AgesTaken? AgesTaken { get; private set; }

    /// <inheritdoc/>
    ContainerMemoryState IWorkingSetEstimator.ContainerMemory =>
        _charged?.State
            ?? (_options.ContainerOf is null ? ContainerMemoryState.Off
            : _files.Cgroups is not null ? ContainerMemoryState.NoHierarchy
            : _files.CgroupsOpened == ReadOutcome.Denied ? ContainerMemoryState.Denied
            : ContainerMemoryState.NoFile);

    /// <summary>
    /// Memory that the estimator keeps from pass to pass, in bytes: three bits and a byte a frame, a bit more to count what is accessed again, about a byte a
    /// page, and as much again for the largest process.
    /// </summary>
    internal long StateBytes => _scratch.StateBytes + (_frames.Count * (((_reached is null ? 3L : 4L) * FrameBlock.Words * sizeof(ulong)) + FrameBlock.Frames)) + _processes.Values.Sum(static pages => pages.Ages.StateBytes);

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
        PageIdleFiles files = PageIdleFiles.Open(paths, options.ContainerOf is not null, clock);
        try
        {
            PageIdleEstimator estimator = new(files, options, clock, active);
            estimator.TakeAges(files.Lock!.AgesTaken, files.Lock.Ages);
            return estimator;
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    /// <summary>Goes on where another exporter has ended, if that is asked for.</summary>
    /// <param name="outcome">How its file was found.</param>
    /// <param name="file">The file.</param>
    internal void TakeAges(ReadOutcome outcome, KernelHandle file)
    {
        if (_options.AgesKeptFor is null)
        {
            return;
        }

        if (outcome != ReadOutcome.Success)
        {
            AgesTaken = new AgesTaken(outcome == ReadOutcome.NotSupported ? AgesOutcome.None : AgesOutcome.Damaged);
            return;
        }

        HandoverState state = StateNow();
        AgesTaken taken = AgesHandover.Read(file, state, Now);
        if (taken.AreContinued)
        {
            (_pass, _windowEnd, _marked, _hasPassed) = (state.Pass, state.WindowEnd, state.Marked, true);
            _moments.Remember(state.Moment!);
        }

        AgesTaken = taken;
    }

    /// <inheritdoc/>
    AgesLeft IWorkingSetEstimator.LeaveAges()
    {
        string path = "";
        AgesLeft left = default;
        ReadOutcome outcome = _files.Lock is null ? ReadOutcome.NotSupported
            : _files.Lock.Directory.LeaveAges(file => LeaveAges(file, new HandoverRoom(), out left), out path);
        return outcome == ReadOutcome.Success ? left with { Path = path } : new AgesLeft(path, left.Reason ?? $"{path} cannot be written ({outcome.ToReason()})");
    }

    /// <summary>Writes everything to a file.</summary>
    /// <param name="file">The file, empty.</param>
    /// <param name="room">Bounds it.</param>
    /// <param name="left">What was written, or why it was not.</param>
    internal ReadOutcome LeaveAges(KernelHandle file, HandoverRoom room, out AgesLeft left)
    {
        if (_isAtWork || !_hasPassed || !_share.IsWhole)
        {
            left = new AgesLeft(null, _isAtWork ? "a pass was under way" : _hasPassed ? "only a share of memory was measured, to keep within the processor time" : "no pass has ended");
            return ReadOutcome.NotSupported;
        }

        ReadOutcome outcome = AgesHandover.Write(file, StateNow(), Now, _moments.Report().IsUnbounded, room);
        left = outcome switch
        {
            ReadOutcome.Success => new AgesLeft(null, null, _processes.Count, KernelFile.LengthOf(file)),
            ReadOutcome.TooLarge => new AgesLeft(null, "there is too much memory"),
            _ => default,
        };
        return outcome;
    }

    private HandoverState StateNow() => new()
    {
        Frames = _frames,
        Epochs = _epochs,
        Processes = _processes,
        Groups = _group,
        Charged = _charged,
        Files = _files,
        Options = _options,
        Moment = _moments.Oldest,
        Pass = _pass,
        WindowEnd = _windowEnd,
        Marked = _marked,
    };

    /// <inheritdoc/>
    public void Pass(IReadOnlyList<TrackedProcess> processes, int part, IWorkingSetSink sink)
    {
        ArgumentNullException.ThrowIfNull(processes);
        ArgumentNullException.ThrowIfNull(sink);
        if (part == 0)
        {
            BeginPass();
        }

        (_part, _isAtWork) = (part, true);
        if (_wantedShare <= 0)
        {
            LeaveOut(processes, part, sink);
            return;
        }

        // The moment is taken before the first mark, and the next one after the last reading: what happens in between belongs to both windows.
        IDisturbanceMoment start = _files.Disturbances.Now();
        EndWindows(part);
        _report = _moments.Report();
        _moments.Remember(start);
        if (Parts > 1)
        {
            _charged?.Take(part, Parts, _report);
            AdoptSeen(part);
        }

        _order.Take(processes, part, process => _share.IsWhole ? MemoryShare.Whole : ShareOf(process, PagesOf(process)));
        (_next, _walked, _stage) = (0, null, Stage.Pass);
        EndPass(sink);
    }

    /// <summary>A pass for which there is no processor time: nothing is measured, and the windows begin anew with the next pass that there is time for.</summary>
    private void LeaveOut(IReadOnlyList<TrackedProcess> processes, int part, IWorkingSetSink sink)
    {
        if (part == 0)
        {
            _frames.Clear();
            _charged?.LeaveOut();
            foreach (TrackedProcess process in processes)
            {
                PagesOf(process).Forget();
                sink.Skipped(process, ReadOutcome.OverBudget);
            }
        }

        if (part == Parts - 1)
        {
            Forget();
        }

        _isAtWork = false;
    }

    /// <summary>
    /// The share of a process that is walked over: that of the pass, and at least so much that <see cref="LeastUnits"/> units with pages can be expected. It stays as it is while the pass has
    /// the same and the process is about as large, so that its ages go on.
    /// </summary>
    private MemoryShare ShareOf(TrackedProcess process, ProcessPages pages)
    {
        if (_share.IsWhole)
        {
            return MemoryShare.Whole;
        }

        double least = LeastUnits * (MemoryUnit.Bytes / _files.PageBytes) / Math.Max(1.0, process.Stat.ResidentPages);
        double wanted = Math.Max(_share.Fraction, least);
        double before = pages.Share.Fraction;
        bool isSettled = !pages.IsNew && _share == _shareBefore && (wanted <= before * 2) && (before <= wanted * 2);
        return isSettled ? pages.Share : MemoryShare.Of(wanted, _salt);
    }

    /// <summary>The rest of a pass, from the process that is next.</summary>
    private void EndPass(IWorkingSetSink sink)
    {
        WalkProcesses(sink);
        _stage = Stage.None;
        KernelCalls.About(0);
        if (Parts == 1)
        {
            // After the walk, which knows of frames that are new what was at their addresses before.
            _charged?.Take(_part, Parts, _report);
            AdoptSeen(_part);
        }

        _marked = _windowEnd + ((Now - _windowEnd) / 2);
        if (_part == Parts - 1)
        {
            _charged?.Complete(sink);
            Forget();
            _hasPassed = true;
        }

        _isAtWork = false;
    }

    /// <inheritdoc/>
    bool IWorkingSetEstimator.Resume(IWorkingSetSink sink)
    {
        switch (_stage)
        {
            case Stage.Pass:
                (TrackedProcess process, string? own) = _order[_next++];
                Fail(process, PagesOf(process), own is null ? 0 : _groupNumber, ReadOutcome.Hung, sink);
                EndPass(sink);
                return true;
            case Stage.Collect:
                sink.Skipped(_glanced[_next], ReadOutcome.Hung);
                _glanced.RemoveAt(_next);
                EndGlance(sink);
                return true;
            case Stage.Glance:
                TrackedProcess hung = _glanced[_next++];
                PagesOf(hung).Forget();
                sink.Skipped(hung, ReadOutcome.Hung);
                EndGlance(sink);
                return true;
            default:
                // A window on request has an estimator of its own.
                return true;
        }
    }

    /// <inheritdoc/>
    public void Glance(IReadOnlyList<TrackedProcess> processes, IWorkingSetSink sink)
    {
        ArgumentNullException.ThrowIfNull(processes);
        ArgumentNullException.ThrowIfNull(sink);
        if (_pass == 0 || _wantedShare <= 0)
        {
            return;
        }

        _isAtWork = true;
        _glanced.Clear();
        _glanced.AddRange(processes);
        (_next, _stage) = (0, Stage.Collect);
        EndGlance(sink);
    }

    /// <summary>The rest of a look, from the process that is next.</summary>
    private void EndGlance(IWorkingSetSink sink)
    {
        if (_stage == Stage.Collect)
        {
            for (; _next < _glanced.Count; _next++)
            {
                // Why it cannot be read is told by the walk below.
                ProcessPages pages = PagesOf(_glanced[_next]);
                _ = _addresses.Walk(_glanced[_next], pages.IsNew ? ShareOf(_glanced[_next], pages) : pages.Share, _collector);
            }

            KernelCalls.About(0);
            foreach (FrameBlock block in _collector.Blocks)
            {
                _windows.Glance(block);
            }

            _report = _moments.Report();
            (_next, _stage, _glance) = (0, Stage.Glance, Now);
        }

        for (; _next < _glanced.Count; _next++)
        {
            Glance(_glanced[_next], _glance, sink);
        }

        _stage = Stage.None;
        KernelCalls.About(0);
        foreach (FrameBlock block in _collector.Blocks)
        {
            _windows.AdoptAsked(block);
        }

        _collector.Clear();
        TimeSpan marked = Now;
        foreach (TrackedProcess process in _glanced)
        {
            if (_processes.TryGetValue(process.Identity, out ProcessPages? pages) && pages is { WasGlancedAt: true, MarkedAt: null })
            {
                pages.MarkedAt = marked;
            }
        }

        _isAtWork = false;
    }

    private void Glance(TrackedProcess process, TimeSpan now, IWorkingSetSink sink)
    {
        ProcessPages pages = PagesOf(process);
        TimeSpan life = _files.LifeOf(process);
        bool isBornHere = pages.IsNew && life < now - _windowEnd;
        NewPages newPages = isBornHere ? NewPages.AreUsedIfExclusive : NewPages.AreUsed;
        MemoryShare share = pages.IsNew ? ShareOf(process, pages) : pages.Share;
        _walk.Clear();
        ReadOutcome outcome = Walk(process, pages, share, 0, newPages, isGlance: true);
        if (outcome != ReadOutcome.Success)
        {
            pages.Forget();
            sink.Skipped(process, outcome);
            return;
        }

        TimeSpan? marked = pages.Walks > 0 ? _marked : pages.MarkedAt;
        if (isBornHere || marked is not null)
        {
            TimeSpan window = marked is { } start ? now - start : life;
            Complete(process, pages, new WindowTimes(now, window, TimeSpan.Zero), pages.IsNew ? now - life : pages.FirstSeen, sink);
        }

        pages.NoteShare(share, now);
        pages.TakeGlance(_scratch, _addresses.Areas.Areas, isBornHere ? now - life : now);
    }

    /// <inheritdoc/>
    public IWorkingSetWindow? BeginWindow(TrackedProcess process, out ReadOutcome outcome) => Begin(process, _options with { CountsReaccesses = false }, out outcome);

    /// <inheritdoc/>
    IReaccessRun? IWorkingSetEstimator.BeginReaccessRun(TrackedProcess process, IdleAges ages, out ReadOutcome outcome) =>
        Begin(process, _options with { CountsReaccesses = true, IdleAges = ages }, out outcome);

    /// <inheritdoc/>
    IWorkingSetWindow? IWorkingSetEstimator.BeginWindow(TrackedProcess process, AreaUses? areas, out ReadOutcome outcome) =>
        Begin(process, _options with { CountsReaccesses = false }, out outcome, areas, areas);

    /// <inheritdoc/>
    IReaccessRun? IWorkingSetEstimator.BeginPageRun(TrackedProcess process, IActivePages pages, out ReadOutcome outcome) =>
        Begin(process, _options with { CountsReaccesses = false }, out outcome, pages);

    /// <inheritdoc/>
    HostMemorySample? IWorkingSetEstimator.CountHost() => _pass < 2 || !_share.IsWhole ? null : HostCount.Of(_frames, _epochs, _options.IdleAges, _firstPass, _windowEnd, _files.PageBytes);

    private RequestedWindow? Begin(TrackedProcess process, EstimatorOptions options, out ReadOutcome outcome, IActivePages? pages = null, AreaUses? areas = null)
    {
        ArgumentNullException.ThrowIfNull(process);
        PageIdleEstimator own = new(_files, options with { Parts = 1, GroupOf = null, ContainerOf = null }, _clock, pages, ownsFiles: false);
        RequestedWindow window = new(own, process, areas is null ? null : new HeldAreas(areas, options.Areas));
        outcome = window.Begin();
        if (outcome == ReadOutcome.Success)
        {
            return window;
        }

        window.Dispose();
        return null;
    }

    private void BeginPass()
    {
        _pass++;
        (_shareBefore, _share) = (_share, MemoryShare.Of(_wantedShare, _salt));
        _resolver.BeginPass();
        _windowStart = _windowEnd;
        _windowEnd = Now;
        _firstPass = _pass == 1 ? _windowEnd : _firstPass;
        if (_epochs.Begin(_windowEnd) is { } table)
        {
            foreach (ProcessPages pages in _processes.Values)
            {
                pages.Ages.Translate(table);
            }

            foreach (FrameBlock block in _frames.Blocks)
            {
                foreach (ref byte age in block.Ages.AsSpan())
                {
                    age = table[age];
                }
            }
        }

        _reached?.BeginPass();
        _charged?.Begin(_windowStart, _windowEnd, _share);
    }

    private void EndWindows(int part)
    {
        foreach (FrameBlock block in _frames.Blocks)
        {
            if (block.Index % Parts == part)
            {
                _windows.EndWindow(block);

                if (_reached is null)
                {
                    AgeUpdate.Apply(block, _epochs.Current);
                }
                else
                {
                    // Of a pass in parts, the walks over processes needed the ages of before until now.
                    block.SettleReaccessed(_epochs.Previous);
                    AgeUpdate.ApplyNoting(block, _epochs.Current, _reached);
                }
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
                if (Parts == 1)
                {
                    block.SettleReaccessed(_epochs.Current);
                }

                if (block.IsEmpty)
                {
                    _empty.Add(block);
                }
            }
        }

        _empty.ForEach(_frames.Remove);
        _empty.Clear();
    }

    private void WalkProcesses(IWorkingSetSink sink)
    {
        for (; _next < _order.Count; _next++)
        {
            (TrackedProcess process, string? own) = _order[_next];
            if (own != _walked)
            {
                CompleteGroup(_walked, sink);
                _walked = own;
                _groupNumber++;
            }

            Measure(process, own is null ? 0 : _groupNumber, sink);
            if (own is not null && !ProcessGroup.IsKey(own))
            {
                _charged?.AddHiddenReads(own, _walk.HiddenReads.File, _walk.HiddenReads.Shmem);
            }
        }

        CompleteGroup(_walked, sink);
    }

    private void Measure(TrackedProcess process, int group, IWorkingSetSink sink)
    {
        _walk.Clear();
        ProcessPages pages = PagesOf(process);
        TimeSpan life = pages.IsNew && Parts == 1 && _pass > 1 ? _files.LifeOf(process) : TimeSpan.MaxValue;
        bool isBornHere = life < _windowEnd - _windowStart;
        bool isComplete = isBornHere || pages.WasGlancedAt || pages.Walks >= WalksBeforeFirstWindow;
        NewPages newPages = isBornHere ? NewPages.AreUsedIfExclusive
            : pages.LacksAges ? NewPages.AreDoubtful
            : isComplete || group == 0 || _pass == 1 ? NewPages.AreUsed
            : NewPages.AreDoubtful;
        MemoryShare share = ShareOf(process, pages);
        ReadOutcome outcome = Walk(process, pages, share, group, newPages, isGlance: false);
        if (outcome != ReadOutcome.Success)
        {
            Fail(process, pages, group, outcome, sink);
            return;
        }

        if (group != 0)
        {
            _group.Add(_walk.GroupTally, _walk.Units);
        }

        if (isComplete)
        {
            WindowTimes times = isBornHere ? new WindowTimes(_windowEnd, life, TimeSpan.Zero)
                : pages is { Walks: 0, MarkedAt: { } marked } ? new WindowTimes(_windowEnd, _windowEnd - marked, TimeSpan.Zero)
                : _walk.Window(_windowEnd, _windowEnd - _windowStart);
            TimeSpan firstSeen = isBornHere ? _windowEnd - life : pages.SharedSince ?? pages.FirstSeen;
            if (_reached is not null)
            {
                ReaccessTotals totals = pages.Reaccessed ??= new ReaccessTotals();
                totals.Add(_walk.Tally, _reached, pages.Doubts, firstSeen, _files.PageBytes);
                sink.Reaccessed(process, totals.Sample);
            }

            Complete(process, pages, times, firstSeen, sink);
            if (group != 0)
            {
                _group.AddProcess(times.Window, firstSeen);
            }
        }

        pages.NoteShare(share, _windowEnd);
        pages.Take(_scratch, _addresses.Areas.Areas, isBornHere ? _windowEnd - life : _windowEnd);
    }

    /// <summary>A process that could not be walked over, or not to its end: what was found until then counts for its group.</summary>
    private void Fail(TrackedProcess process, ProcessPages pages, int group, ReadOutcome outcome, IWorkingSetSink sink)
    {
        _group.Add(_walk.GroupTally, _walk.Units);
        if (group != 0 && outcome != ReadOutcome.ProcessGone)
        {
            _group.AddUnknown((long)process.Stat.ResidentPages);
        }

        pages.Forget();
        sink.Skipped(process, outcome);
    }

    private ProcessPages PagesOf(TrackedProcess process)
    {
        ref ProcessPages? entry = ref CollectionsMarshal.GetValueRefOrAddDefault(_processes, process.Identity, out _);
        entry ??= new ProcessPages();
        entry.Pass = _pass;
        return entry;
    }

    private void Complete(TrackedProcess process, ProcessPages pages, WindowTimes times, TimeSpan firstSeen, IWorkingSetSink sink)
    {
        pages.Doubts.Add(times.End, _walk.Tally.Doubtful, _options.IdleAges[_options.IdleAges.Count - 1]);
        WorkingSetSample sample = _walk.Tally.ToSample(times, firstSeen, pages.Doubts, _epochs, _options.IdleAges, _files.PageBytes);
        EstimateError? error = _walk.Units.Count > 0 ? _walk.Units.ErrorOf(_files.PageBytes) : null;
        sink.Completed(process, sample with { LeftOutBytes = _addresses.LeftOutBytes, Error = error });
    }

    private ReadOutcome Walk(TrackedProcess process, ProcessPages pages, MemoryShare share, int group, NewPages newPages, bool isGlance)
    {
        // Where frames are marked in parts, those that a walk has found may be marked only just before the next.
        MemoryShare counted = pages.IsNew ? MemoryShare.Whole
            : Parts > 1 && pages.EarlierShare.Bound < pages.Share.Bound ? pages.EarlierShare
            : pages.Share;
        bool isSampled = !share.IsWhole || !counted.IsWhole;
        _walk.Begin(new WalkTerms
        {
            Before = pages.Ages,
            After = _scratch,
            AreasBefore = pages.Areas,
            Counted = counted,
            Group = group,
            NewPages = newPages,
            IsGlance = isGlance,
            Report = _report,
        });
        ReadOutcome outcome = _addresses.Walk(process, isSampled && share.IsWhole ? MemoryShare.InUnits : share, _walk);
        if (outcome == ReadOutcome.Success && isSampled)
        {
            outcome = Scale(process, share.Bound < counted.Bound ? share : counted);
        }

        if (outcome == ReadOutcome.Success)
        {
            _walk.AddDoubts(process, pages);
        }

        return outcome;
    }

    /// <summary>Has what was counted stand for all of the process.</summary>
    private ReadOutcome Scale(TrackedProcess process, MemoryShare counted)
    {
        // The kernel tells how much is resident of the whole address space, and not of some areas.
        long? resident = _options.Areas == AreaFilter.All ? (long)process.Stat.ResidentPages : null;
        if (!_walk.Units.TryWeigh(counted.Fraction, resident))
        {
            return ReadOutcome.SampleTooSmall;
        }

        _walk.Scale(_walk.Units.Weight, resident);
        return ReadOutcome.Success;
    }

    private void CompleteGroup(string? group, IWorkingSetSink sink)
    {
        if (group is not null)
        {
            _group.Note(group, _pass);
        }

        if (group is not null && _group.Processes > 0)
        {
            _group.AddDoubts(_walk.GroupIdle, _report);
            if (_reached is not null)
            {
                sink.GroupReaccessed(group, _group.AddReaccessed(group, _reached, _files.PageBytes));
            }

            sink.GroupCompleted(group, _group.ToSample(group, _windowEnd, _epochs, _options.IdleAges, _files.PageBytes));
        }

        _walk.GroupIdle.Clear();
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

        _group.Forget(_pass);
    }

    /// <summary>How far a pass or look has come.</summary>
    private enum Stage
    {
        /// <summary>None is at processes.</summary>
        None,

        /// <summary>A pass walks over processes.</summary>
        Pass,

        /// <summary>A look collects frames.</summary>
        Collect,

        /// <summary>A look walks over processes.</summary>
        Glance,
    }

    /// <summary>Releases the bitmap. Marks stay set, which affects no process.</summary>
    public void Dispose()
    {
        _moments.Dispose();
        _charged?.Dispose();
        _bitmap.Dispose();
        if (_ownsFiles)
        {
            _files.Dispose();
        }
    }
}
