namespace MemSnoop.Metrics.Sampling;

/// <summary>
/// Numbers the collections. A scrape or a push runs some sixty callbacks, and all of them must see one reading of each file. Whoever starts a collection
/// announces it here, and code that reads once per collection compares numbers.
/// </summary>
internal sealed class CollectionNumber(TimeProvider clock)
{
    /// <summary>
    /// A reader that does not announce itself (a debugger's listener, another exporter) gets a new collection if the last one is older than this, which is
    /// longer than any announced one takes.
    /// </summary>
    private static readonly TimeSpan LongestCollection = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private long _number;
    private long _begun = clock.GetTimestamp();

    /// <summary>The number of the collection that is under way.</summary>
    internal long Current
    {
        get
        {
            lock (_gate)
            {
                if (clock.GetElapsedTime(_begun) > LongestCollection)
                {
                    BeginLocked();
                }

                return _number;
            }
        }
    }

    /// <summary>Announces that a collection begins.</summary>
    internal void Begin() => Begin(TimeSpan.Zero);

    /// <summary>Announces that a collection begins, or goes on with the latest when that began no longer ago than this: what two collectors read is the same then.</summary>
    internal void Begin(TimeSpan shared)
    {
        lock (_gate)
        {
            if (_number == 0 || shared <= TimeSpan.Zero || clock.GetElapsedTime(_begun) > shared)
            {
                BeginLocked();
            }
        }
    }

    private void BeginLocked()
    {
        _number++;
        _begun = clock.GetTimestamp();
    }
}
