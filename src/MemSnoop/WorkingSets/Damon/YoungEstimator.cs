using MemSnoop.Disturbances;
using MemSnoop.Kernel;
using MemSnoop.Paging;
using MemSnoop.Processes;

namespace MemSnoop.WorkingSets.Damon;

/// <summary>
/// Counts every page that was accessed, by a walk of the kernel over one process after another (<see cref="YoungScan"/>; Linux 6.18). A walk ends one window of the process and
/// begins the next, at one moment. Between walks nothing is at work.
/// </summary>
internal sealed class YoungEstimator : IWorkingSetEstimator
{
    /// <summary>What a page costs the kernel as long as nothing else is known: its entry, its folio, and a bit that is cleared.</summary>
    private static readonly TimeSpan InitialCost = TimeSpan.FromMicroseconds(0.1);

    /// <summary>Smaller ranges would cost more than they save anybody.</summary>
    private const long FewestPages = 8192;

    private readonly Kdamond _kdamond;
    private readonly YoungScan _scan;
    private readonly EstimatorOptions _options;
    private readonly TimeProvider _clock;
    private readonly IDisturbanceWatch _watch;
    private readonly IDisposable _lock;
    private readonly long _epoch;
    private readonly PageKindFinder _kinds;
    private readonly ResidentMap _map;
    private readonly AddressWalk _addresses;
    private readonly MappedFileReads _reads = new();
    private readonly KernelBuffer _status = new();
    private readonly MonitoredProcesses<YoungProcess> _processes = new(static identity => new YoungProcess(identity));
    private readonly List<Ended> _ended = [];
    private long _pass;
    private double _pageCost = InitialCost.TotalSeconds;
    private TimeSpan _longest;

    // Where a pass or look is: another thread goes on with it where a process does not answer.
    private readonly List<TrackedProcess> _looked = [];
    private int _next;
    private bool _isPass;
    private SharedMoment? _begin;
    private TrackedProcess? _walking;

    /// <param name="kdamond">The kdamond; disposed with this object.</param>
    /// <param name="scan">The walk, set up.</param>
    /// <param name="paths">The roots.</param>
    /// <param name="options">Options.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="watch">Knows of disturbances; disposed with this object.</param>
    /// <param name="taken">The lock on accessed bits; given back with this object.</param>
    internal YoungEstimator(Kdamond kdamond, YoungScan scan, KernelPaths paths, EstimatorOptions options, TimeProvider clock, IDisturbanceWatch watch, IDisposable taken)
    {
        _kdamond = kdamond;
        _scan = scan;
        _options = options;
        _clock = clock;
        _watch = watch;
        _lock = taken;
        _epoch = clock.GetTimestamp();
        _kinds = new PageKindFinder(paths);
        _map = new ResidentMap(_kinds, KernelUnits.Current.PageBytes, options.Areas == Paging.AreaFilter.All);
        _addresses = new AddressWalk(options.Areas, KernelUnits.Current.PageBytes, active: null);
    }

    /// <inheritdoc/>
    public string Method => DamonSupport.MethodName;

    /// <inheritdoc/>
    public TimeSpan? LongestStall => _longest;

    private TimeSpan Now => _clock.GetElapsedTime(_epoch);

    /// <inheritdoc/>
    public void Pass(IReadOnlyList<TrackedProcess> processes, int part, IWorkingSetSink sink)
    {
        ArgumentNullException.ThrowIfNull(processes);
        ArgumentNullException.ThrowIfNull(sink);
        _pass++;
        _longest = default;
        Look(processes, isPass: true, sink);
    }

    /// <inheritdoc/>
    public void Glance(IReadOnlyList<TrackedProcess> processes, IWorkingSetSink sink)
    {
        ArgumentNullException.ThrowIfNull(processes);
        ArgumentNullException.ThrowIfNull(sink);
        Look(processes, isPass: false, sink);
    }

