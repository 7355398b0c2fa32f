namespace MemSnoop.Counters.PerfEvents;

/// <summary>One event of a process, its threads together. Times are nanoseconds.</summary>
/// <param name="Count">Occurrences.</param>
/// <param name="TimeEnabled">How long the threads ran.</param>
/// <param name="TimeRunning">For how much of that the event was counted.</param>
internal readonly record struct CounterTotal(ulong Count, ulong TimeEnabled, ulong TimeRunning)
{
    public static CounterTotal operator +(CounterTotal left, CounterTotal right) =>
        new(ulong.CreateSaturating((UInt128)left.Count + right.Count), left.TimeEnabled + right.TimeEnabled, left.TimeRunning + right.TimeRunning);

    internal static CounterTotal From(in MultiplexedCount count) => new(count.Count, count.TimeEnabled, count.TimeRunning);

    /// <summary>The total for those who asked. What has not run yet has missed nothing.</summary>
    internal CounterValue ToValue() => new(Count, TimeRunning >= TimeEnabled ? 1.0 : (double)TimeRunning / TimeEnabled);
}
