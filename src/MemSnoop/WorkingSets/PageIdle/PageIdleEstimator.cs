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
    private readonly FrameCollector _collector;
    private readonly AddressWalk _addresses;
    private readonly PassShares _shares;
    private readonly ProcessWindows _processes;
    private readonly PassOrder _order;
    private readonly List<FrameBlock> _empty = [];
    private readonly ChargedPass? _charged;

    private readonly WindowMoments _moments;
    private TimeSpan _firstPass;
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

    internal PageIdleEstimator(PageIdleFiles files, EstimatorOptions options, TimeProvider clock, IActivePages? active = null, bool ownsFiles = true)
    {
        _options = options;
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
        _shares = new PassShares(options.ShareSalt, files.PageBytes);
        PageWalk walk = new(_frames, _addresses.Areas, _epochs, new DeviceKinds(files.Flags), FreshFrames(), new FileReads(files.PageBytes), files.Cgroups, _reached, options.Parts > 1, active);
        _processes = new ProcessWindows(files, walk, _addresses, _epochs, _reached, _shares, options);
        _collector = new FrameCollector(_frames);
        _charged = options.ContainerOf is null || files is not { Cgroups: not null, Groups: not null } ? null
            : new ChargedPass(files, _frames, FreshFrames(), _epochs, options);

        FreshFrames FreshFrames() => new(_frames, files.Flags, _bitmap, _resolver);
    }

    /// <inheritdoc/>
    public string Method => MethodName;

    /// <inheritdoc/>
    public int Parts => _options.Parts;

    /// <inheritdoc/>
    double IWorkingSetEstimator.Share
    {
        get => _shares.Wanted;
        set => _shares.Wanted = value;
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
    internal long StateBytes => _processes.StateBytes + (_frames.Count * (((_reached is null ? 3L : 4L) * FrameBlock.Words * sizeof(ulong)) + FrameBlock.Frames));

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
            (_processes.Times, _processes.Marked, _hasPassed) = (new PassTimes(state.Pass, TimeSpan.Zero, state.WindowEnd), state.Marked, true);
            _shares.GoOnWith(state.Share);
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
        // Of a share that is walked over in parts, some units can be marked already and not counted yet.
        string? reason = _isAtWork ? "a pass was under way"
            : !_hasPassed ? "no pass has ended"
            : _shares.OfPass.Bound == 0 ? "there was no processor time to measure anything"
            : Parts > 1 && !_shares.OfPass.IsWhole ? "a share of memory was measured, and in parts"
            : null;
        if (reason is not null)
        {
            left = new AgesLeft(null, reason);
            return ReadOutcome.NotSupported;
        }

        ReadOutcome outcome = AgesHandover.Write(file, StateNow(), Now, _moments.Report().IsUnbounded, room);
        left = outcome switch
        {
            ReadOutcome.Success => new AgesLeft(null, null, _processes.Table.Count, KernelFile.LengthOf(file)),
            ReadOutcome.TooLarge => new AgesLeft(null, "there is too much memory"),
            _ => default,
        };
        return outcome;
    }

    private HandoverState StateNow() => new()
    {
        Frames = _frames,
        Epochs = _epochs,
        Processes = _processes.Table,
        Groups = _processes.Groups,
        Charged = _charged,
        Files = _files,
        Options = _options,
        Moment = _moments.Oldest,
        Pass = _processes.Times.Number,
        WindowEnd = _processes.Times.End,
        Marked = _processes.Marked,
        Share = _shares.OfPass,
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
        if (_shares.Wanted <= 0)
        {
            LeaveOut(processes, part, sink);
            return;
        }

        // The moment is taken before the first mark, and the next one after the last reading: what happens in between belongs to both windows.
        IDisturbanceMoment start = _files.Disturbances.Now();
        EndWindows(part);
        _processes.Report = _moments.Report();
        _moments.Remember(start);
        if (Parts > 1)
        {
            _charged?.Take(part, Parts, _processes.Report);
            AdoptSeen(part);
        }

        _order.Take(processes, part, process => _shares.OfPass.IsWhole ? MemoryShare.Whole : _shares.Of(process, _processes.PagesOf(process)));
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
                _processes.PagesOf(process).Forget();
                sink.Skipped(process, ReadOutcome.OverBudget);
            }
        }

        if (part == Parts - 1)
        {
            _processes.Forget();
        }

        _isAtWork = false;
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
            _charged?.Take(_part, Parts, _processes.Report);
            AdoptSeen(_part);
        }

        _processes.Marked = _processes.Times.End + ((Now - _processes.Times.End) / 2);
        if (_part == Parts - 1)
        {
            _charged?.Complete(sink);
            _processes.Forget();
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
                _processes.Fail(process, own is null ? 0 : _groupNumber, ReadOutcome.Hung, sink);
                EndPass(sink);
                return true;
            case Stage.Collect:
                sink.Skipped(_glanced[_next], ReadOutcome.Hung);
                _glanced.RemoveAt(_next);
                EndGlance(sink);
                return true;
            case Stage.Glance:
                TrackedProcess hung = _glanced[_next++];
                _processes.PagesOf(hung).Forget();
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
        if (_processes.Times.Number == 0 || _shares.Wanted <= 0)
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
                ProcessPages pages = _processes.PagesOf(_glanced[_next]);
                _ = _addresses.Walk(_glanced[_next], _shares.OfLook(_glanced[_next], pages), _collector);
            }

            KernelCalls.About(0);
            foreach (FrameBlock block in _collector.Blocks)
            {
                _windows.Glance(block);
            }

            _processes.Report = _moments.Report();
            (_next, _stage, _glance) = (0, Stage.Glance, Now);
        }

        for (; _next < _glanced.Count; _next++)
        {
            _processes.Glance(_glanced[_next], _glance, sink);
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
            if (_processes.Table.TryGetValue(process.Identity, out ProcessPages? pages) && pages is { WasGlancedAt: true, MarkedAt: null })
            {
                pages.MarkedAt = marked;
            }
        }

        _isAtWork = false;
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
    HostMemorySample? IWorkingSetEstimator.CountHost() => _processes.Times.Number < 2 || !_shares.OfPass.IsWhole ? null : HostCount.Of(_frames, _epochs, _options.IdleAges, _firstPass, _processes.Times.End, _files.PageBytes);

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
        PassTimes times = _processes.Times = new PassTimes(_processes.Times.Number + 1, _processes.Times.End, Now);
        _firstPass = times.Number == 1 ? times.End : _firstPass;
        _shares.Begin();
        _resolver.BeginPass();
        if (_epochs.Begin(times.End) is { } table)
        {
            foreach (ProcessPages pages in _processes.Table.Values)
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
        _charged?.Begin(times.Start, times.End, _shares.OfPass);
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
                _processes.CompleteGroup(_walked, sink);
                _walked = own;
                _groupNumber++;
            }

            _processes.Measure(process, own is null ? 0 : _groupNumber, sink);
            if (own is not null && !ProcessGroup.IsKey(own))
            {
                _charged?.AddHiddenReads(own, _processes.HiddenReads.File, _processes.HiddenReads.Shmem);
            }
        }

        _processes.CompleteGroup(_walked, sink);
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