    /// <inheritdoc/>
    bool IWorkingSetEstimator.Resume(IWorkingSetSink sink)
    {
        if (_walking is { } hung)
        {
            _walking = null;
            _processes.Lose(hung.Identity, ReadOutcome.Hung);
            if (_begin is { } begin)
            {
                sink.Skipped(hung, ReadOutcome.Hung);
                _next++;
                EndLook(begin, sink);
            }
        }

        return _begin is null;
    }

    private void Look(IReadOnlyList<TrackedProcess> processes, bool isPass, IWorkingSetSink sink)
    {
        // What an error has cut short is not gone on with.
        _begin?.Release();
        _begin = new SharedMoment(_watch);
        _ended.Clear();
        _looked.Clear();
        _looked.AddRange(processes);
        (_next, _isPass) = (0, isPass);
        EndLook(_begin, sink);
    }

    /// <summary>The rest of a pass or look, from the process that is next.</summary>
    private void EndLook(SharedMoment begin, IWorkingSetSink sink)
    {
        for (; _next < _looked.Count; _next++)
        {
            TrackedProcess process = _looked[_next];
            YoungProcess state = _processes.Of(process);
            state.Pass = _isPass ? _pass : state.Pass;
            ReadOutcome outcome = Walk(process, state, state.Window?.ReadsAtStart, out Walked walked);
            if (outcome != ReadOutcome.Success)
            {
                _processes.Lose(process.Identity, outcome);
                sink.Skipped(process, outcome);
                continue;
            }

            if (state.Window is { } ended)
            {
                _ended.Add(new Ended(process, state, ended, walked));
            }

            state.NextWindow().Begin(walked.At, walked.Time, begin, _reads.Total(process));
        }

        KernelCalls.About(0);

        // What disturbed a window is told by a moment after it: one for all that ended here.
        SharedMoment end = new(_watch);
        foreach (Ended window in _ended)
        {
            sink.Completed(window.Process, Report(window.State, window.Window, window.Walk, end));
            window.Window.End();
        }

        _ended.Clear();
        end.Release();
        begin.Release();
        _begin = null;
        if (_isPass)
        {
            _processes.ForgetAbsent(_pass);
        }
    }

    private WorkingSetSample Report(YoungProcess state, PartialWindow window, in Walked walked, SharedMoment end) =>
        state.Report(window, walked.At, walked.Time, window.Moment!.Until(end), walked.FileReads, _options.IdleAges);

    /// <summary>Counts what was accessed since the walk before, and what is resident.</summary>
    private ReadOutcome Walk(TrackedProcess process, YoungProcess state, ulong? readsAtStart, out Walked walked)
    {
        walked = default;
        _walking = process;
        _map.Begin(Math.Max(FewestPages, (long)(_options.MaxStall.TotalSeconds / _pageCost)));
        ReadOutcome outcome = _addresses.Walk(process, MemoryShare.Whole, _map);
        _walking = null;
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        List<Paging.MemoryArea> areas = _addresses.Areas.Areas;
        ulong pageBytes = KernelUnits.Current.PageBytes;
        _map.End(pageBytes, areas.Count > 0 ? areas[^1].End : 0);
        PerKind resident = new() { Anon = _map.Pages.Anon * pageBytes, File = _map.Pages.File * pageBytes, Shmem = _map.Pages.Shmem * pageBytes };
        TimeSpan start = Now;
        outcome = Count(process, out PerKind used);
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        // Each page was looked at some time within the walk.
        TimeSpan time = Now - start;
        TimeSpan at = start + (time / 2);
        state.LeftOutBytes = _addresses.LeftOutBytes;
        state.Walked(resident, used, at);
        walked = new Walked(at, time, _reads.Since(process, readsAtStart, areas, resident.File + resident.Shmem));
        return ReadOutcome.Success;
    }

