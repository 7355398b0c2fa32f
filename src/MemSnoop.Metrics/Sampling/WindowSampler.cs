using MemSnoop.Kernel;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Metrics.Sampling;

/// <summary>
/// Runs the passes as <see cref="WindowSchedule"/> says: one after another, or in parts that are spread evenly. Between them it looks for new processes every
/// few seconds, so that one which does not live until the next pass, or the one after it, has a working set too. If no process has begun, that is one read of a
/// short file.
/// </summary>
internal sealed partial class WindowSampler(
    IWorkingSetEstimator estimator,
    TimeSpan interval,
    MeasuredHost host,
    WatchList watchList,
    WorkingSetWindows windows,
    SampledMeasurement sampled,
    TimeProvider clock,
    ILogger<WindowSampler> logger,
    Func<TrackedProcess, bool>? isSummed = null,
    CpuBudget? budget = null) : BackgroundService, ILocalWindows
{
    /// <summary>
    /// The longest time between two looks for new processes. A process is seen after 4 s at the latest, and has its first window 4 s later and its second one 8 s
    /// after that: within 20 s there are two.
    /// </summary>
    internal static readonly TimeSpan LongestGlance = TimeSpan.FromSeconds(4);

    /// <summary>What a pass may take at least, however short the interval is, before its windows are called overdue.</summary>
    internal static readonly TimeSpan LeastPatience = TimeSpan.FromSeconds(15);

    /// <summary>For how long whoever counts the memory of the host waits for a pass to end.</summary>
    private static readonly TimeSpan CountPatience = TimeSpan.FromMilliseconds(250);

    /// <summary>What a pass under way gets to end by itself when the program ends, so that the ages can be left to the next.</summary>
    private static readonly TimeSpan LeavingPatience = TimeSpan.FromMilliseconds(300);

    private readonly Lock _pass = new();
    private readonly WatchedThread _thread = new("memsnoop passes", host.Paths.Hung);
    private readonly WindowSchedule _schedule = new(interval, estimator.Parts, clock, areOpen: estimator.AgesTaken is { AreContinued: true });
    private readonly ForkWitness _forks = new(host.Paths);

    // With short windows, the next pass is soon enough.
    private readonly TimeSpan? _glanceEvery = interval <= LongestGlance ? null : interval / 4 < LongestGlance ? interval / 4 : LongestGlance;
    private readonly Newcomers _newcomers = new(LongestGlance < interval / 4 ? LongestGlance : interval / 4, windows);
    private WatchedProcess[] _watched = [];
    private readonly List<TrackedProcess> _processes = [];
    private Stint _passed;
    private readonly CpuBudgetLog? _budgetLog = budget is null ? null : new CpuBudgetLog(budget, logger);
    private TimeSpan? _lastPassAt;
    private TimeSpan _glanceAt = TimeSpan.MaxValue;
    private int _part;
    private int _passes;
    private double _nextWindow = double.NaN;
    private double _passStarted = double.NaN;
    private long _expectedAt = long.MaxValue;
    private long _overdueAt = long.MaxValue;
    private bool _saidOverdue;
    private Type? _lastFailure;
    private bool _saidSteady;
    private bool _isStopping;
    private bool _hasLeft;
    private bool _isDisposed;

    /// <inheritdoc/>
    public string Method => estimator.Method;

    /// <summary>When the next window ends, in seconds since the Unix epoch; NaN before it is known.</summary>
    internal double NextWindow => Volatile.Read(ref _nextWindow);

    /// <summary>Since when a pass, or a part of one, is under way, in seconds since the Unix epoch; NaN if none is.</summary>
    internal double PassStarted => Volatile.Read(ref _passStarted);

    /// <summary>Passes that were left out because one before had not ended, or has not yet.</summary>
    internal long MissedPasses => _schedule.Skipped;

    /// <summary>How long after the start the first windows end.</summary>
    internal TimeSpan FirstWindow => _schedule.FirstEnd;

    /// <summary>Whether passes have ended the first windows, or failed to.</summary>
    internal bool HasPassed => Volatile.Read(ref _passes) >= _schedule.PassesToFirstEnd;

    /// <summary>What was taken up of the ages that an exporter before knew; null if that was not asked for.</summary>
    internal AgesTaken? AgesTaken => estimator.AgesTaken;

    /// <summary>Whether there is no more measuring.</summary>
    private bool IsOver => _isDisposed || _hasLeft;

    /// <summary>One part of a pass, apart from its schedule.</summary>
    internal void SampleOnce(int part = 0)
    {
        lock (_pass)
        {
            if (!IsOver)
            {
                Pass(part);
            }
        }
    }

    /// <summary>
    /// Whether the last windows have passed their age limit: those that should have replaced them are late by a whole interval, by twice what the last pass took, and
    /// by <see cref="LeastPatience"/>. Then they say nothing of now. Called by collections; tells the log once.
    /// </summary>
    private bool AreOverdue()
    {
        if (_schedule.Elapsed.Ticks <= Volatile.Read(ref _overdueAt))
        {
            return false;
        }

        if (!Interlocked.Exchange(ref _saidOverdue, true))
        {
            string late = Duration.Format(TimeSpan.FromSeconds(Math.Round((_schedule.Elapsed - TimeSpan.FromTicks(Volatile.Read(ref _expectedAt))).TotalSeconds)));
            Overdue(late);
        }

        return true;
    }

    private void Pass(int part)
    {
        Volatile.Write(ref _passStarted, UnixSeconds(TimeSpan.Zero));
        Stint.Beginning beginning = Stint.Begin(clock);
        Refresh();
        windows.Begin(_watched, part == 0);
        TimeSpan began = _schedule.Elapsed;
        _newcomers.BeginPass(_processes, began, part == 0);
        if (budget is not null && part == 0)
        {
            estimator.Share = budget.Next(ResidentPages(), _schedule.IsSteady);
        }

        TimeSpan cpu = Run(() => estimator.Pass(_processes, part, _newcomers)).Cpu;
        Stint stint = beginning.End() + new Stint(TimeSpan.Zero, cpu);
        _passed = part == 0 ? stint : _passed + stint;
        if (part == estimator.Parts - 1)
        {
            _newcomers.EndPass();
            budget?.EndPass(_passed.Cpu, began - _lastPassAt, _schedule.IsSteady);
            _lastPassAt = began;
            if (_schedule.IsSteady)
            {
                _budgetLog?.Tell(estimator.Share);
            }

            windows.Publish(
                new ReadingCost(_passed.Duration.TotalSeconds, _passed.Cpu.TotalSeconds), _passes + 1 >= _schedule.PassesToFirstEnd ? true : null, estimator.LongestStall, estimator.Share);
            Volatile.Write(ref _passes, _passes + 1);
        }

        Volatile.Write(ref _passStarted, double.NaN);
    }

    /// <summary>Has the estimator do something on a thread that may be lost to a process which does not answer. It goes on without that process then.</summary>
    private EstimatorWork Run(Action begin)
    {
        EstimatorWork work = new(this, begin);
        _thread.Run(work);
        return work;
    }

    private bool Resume() => estimator.Resume(_newcomers);

    private long ResidentPages()
    {
        long pages = 0;
        foreach (TrackedProcess process in _processes)
        {
            pages += (long)process.Stat.ResidentPages;
        }

        return pages;
    }

    private double UnixSeconds(TimeSpan fromNow) => (clock.GetUtcNow() + fromNow - DateTimeOffset.UnixEpoch).TotalSeconds;

    /// <summary>Whose windows are wanted: those of processes that have series of their own, or whose windows are summed up with those of others.</summary>
    private void Refresh()
    {
        _watched = watchList.Refresh();
        _processes.Clear();
        foreach (WatchedProcess watched in _watched)
        {
            if (watched.Verdict is null || isSummed?.Invoke(watched.Process) == true)
            {
                _processes.Add(watched.Process);
            }
        }
    }

    /// <summary>Looks at processes that no pass has ended a window of yet.</summary>
    private void Glance()
    {
        lock (_pass)
        {
            if (IsOver)
            {
                return;
            }

            TimeSpan now = _schedule.Elapsed;
            if (_forks.MayHaveForked())
            {
                Refresh();
                _newcomers.Notice(_processes, now);
            }

            IReadOnlyList<TrackedProcess> due = _newcomers.BeginGlance(now, _schedule.After(estimator.Parts - 1 - _part) - now);
            if (due.Count > 0)
            {
                windows.BeginGlance(_watched);
                TimeSpan cpu = Run(() => estimator.Glance(due, _newcomers)).Cpu;
                budget?.AddLook(cpu);
                windows.PublishGlance();
            }
        }
    }

    /// <summary>Lets what is published end when it is too old.</summary>
    internal void LimitAge() => windows.AreOverdue = AreOverdue;

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.Run(() => RunAsync(stoppingToken), stoppingToken);

    private async Task RunAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            TimeSpan wait = Step();

            // Timers count in milliseconds: rounded up, so that what is waited for is due then.
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(wait.TotalMilliseconds)), clock, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Does what is due now, a part of a pass or a look at new processes, and tells how long to wait for what is due next.</summary>
    internal TimeSpan Step()
    {
        bool isPass = _schedule.Elapsed >= _schedule.Next;
        try
        {
            if (isPass)
            {
                int part = _part;
                _part = (part + 1) % estimator.Parts;
                SampleOnce(part);
                _lastFailure = null;
            }
            else if (_schedule.Elapsed >= _glanceAt)
            {
                Glance();
            }
        }
        catch (OperationCanceledException) when (Volatile.Read(ref _isStopping))
        {
            return TimeSpan.Zero;
        }
#pragma warning disable CA1031 // One failed pass, whatever the cause, must not end later passes or the readings.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Fail(error, isPass);
        }

        if (isPass)
        {
            _schedule.Advance();
            sampled.Miss(_schedule.Skipped);
            Announce();
        }

        TimeSpan now = _schedule.Elapsed;
        PlanGlance(now);
        TimeSpan next = _schedule.Next < _glanceAt ? _schedule.Next : _glanceAt;
        return next > now ? next - now : TimeSpan.Zero;
    }

    /// <summary>The next multiple of the time between looks, unless a pass comes so soon after it that its windows would be short.</summary>
    private void PlanGlance(TimeSpan now)
    {
        if (_glanceEvery is not { } every)
        {
            _glanceAt = TimeSpan.MaxValue;
            return;
        }

        _glanceAt = (Math.Floor(now / every) + 1) * every;
        TimeSpan pass = _schedule.Next;
        while (estimator.Parts == 1 && _glanceAt <= pass && pass - _glanceAt < every / 2)
        {
            _glanceAt += every;
        }
    }

    private void Announce()
    {
        // The first pass, whole or in parts, mostly only begins windows.
        int ticks = estimator.Parts - 1 - _part + (_passes + 1 < _schedule.PassesToFirstEnd ? estimator.Parts : 0);
        TimeSpan end = _schedule.After(ticks);
        Volatile.Write(ref _nextWindow, UnixSeconds(end - _schedule.Elapsed));
        TimeSpan patience = interval > LeastPatience ? interval : LeastPatience;
        patience = 2 * _passed.Duration > patience ? 2 * _passed.Duration : patience;
        Volatile.Write(ref _expectedAt, end.Ticks);
        Volatile.Write(ref _overdueAt, (end + patience).Ticks);
        _saidOverdue = false;
        if (_schedule.HasRamp && _schedule.IsSteady && !_saidSteady)
        {
            _saidSteady = true;
            string full = Duration.Format(interval);
            SteadyWindows(full);
        }
    }

    private void Fail(Exception error, bool isPass)
    {
        Volatile.Write(ref _passStarted, double.NaN);
        sampled.Errors.Add("failed");
        if (isPass)
        {
            windows.Begin([], true);
            windows.Publish(ReadingCost.Unknown, succeeded: false);
            Volatile.Write(ref _passes, _passes + 1);
        }

        // One line per cause, not one per pass.
        if (_lastFailure != error.GetType())
        {
            _lastFailure = error.GetType();
            PassFailed(error.Message);
        }
    }

    /// <inheritdoc/>
    ContainerMemoryState ILocalWindows.ContainerMemory => estimator.ContainerMemory;

    /// <inheritdoc/>
    ContainerSample<ContainerMemorySample>[] ILocalWindows.LastContainers => windows.Valid.Containers;

    /// <inheritdoc/>
    public bool TryFindLast(int pid, out WorkingSetSample sample)
    {
        foreach (ProcessSample<WorkingSetSample> entry in windows.Valid.Processes)
        {
            if (entry.Process.Process.Identity.Pid == pid && !entry.Process.HasLeft)
            {
                sample = entry.Sample;
                return true;
            }
        }

        sample = default;
        return false;
    }

    /// <inheritdoc/>
    public ReadOutcome TryTrack(int pid, out TrackedProcess? process)
    {
        TrackedProcess? tracked = null;
        ReadOutcome outcome = Ask(() => TrackedProcess.TryTrack(host.Paths, host.Budget, pid, out tracked));
        process = tracked;
        return outcome;
    }

    /// <inheritdoc/>
    public async Task<(ReadOutcome Outcome, WorkingSetSample Sample)> MeasureAsync(int pid, TimeSpan window, AreaUses? areas, CancellationToken end, CancellationToken stop)
    {
        ReadOutcome outcome = TryTrack(pid, out TrackedProcess? process);
        if (outcome != ReadOutcome.Success)
        {
            return (outcome, default);
        }

        IWorkingSetWindow? begun = null;
        try
        {
            outcome = Ask(() =>
            {
                begun = estimator.BeginWindow(process!, areas, out ReadOutcome began);
                return began;
            });
            if (begun is null)
            {
                return (outcome == ReadOutcome.Success ? ReadOutcome.Failed : outcome, default);
            }

            using (CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(end, stop))
            {
                await Task.Delay(window, clock, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            stop.ThrowIfCancellationRequested();
            WorkingSetSample sample = default;
            outcome = Ask(() => begun.Complete(out sample));
            return (outcome, sample);
        }
        finally
        {
            lock (_pass)
            {
                begun?.Dispose();
                process!.Dispose();
            }
        }
    }

    /// <inheritdoc/>
    public async Task<(ReadOutcome Outcome, ReaccessRun? Run)> MeasureReaccessedAsync(int pid, TimeSpan length, IdleAges ages, CancellationToken end, CancellationToken stop)
    {
        ReadOutcome outcome = TryTrack(pid, out TrackedProcess? process);
        if (outcome != ReadOutcome.Success)
        {
            return (outcome, null);
        }

        IReaccessRun? begun = null;
        try
        {
            outcome = Ask(() =>
            {
                begun = estimator.BeginReaccessRun(process!, ages, out ReadOutcome began);
                return began;
            });
            return begun is null
                ? (outcome == ReadOutcome.Success ? ReadOutcome.Failed : outcome, null)
                : await ReaccessRun.MeasureAsync(begun, ages, length, Turn, clock, end, stop).ConfigureAwait(false);
        }
        finally
        {
            lock (_pass)
            {
                begun?.Dispose();
                process!.Dispose();
            }
        }
    }

    /// <inheritdoc/>
    public async Task<ReadOutcome> RecordPagesAsync(ProcessIdentity process, TimeSpan window, int windows, IRecordedPages pages, CancellationToken stop)
    {
        ReadOutcome outcome = TryTrack(process.Pid, out TrackedProcess? tracked);
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        IReaccessRun? begun = null;
        try
        {
            outcome = tracked!.Identity != process ? ReadOutcome.ProcessGone : Ask(() =>
            {
                begun = estimator.BeginPageRun(tracked, pages, out ReadOutcome began);
                return began;
            });
            long begin = clock.GetTimestamp();
            for (int ended = 1; outcome == ReadOutcome.Success && ended <= windows; ended++)
            {
                TimeSpan wait = (ended * window) - clock.GetElapsedTime(begin);
                if (wait > TimeSpan.Zero)
                {
                    await Task.Delay(wait, clock, stop).ConfigureAwait(false);
                }

                outcome = Turn(begun!, out WorkingSetSample sample, out _);
                if (outcome == ReadOutcome.Success)
                {
                    pages.EndWindow(sample.Window);
                }
            }

            return outcome;
        }
        finally
        {
            lock (_pass)
            {
                begun?.Dispose();
                tracked!.Dispose();
            }
        }
    }

    /// <inheritdoc/>
    public HostMemorySample? CountHost()
    {
        // Whoever looks at the host must not wait for a long pass.
        if (!_pass.TryEnter(CountPatience))
        {
            return null;
        }

        try
        {
            return _isDisposed || !HasPassed ? null : estimator.CountHost();
        }
        finally
        {
            _pass.Exit();
        }
    }

    private ReadOutcome Turn(IReaccessRun run, out WorkingSetSample sample, out ReaccessedSample reaccessed)
    {
        WorkingSetSample window = default;
        ReaccessedSample again = default;
        ReadOutcome outcome = Ask(() => run.Turn(out window, out again));
        (sample, reaccessed) = (window, again);
        return outcome;
    }

    /// <summary>Has something done for who asks on this host, between passes.</summary>
    private ReadOutcome Ask(Func<ReadOutcome> question)
    {
        lock (_pass)
        {
            if (IsOver)
            {
                return ReadOutcome.Failed;
            }

            ReadOutcome outcome = ReadOutcome.Failed;
            bool hangs = Run(() => outcome = question()).HasSkipped;
            return hangs ? ReadOutcome.Hung : outcome;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "windows are {Interval} long from now on")]
    private partial void SteadyWindows(string interval);

    [LoggerMessage(Level = LogLevel.Error, Message = "the working-set pass is late by {Late}, and there are no working sets until it ends")]
    private partial void Overdue(string late);

    [LoggerMessage(Level = LogLevel.Error, Message = "the working-set pass failed, and there are no working sets until one succeeds: {Cause}")]
    private partial void PassFailed(string cause);

    [LoggerMessage(Level = LogLevel.Information, Message = "idle ages are left in {Path} for an exporter that starts within {Time} (processes: {Processes}, size: {Size})")]
    private partial void AgesLeft(string path, string time, int processes, string size);

    [LoggerMessage(Level = LogLevel.Warning, Message = "no idle ages are left to the next start: {Cause}")]
    private partial void NoAgesLeft(string cause);

    /// <summary>Leaves the ages to the next start, and ends a pass that is under way at its next system call: a long one must not keep the program from ending.</summary>
    public override Task StopAsync(CancellationToken cancellationToken)
    {
        Volatile.Write(ref _isStopping, true);
        if (estimator.AgesTaken is not null)
        {
            LeaveAges();
        }

        _thread.Stop();
        return base.StopAsync(cancellationToken);
    }

    private void LeaveAges()
    {
        if (!_pass.TryEnter(LeavingPatience))
        {
            NoAgesLeft("a pass was under way");
            return;
        }

        try
        {
            if (!IsOver)
            {
                _hasLeft = true;
                Tell(estimator.LeaveAges());
            }
        }
#pragma warning disable CA1031 // Whatever the cause, the program must end in an orderly way.
        catch (Exception error)
#pragma warning restore CA1031
        {
            NoAgesLeft(error.Message);
        }
        finally
        {
            _pass.Exit();
        }
    }

    private void Tell(in AgesLeft left)
    {
        if (left.Reason is not null)
        {
            NoAgesLeft(left.Reason);
            return;
        }

        string size = ByteSize.About(left.FileBytes);
        string time = Duration.Format(AgesKept.For(interval));
        AgesLeft(left.Path!, time, left.Processes, size);
    }

    /// <summary>
    /// Ends the passes and gives back what the estimator holds, such as the lock of the bitmap. Ends a pass that is under way first: what it reads must not be closed
    /// behind its back.
    /// </summary>
    public override void Dispose()
    {
        Volatile.Write(ref _isStopping, true);
        base.Dispose();
        _thread.Stop();
        lock (_pass)
        {
            if (!_isDisposed)
            {
                _isDisposed = true;
                estimator.Dispose();
            }
        }

        _thread.Dispose();
    }

    /// <summary>Something that the estimator does with processes, one of which may not answer.</summary>
    private sealed class EstimatorWork(WindowSampler sampler, Action begin) : IWatchedWork
    {
        private bool _hasBegun;

        /// <summary>Processor time that it took, but for that of threads that were lost.</summary>
        internal TimeSpan Cpu { get; private set; }

        /// <summary>Whether a process did not answer.</summary>
        internal bool HasSkipped { get; private set; }

        public void Do()
        {
            TimeSpan cpu = CpuTime.OfThisThread;
            if (!_hasBegun)
            {
                _hasBegun = true;
                begin();
            }
            else if (!sampler.Resume())
            {
                throw new TimeoutException("a process does not answer");
            }

            Cpu += CpuTime.OfThisThread - cpu;
        }

        public void Skip(int pid) => HasSkipped = true;
    }
}
