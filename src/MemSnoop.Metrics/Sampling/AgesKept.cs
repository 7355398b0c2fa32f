namespace MemSnoop.Metrics.Sampling;

/// <summary>For how long idle ages hold that an exporter has left to the next.</summary>
internal static class AgesKept
{
    /// <summary>Two intervals: the window in which nobody measured is then no more than twice as long as the others, or three times with the one that was open.</summary>
    internal static TimeSpan For(TimeSpan interval) => 2 * interval;
}
