using MemSnoop.Kernel;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Processes;
using MemSnoop.WorkingSets.Generations;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Metrics.Sampling;

/// <summary>
/// Has control groups aged at an interval, one at a time and evenly spread. After each aging it rests for nine times as long as that took, so that at most a tenth
/// of one processor's time goes into agings, however large the host is. Groups that are not reached in their time are told as overdue.
/// </summary>
/// <remarks>A scrape takes no part in it, and reads the results by a handle of its own.</remarks>
/// <param name="aging">Ages.</param>
/// <param name="interval">The longest time between two agings of a group.</param>
/// <param name="rival">The method by which this program takes accessed bits itself; null if it does not.</param>
/// <param name="clock">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed partial class GenerationAger(HostAging aging, TimeSpan interval, Func<string?> rival, TimeProvider clock, ILogger logger) : BackgroundService
{
    /// <summary>How often longer than an aging the rest after it is.</summary>
    private const int RestFactor = 9;

    /// <summary>The reason before the first turn.</summary>
    private const string NotBegun = "not_begun";

    private readonly Lock _turn = new();
    private readonly AgingTurns _turns = AgingTurns.Of(interval);
    private readonly SkipCounts _failures = new();
    private string _reason = NotBegun;
    private string? _said;
    private string? _crash;
    private long _turnBegan;
    private TimeSpan _rest;
    private long _agings;
    private long _ticks;
    private int _overdue;
    private bool _hasBegun;
    private bool _isDisposed;

    /// <summary>Whether control groups are aged now, and if not, why.</summary>
    internal MethodState State
    {
        get
        {
            string reason = Volatile.Read(ref _reason);
            return new MethodState(HostAging.MethodName, reason == "ok" ? MethodState.On : MethodState.Unavailable, reason);
        }
    }

    /// <summary>How often the kernel has aged a group on a node for us.</summary>
    internal long Agings => Volatile.Read(ref _agings);

    /// <summary>How long that took.</summary>
    internal TimeSpan Time => TimeSpan.FromTicks(Volatile.Read(ref _ticks));

    /// <summary>How often it was asked to and did not, by reason.</summary>
    internal KeyValuePair<string, long>[] Failures => _failures.ToArray();

    /// <summary>Groups, on each node, that were last aged longer ago than the interval; as of the last turn, and 0 while none is aged.</summary>
    internal int Overdue => Volatile.Read(ref _overdue);

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

    /// <summary>Ages one group, or begins a turn if it is time, and tells how long to wait for the next step.</summary>
    internal TimeSpan Step()
    {
        lock (_turn)
        {
            if (_isDisposed)
            {
                return _turns.Length;
            }

            try
            {
                TimeSpan wait = TakeStep();
                _crash = null;
                return wait;
            }
#pragma warning disable CA1031 // One failed step, whatever the cause, must not end later ones or the readings.
            catch (Exception error)
#pragma warning restore CA1031
            {
                _failures.Add(AgingOutcome.Failed.ToReason());
                if (_crash != error.Message)
                {
                    _crash = error.Message;
                    StepFailed(error.Message);
                }

                return _turns.Length;
            }
        }
    }

    private TimeSpan TakeStep()
    {
        if (!_hasBegun || clock.GetElapsedTime(_turnBegan) >= _turns.Length)
        {
            BeginTurn();
        }

        long began = clock.GetTimestamp();
        if (!aging.TryAge(out AgingOutcome outcome))
        {
            TimeSpan left = _turns.Length - clock.GetElapsedTime(_turnBegan);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }

        TimeSpan took = clock.GetElapsedTime(began);
        Count(outcome, took);
        return took * RestFactor > _rest ? took * RestFactor : _rest;
    }

    private void BeginTurn()
    {
        _hasBegun = true;
        _turnBegan = clock.GetTimestamp();
        if (rival() is { } method)
        {
            Say(AgingSupport.Rival(method));
            return;
        }

        aging.Begin(_turns.DueAfter, interval, _turns.Count - 1);
        Volatile.Write(ref _overdue, aging.Overdue);
        _rest = _turns.Length / Math.Max(aging.Left, 1);
        Say(aging.Support);
    }

    /// <summary>One line for each change.</summary>
    private void Say(in ProbeResult support)
    {
        Volatile.Write(ref _reason, support.Reason);
        if (_said == support.Reason)
        {
            return;
        }

        _said = support.Reason;
        if (support.IsSupported)
        {
            string every = Duration.Format(interval);
            Ages(every, support.Explanation);
        }
        else
        {
            AgesNot(support.Explanation);
        }
    }

    private void Count(AgingOutcome outcome, TimeSpan took)
    {
        if (outcome == AgingOutcome.Aged)
        {
            Volatile.Write(ref _agings, _agings + 1);
            Volatile.Write(ref _ticks, _ticks + took.Ticks);
        }
        else
        {
            _failures.Add(outcome.ToReason());
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "generations: every {Interval} {Explanation}")]
    private partial void Ages(string interval, string explanation);

    [LoggerMessage(Level = LogLevel.Warning, Message = "control groups are not aged: {Explanation}")]
    private partial void AgesNot(string explanation);

    [LoggerMessage(Level = LogLevel.Error, Message = "aging of control groups failed: {Cause}")]
    private partial void StepFailed(string cause);

    /// <summary>Ends the agings and gives back the lock. Waits for one that is under way.</summary>
    public override void Dispose()
    {
        base.Dispose();
        lock (_turn)
        {
            _isDisposed = true;
            aging.Dispose();
        }
    }
}
