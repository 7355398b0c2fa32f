using System.Globalization;
using MemSnoop.Disturbances;
using MemSnoop.Kernel;
using MemSnoop.Paging;
using MemSnoop.Processes;

namespace MemSnoop.WorkingSets.Damon;

/// <summary>
/// Estimates working sets by samples of the resident pages, which DAMON watches all the time: the share of the samples that was used is the share of the memory. For
/// kernels from 6.7 to 6.17; later ones count every page (<see cref="YoungEstimator"/>). Windows may overlap, since nothing that a window needs is cleared at the end of
/// another.
/// </summary>
internal sealed class SampleEstimator : IWorkingSetEstimator
{
    /// <summary>No process has more than this part of all samples, so that the first ones do not take the room of those that come.</summary>
    private const int MostShares = 8;

    /// <summary>Below this, an estimate says next to nothing: half the width of its interval is a quarter of what is resident.</summary>
    private const int FewestSamples = 16;

    private readonly Kdamond _kdamond;
    private readonly SampledTargets _targets;
    private readonly EstimatorOptions _options;
    private readonly KernelPaths _paths;
    private readonly TimeProvider _clock;
    private readonly IDisturbanceWatch _watch;
    private readonly IDisposable _lock;
    private readonly long _epoch;
    private readonly PageKindFinder _kinds;
    private readonly SampleWalk _walk;
    private readonly AddressWalk _addresses;
    private readonly MappedFileReads _reads = new();
    private readonly MonitoredProcesses<SampledProcess> _processes = new(static identity => new SampledProcess(identity));
    private readonly List<(TrackedProcess Process, SampledProcess State, ulong FileReads)> _walked = [];
    private long _pass;

    // Where a pass or look is: another thread goes on with it where a process does not answer.
    private readonly List<TrackedProcess> _looked = [];
    private int _next;
    private bool _isPass;
    private TrackedProcess? _walking;
    private bool _isUnderWay;

    /// <param name="kdamond">The kdamond; disposed with this object.</param>
    /// <param name="paths">The roots.</param>
    /// <param name="options">Options.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="watch">Knows of disturbances; disposed with this object.</param>
    /// <param name="taken">The lock on accessed bits; given back with this object.</param>
    internal SampleEstimator(Kdamond kdamond, KernelPaths paths, EstimatorOptions options, TimeProvider clock, IDisturbanceWatch watch, IDisposable taken)
    {
        _kdamond = kdamond;
        _targets = new SampledTargets(kdamond, paths);
        _options = options;
        _paths = paths;
        _clock = clock;
        _watch = watch;
        _lock = taken;
        _epoch = clock.GetTimestamp();
        _kinds = new PageKindFinder(paths);
        _walk = new SampleWalk(_kinds);
        _addresses = new AddressWalk(options.Areas, KernelUnits.Current.PageBytes, active: null);
    }

    /// <inheritdoc/>
    public string Method => DamonSupport.MethodName;

    private TimeSpan Now => _clock.GetElapsedTime(_epoch);

    /// <summary>Sets up what does not change. False if the kernel refuses.</summary>
    internal bool SetUp() => _targets.SetUp();

    /// <inheritdoc/>
    public void Pass(IReadOnlyList<TrackedProcess> processes, int part, IWorkingSetSink sink)
    {
        ArgumentNullException.ThrowIfNull(processes);
        ArgumentNullException.ThrowIfNull(sink);
        _pass++;
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
            if (_isUnderWay)
            {
                sink.Skipped(hung, ReadOutcome.Hung);
                _next++;
                EndLook(sink);
            }
        }

