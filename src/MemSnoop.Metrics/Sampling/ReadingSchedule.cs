namespace MemSnoop.Metrics.Sampling;

/// <summary>
/// Decides, once in each collection, whether the last reading is too old to be published again. Not thread-safe: its
/// owner locks.
/// </summary>
internal sealed class ReadingSchedule(TimeSpan interval, CollectionNumber collections, TimeProvider clock)
{
    /// <summary>
    /// A scraper with the same interval is a little early as often as late. Without this slack, every second scrape would get the same reading again.
    /// </summary>
    private readonly TimeSpan _interval = interval * 0.9;

    private long _seen = -1;
    private long? _read;

    /// <summary>Whether to read now; true counts as read.</summary>
    internal bool IsDue()
    {
        long collection = collections.Current;
        if (collection == _seen)
        {
            return false;
        }

        _seen = collection;
        if (_read is { } read && clock.GetElapsedTime(read) < _interval)
        {
            return false;
        }

        _read = clock.GetTimestamp();
        return true;
    }
}
