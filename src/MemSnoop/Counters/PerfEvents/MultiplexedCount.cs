using static MemSnoop.Counters.PerfEvents.PerfEventNative;

namespace MemSnoop.Counters.PerfEvents;

/// <summary>
/// A count that never falls, of an event that may be multiplexed. Each interval is extrapolated on its own: with one factor for the whole time, as in perf(1),
/// the total could fall.
/// </summary>
internal struct MultiplexedCount
{
    /// <summary>The reading up to which occurrences are in <see cref="Count"/>.</summary>
    private read_format _counted;
    private read_format _last;

    /// <summary>Occurrences so far.</summary>
    internal ulong Count { get; private set; }

    /// <summary>Nanoseconds in which the threads ran.</summary>
    internal readonly ulong TimeEnabled => _last.time_enabled;

    /// <summary>Nanoseconds of those in which the event was counted.</summary>
    internal readonly ulong TimeRunning => _last.time_running;

    /// <summary>Adds a later reading of the event.</summary>
    internal void Advance(in read_format reading)
    {
        _last = new read_format(
            ulong.Max(reading.value, _last.value),
            ulong.Max(reading.time_enabled, _last.time_enabled),
            ulong.Max(reading.time_running, _last.time_running));
        ulong occurred = _last.value - _counted.value;
        ulong enabled = _last.time_enabled - _counted.time_enabled;
        ulong running = _last.time_running - _counted.time_running;
        if (running < enabled)
        {
            if (running == 0)
            {
                // Nothing is known about this time. It stays open until the event is counted again, and is extrapolated from that.
                return;
            }

            occurred = ulong.CreateSaturating((UInt128)occurred * enabled / running);
        }

        Count = ulong.CreateSaturating((UInt128)Count + occurred);
        _counted = _last;
    }
}

/// <summary>One event of a process, its threads together. Times are nanoseconds.</summary>
/// <param name="Count">Occurrences.</param>
/// <param name="TimeEnabled">How long the threads ran.</param>
/// <param name="TimeRunning">For how much of that the event was counted.</param>
internal readonly record struct CounterTotal(ulong Count, ulong TimeEnabled, ulong TimeRunning)
{
    public static CounterTotal operator +(CounterTotal left, CounterTotal right) =>
        new(ulong.CreateSaturating((UInt128)left.Count + right.Count), left.TimeEnabled + right.TimeEnabled, left.TimeRunning + right.TimeRunning);

    internal static CounterTotal From(in MultiplexedCount count) => new(count.Count, count.TimeEnabled, count.TimeRunning);

    /// <summary>The total as a value. A thread that has not run yet has missed nothing.</summary>
    internal CounterValue ToValue() => new(Count, TimeRunning >= TimeEnabled ? 1.0 : (double)TimeRunning / TimeEnabled);
}
