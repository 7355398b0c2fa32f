namespace MemSnoop.Timing;

/// <summary>
/// Multiples of an interval from a first tick, so that being late once does not shift all that follows. A tick that is
/// over before it could be kept is skipped and counted, never made up for.
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

    /// <summary>Moves to the next tick that lies ahead and waits for it.</summary>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public Task WaitForNextTickAsync(CancellationToken cancellation)
    {
        TimeSpan delay = Advance();
        return delay > TimeSpan.Zero ? Task.Delay(delay, _clock, cancellation) : Task.CompletedTask;
    }

    /// <summary>Moves to the next tick that lies ahead; the time until then.</summary>
    public TimeSpan Advance()
    {
        TimeSpan elapsed = _clock.GetElapsedTime(_first);
        long next = Math.Max(_slot + 1, (long)Math.Ceiling(elapsed / Interval));
        Skipped += next - _slot - 1;
        _slot = next;
        return (next * Interval) - elapsed;
    }
}
