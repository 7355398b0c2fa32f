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
    EstimatorTurns turns,
    TimeSpan interval,
    MeasuredHost host,
    WatchList watchList,
    WorkingSetWindows windows,
    SampledMeasurement sampled,
    TimeProvider clock,
    ILogger<WindowSampler> logger,
    Func<TrackedProcess, bool>? isSummed = null,
    CpuBudget? budget = null) : BackgroundService
{
    /// <summary>
    /// The longest time between two looks for new processes. A process is seen after 4 s at the latest, and has its first window 4 s later and its second one 8 s
    /// after that: within 20 s there are two.
    /// </summary>
    internal static readonly TimeSpan LongestGlance = TimeSpan.FromSeconds(4);

    /// <summary>What a pass may take at least, however short the interval is, before its windows are called overdue.</summary>
    internal static readonly TimeSpan LeastPatience = TimeSpan.FromSeconds(15);

    /// <summary>What a pass under way gets to end by itself when the program ends, so that the ages can be left to the next.</summary>
    private static readonly TimeSpan LeavingPatience = TimeSpan.FromMilliseconds(300);

    private readonly WindowSchedule _schedule = new(interval, turns.Estimator.Parts, clock, areOpen: turns.Estimator.AgesTaken is { AreContinued: true });
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
    internal AgesTaken? AgesTaken => turns.Estimator.AgesTaken;

    /// <summary>One part of a pass, apart from its schedule.</summary>
    internal void SampleOnce(int part = 0)
    {
        lock (turns.Gate)
        {
            if (!turns.AreOver)
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
            turns.Estimator.Share = budget.Next(ResidentPages(), _schedule.IsSteady);
        }

        TimeSpan cpu = turns.Run(() => turns.Estimator.Pass(_processes, part, _newcomers), _newcomers).Cpu;
        Stint stint = beginning.End() + new Stint(TimeSpan.Zero, cpu);
        _passed = part == 0 ? stint : _passed + stint;
        if (part == turns.Estimator.Parts - 1)
        {
            _newcomers.EndPass();
            budget?.EndPass(_passed.Cpu, began - _lastPassAt, _schedule.IsSteady);
            _lastPassAt = began;
            if (_schedule.IsSteady)
            {
                _budgetLog?.Tell(turns.Estimator.Share);
            }

            windows.Publish(
                new ReadingCost(_passed.Duration.TotalSeconds, _passed.Cpu.TotalSeconds), _passes + 1 >= _schedule.PassesToFirstEnd ? true : null, turns.Estimator.LongestStall, turns.Estimator.Share);
            Volatile.Write(ref _passes, _passes + 1);
        }

        Volatile.Write(ref _passStarted, double.NaN);
    }

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
        lock (turns.Gate)
        {
            if (turns.AreOver)
            {
                return;
            }

            TimeSpan now = _schedule.Elapsed;
            if (_forks.MayHaveForked())
            {
                Refresh();
                _newcomers.Notice(_processes, now);
            }

            IReadOnlyList<TrackedProcess> due = _newcomers.BeginGlance(now, _schedule.After(turns.Estimator.Parts - 1 - _part) - now);
            if (due.Count > 0)
            {
                windows.BeginGlance(_watched);
                TimeSpan cpu = turns.Run(() => turns.Estimator.Glance(due, _newcomers), _newcomers).Cpu;
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
                _part = (part + 1) % turns.Estimator.Parts;
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
        while (turns.Estimator.Parts == 1 && _glanceAt <= pass && pass - _glanceAt < every / 2)
        {
            _glanceAt += every;
        }
    }

    private void Announce()
    {
        // The first pass, whole or in parts, mostly only begins windows.
        int ticks = turns.Estimator.Parts - 1 - _part + (_passes + 1 < _schedule.PassesToFirstEnd ? turns.Estimator.Parts : 0);
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
        if (turns.Estimator.AgesTaken is not null)
        {
            LeaveAges();
        }

        turns.Stop();
        return base.StopAsync(cancellationToken);
    }

    private void LeaveAges()
    {
        if (!turns.Gate.TryEnter(LeavingPatience))
        {
            NoAgesLeft("a pass was under way");
            return;
        }

        try
        {
            if (!turns.AreOver)
            {
                turns.End();
                Tell(turns.Estimator.LeaveAges());
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
            turns.Gate.Exit();
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
        turns.Dispose();
    }
}