        return !_isUnderWay;
    }

    private void Look(IReadOnlyList<TrackedProcess> processes, bool isPass, IWorkingSetSink sink)
    {
        _looked.Clear();
        _looked.AddRange(processes);
        _walked.Clear();
        (_next, _isPass, _isUnderWay) = (0, isPass, true);
        EndLook(sink);
    }

    /// <summary>The rest of a pass or look, from the process that is next.</summary>
    private void EndLook(IWorkingSetSink sink)
    {
        for (; _next < _looked.Count; _next++)
        {
            TrackedProcess process = _looked[_next];
            SampledProcess state = _processes.Of(process);
            state.Pass = _isPass ? _pass : state.Pass;
            ReadOutcome outcome = Walk(process, state, state.ReadsAtStart, out ulong fileReads);
            if (outcome == ReadOutcome.Success)
            {
                _walked.Add((process, state, fileReads));
            }
            else
            {
                _processes.Lose(process.Identity, outcome);
                sink.Skipped(process, outcome);
            }
        }

        KernelCalls.About(0);
        if (_isPass)
        {
            _processes.ForgetAbsent(_pass);
        }

        Turn(sink);
        _isUnderWay = false;
    }

    /// <summary>Ends the windows of those that were walked and begins the next ones.</summary>
    private void Turn(IWorkingSetSink sink)
    {
        ReadOutcome outcome = Renew(out TimeSpan end, out TimeSpan begin);
        SharedMoment moment = new(_watch);
        foreach ((TrackedProcess process, SampledProcess state, ulong fileReads) in _walked)
        {
            if (outcome != ReadOutcome.Success || state.Lost != ReadOutcome.Success)
            {
                ReadOutcome reason = outcome != ReadOutcome.Success ? outcome : state.Lost;
                _processes.Lose(process.Identity, reason);
                sink.Skipped(process, reason);
                continue;
            }

            if (state.WindowStart is { } start)
            {
                if (state.SeenAt < end && state.Watched.Count > 0)
                {
                    // DAMON has told nothing of it: its counts are of no window.
                    _processes.Lose(process.Identity, ReadOutcome.Failed);
                    sink.Skipped(process, ReadOutcome.Failed);
                    continue;
                }

                sink.Completed(process, Report(state, start, state.UnwatchedAtStart, end, state.Moment!.Until(moment), fileReads));
            }

            state.ReadsAtStart = _reads.Total(process);
            state.Begin(begin, _targets.Unwatched, moment);
        }

        moment.Release();
    }

    /// <summary>Takes from DAMON what it has seen, and has it watch the samples that are wanted now.</summary>
    private ReadOutcome Renew(out TimeSpan end, out TimeSpan begin)
    {
        // What is watched until now goes on while the files are written: thousands of them take some time.
        bool isSame = _targets.Are(_processes.All);
        ReadOutcome outcome = isSame ? ReadOutcome.Success : _targets.Write(_processes.All);
        end = begin = _targets.Read(() => Now);
        foreach (SampledProcess state in _processes.All)
        {
            if (state.HasWalked)
            {
                state.Adopt(end);
            }
        }

        if (isSame || outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        outcome = _targets.Switch();
        if (outcome == ReadOutcome.ProcessGone)
        {
            // One that has ended since it was walked keeps the kernel from beginning with the others.
            LoseEnded();
            outcome = _targets.Write(_processes.All);
            outcome = outcome == ReadOutcome.Success ? _targets.Switch() : outcome;
        }

        begin = Now;
        return outcome;
    }

    private ReadOutcome Walk(TrackedProcess process, SampledProcess state, ulong? readsAtStart, out ulong fileReads)
    {
        fileReads = 0;
        _walking = process;
        SampleRate rate = state.Rate is { } before ? before.For(state.Resident, Budget()) : new SampleRate();
        _walk.Begin(state.Walked, rate, Budget() + (Budget() / 4));
        ReadOutcome outcome = _addresses.Walk(process, MemoryShare.Whole, _walk);
        if (outcome == ReadOutcome.Success)
        {
            (state.Resident, state.LeftOutBytes, state.HasWalked) = (_walk.Pages, _addresses.LeftOutBytes, true);
            state.WalkedRate = _walk.Rate;
            ulong most = (state.Resident.File + state.Resident.Shmem) * KernelUnits.Current.PageBytes;
            fileReads = _reads.Since(process, readsAtStart, _addresses.Areas.Areas, most);
        }

        _walking = null;
        return outcome;
    }

    private int Budget() => Math.Max(FewestSamples, Math.Min(_options.DamonSamples / MostShares, _options.DamonSamples / Math.Max(1, _processes.Count)));

    private WorkingSetSample Report(SampledProcess state, TimeSpan start, TimeSpan unwatchedAtStart, TimeSpan end, DisturbanceReport report, ulong fileReads)
    {
        TimeSpan window = end - start;
        double unseen = window > TimeSpan.Zero ? Math.Min(1, _targets.BusyShare + ((_targets.Unwatched - unwatchedAtStart) / window)) : 1;
        SampleReport sample = new(state, start, end, unseen, _options.IdleAges);
        WorkingSetSample undisturbed = sample.ToSample(_targets.Interval);
        return state.Bound.Judge(undisturbed, sample.ResidentBytes, report, report.FileReadsAreHidden ? fileReads : 0, end, _options.IdleAges);
    }

    private void LoseEnded()
    {
        foreach (SampledProcess state in _processes.All)
        {
            if (!Directory.Exists(_paths.Proc(state.Identity.Pid.ToString(CultureInfo.InvariantCulture))))
            {
                _processes.Lose(state.Identity, ReadOutcome.ProcessGone);
            }
        }
    }

    /// <inheritdoc/>
    public IWorkingSetWindow? BeginWindow(TrackedProcess process, out ReadOutcome outcome)
    {
        ArgumentNullException.ThrowIfNull(process);
        SampledProcess state = _processes.Of(process);
        outcome = Walk(process, state, null, out _);
        if (outcome == ReadOutcome.Success)
        {
            outcome = Renew(out _, out TimeSpan begin);
            if (outcome == ReadOutcome.Success && state.Lost == ReadOutcome.Success)
            {
                state.FirstStart ??= begin;
                state.OpenWindows++;
                return new OwnWindow(this, process, state, begin, _targets.Unwatched, new SharedMoment(_watch), _reads.Total(process));
            }

            outcome = outcome != ReadOutcome.Success ? outcome : state.Lost;
        }

        _processes.Lose(process.Identity, outcome);
        return null;
    }

    private ReadOutcome Complete(OwnWindow window, out WorkingSetSample sample)
    {
        sample = default;
        SampledProcess state = window.State;
        if (state.Lost != ReadOutcome.Success)
        {
            return state.Lost;
        }

        ReadOutcome outcome = Walk(window.Process, state, window.ReadsAtStart, out ulong fileReads);
        if (outcome != ReadOutcome.Success)
        {
            _processes.Lose(window.Process.Identity, outcome);
            return outcome;
        }

        outcome = Renew(out TimeSpan end, out _);
        if (state.Lost == ReadOutcome.Success && outcome is ReadOutcome.Success or ReadOutcome.ProcessGone && (state.SeenAt >= end || state.Watched.Count == 0))
        {
            SharedMoment moment = new(_watch);
            sample = Report(state, window.Start, window.UnwatchedAtStart, end, window.Moment.Until(moment), fileReads);
            moment.Release();
            return ReadOutcome.Success;
        }

        return state.Lost != ReadOutcome.Success ? state.Lost : outcome != ReadOutcome.Success ? outcome : ReadOutcome.Failed;
    }

    /// <summary>Removes the kdamond and gives the lock back.</summary>
    public void Dispose()
    {
        _processes.Clear();
        _targets.Close();
        _kdamond.Dispose();
        _kinds.Dispose();
        _watch.Dispose();
        _lock.Dispose();
    }

    /// <summary>A window that somebody asked for.</summary>
    private sealed class OwnWindow(
        SampleEstimator estimator, TrackedProcess process, SampledProcess state, TimeSpan start, TimeSpan unwatchedAtStart, SharedMoment moment, ulong? readsAtStart) : IWorkingSetWindow
    {
        private bool _isOpen = true;

        internal TrackedProcess Process => process;

        internal SampledProcess State => state;

        internal TimeSpan Start => start;

        internal TimeSpan UnwatchedAtStart => unwatchedAtStart;

        internal SharedMoment Moment => moment;

        internal ulong? ReadsAtStart => readsAtStart;

        public ReadOutcome Complete(out WorkingSetSample sample)
        {
            ObjectDisposedException.ThrowIf(!_isOpen, this);
            ReadOutcome outcome = estimator.Complete(this, out sample);
            Dispose();
            return outcome;
        }

        public void Dispose()
        {
            if (_isOpen)
            {
                _isOpen = false;
                state.OpenWindows--;
                moment.Release();
            }
        }
    }
}
