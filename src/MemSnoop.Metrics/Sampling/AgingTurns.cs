namespace MemSnoop.Metrics.Sampling;

/// <summary>How the agings of all groups are spread over an interval, in turns that each read the generations once.</summary>
/// <param name="Count">How many turns an interval has.</param>
/// <param name="Length">How long a turn is.</param>
internal readonly record struct AgingTurns(int Count, TimeSpan Length)
{
    /// <summary>Twelve readings of the generations an interval are no more than scrapes make, and spread 500 groups by 42 a turn.</summary>
    private const int Most = 12;

    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// A group is due when its youngest generation was opened so long ago. Two turns before the interval is over: who is due only just after a turn has begun has
    /// his turn in the next one, and may be the last in it.
    /// </summary>
    internal TimeSpan DueAfter => Length * (Count - 2);

    /// <summary>The turns of an interval.</summary>
    internal static AgingTurns Of(TimeSpan interval)
    {
        int count = Math.Clamp((int)(interval / Shortest), 3, Most);
        return new AgingTurns(count, interval / count);
    }
}
