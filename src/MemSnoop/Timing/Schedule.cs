namespace MemSnoop.Timing;

/// <summary>
/// Multiples of an interval from a first tick, so that one late tick does not shift later ones. A tick that passes before it could run is skipped and counted,
/// and never made up for.
/// </summary>
public sealed class Schedule
{
    private readonly TimeProvider _clock;
    private readonly long _first;
    private long _slot;

    /// <summary>A schedule whose first tick is now.</summary>
    public Schedule(TimeSpan interval, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(interval, TimeSpan.Zero);
        Interval = interval;
        _clock = clock;
        _first = clock.GetTimestamp();
    }

    /// <summary>The time between ticks.</summary>
    public TimeSpan Interval { get; }

    /// <summary>Ticks skipped so far because the one before them had not ended.</summary>
    public long Skipped { get; private set; }

    /// <summary>Moves to the next tick in the future and waits for it.</summary>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public Task WaitForNextTickAsync(CancellationToken cancellation)
    {
        TimeSpan delay = Advance();
        return delay > TimeSpan.Zero ? Task.Delay(delay, _clock, cancellation) : Task.CompletedTask;
    }

    /// <summary>Moves to the next tick in the future, and returns the time until then.</summary>
    public TimeSpan Advance()
    {
        TimeSpan elapsed = _clock.GetElapsedTime(_first);
        long next = Math.Max(_slot + 1, (long)Math.Ceiling(elapsed / Interval));
        Skipped += next - _slot - 1;
        _slot = next;
        return (next * Interval) - elapsed;
    }
}