    private ReadOutcome Count(TrackedProcess process, out PerKind used)
    {
        used = default;
        ReadOutcome outcome = _scan.Walk(process.Identity.Pid, _map.Ranges, isShmem: false, out ulong anon, out ulong file);
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        NoteCost();
        outcome = _scan.Walk(process.Identity.Pid, _map.Ranges, isShmem: true, out ulong copied, out ulong shmem);
        used = new PerKind { Anon = anon + copied, File = file, Shmem = shmem };

        // A pid may have become another process's; if this one is still there, it was there all the time.
        return outcome == ReadOutcome.Success ? process.ReadStatusAnew(_status, out _) : outcome;
    }

    /// <summary>
    /// The kernel holds the lock of the address space for one range at a time. How long is not told: it is the part of the processor time that the largest range is of all.
    /// </summary>
    private void NoteCost()
    {
        ulong pages = _map.Pages.Sum;
        if (_scan.CpuTime is not { } time || pages == 0)
        {
            return;
        }

        TimeSpan stall = time * Math.Min(1, (double)_map.Largest / pages);
        _longest = stall > _longest ? stall : _longest;
        if (pages >= FewestPages)
        {
            _pageCost = Math.Max(InitialCost.TotalSeconds, Math.Max(time.TotalSeconds / pages, _pageCost * 0.9));
        }
    }

    /// <inheritdoc/>
    /// <remarks>The process's other windows are divided, and have bounds.</remarks>
    public IWorkingSetWindow? BeginWindow(TrackedProcess process, out ReadOutcome outcome)
    {
        ArgumentNullException.ThrowIfNull(process);
        YoungProcess state = _processes.Of(process);
        SharedMoment moment = new(_watch);
        outcome = Walk(process, state, null, out Walked walked);
        PartialWindow? window = null;
        if (outcome == ReadOutcome.Success)
        {
            window = new PartialWindow();
            window.Begin(walked.At, walked.Time, moment, _reads.Total(process));
            state.Open(window);
        }
        else
        {
            _processes.Lose(process.Identity, outcome);
        }

        moment.Release();
        return window is null ? null : new OwnWindow(this, process, state, window);
    }

    private ReadOutcome Complete(TrackedProcess process, YoungProcess state, PartialWindow window, out WorkingSetSample sample)
    {
        sample = default;
        if (state.Lost != ReadOutcome.Success)
        {
            return state.Lost;
        }

        ReadOutcome outcome = Walk(process, state, window.ReadsAtStart, out Walked walked);
        if (outcome != ReadOutcome.Success)
        {
            _processes.Lose(process.Identity, outcome);
            return outcome;
        }

        SharedMoment end = new(_watch);
        sample = Report(state, window, walked, end);
        end.Release();
        return ReadOutcome.Success;
    }

    /// <summary>Removes the kdamond and gives the lock back.</summary>
    public void Dispose()
    {
        _processes.Clear();
        _kdamond.Dispose();
        _kinds.Dispose();
        _watch.Dispose();
        _lock.Dispose();
    }

    /// <param name="At">When the pages were looked at, in the mean.</param>
    /// <param name="Time">How long that took.</param>
    /// <param name="FileReads">What may have been read of mapped files since the window began, in bytes.</param>
    private readonly record struct Walked(TimeSpan At, TimeSpan Time, ulong FileReads);

    /// <summary>A window that has ended, before it is known what disturbed it.</summary>
    private readonly record struct Ended(TrackedProcess Process, YoungProcess State, PartialWindow Window, Walked Walk);

    /// <summary>A window that somebody asked for.</summary>
    private sealed class OwnWindow(YoungEstimator estimator, TrackedProcess process, YoungProcess state, PartialWindow window) : IWorkingSetWindow
    {
        private bool _isOpen = true;

        public ReadOutcome Complete(out WorkingSetSample sample)
        {
            ObjectDisposedException.ThrowIf(!_isOpen, this);
            ReadOutcome outcome = estimator.Complete(process, state, window, out sample);
            Dispose();
            return outcome;
        }

        public void Dispose()
        {
            if (_isOpen)
            {
                _isOpen = false;
                state.Close(window);
            }
        }
    }
}
