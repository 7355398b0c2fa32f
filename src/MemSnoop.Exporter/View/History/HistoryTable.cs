namespace MemSnoop.Exporter.View.History;

/// <summary>The rings of processes, or of containers, or of groups: those of the largest, and never more than there may be.</summary>
/// <param name="most">How many there can be.</param>
/// <param name="series">How many series each has.</param>
internal sealed class HistoryTable<TKey>(int most, int series)
    where TKey : notnull
{
    /// <summary>Who has a ring keeps it until another is larger by so much: those at the border must not lose their history by turns.</summary>
    private const double Stickiness = 1.25;

    private readonly Dictionary<TKey, HistoryRing> _rings = [];
    private readonly Stack<HistoryRing> _spare = [];
    private readonly PriorityQueue<TKey, double> _largest = new();
    private int _made;

    /// <summary>How many rings are in use.</summary>
    internal int Count => _rings.Count;

    /// <summary>How much memory they take, in bytes.</summary>
    internal long Bytes => _made * HistoryRing.BytesOf(series);

    /// <summary>The ring of one; null if it has none.</summary>
    internal HistoryRing? Find(TKey key) => _rings.GetValueOrDefault(key);

    /// <summary>Proposes one for the next moment.</summary>
    internal void Propose(TKey key, ulong residentBytes)
    {
        double size = residentBytes * (_rings.ContainsKey(key) ? Stickiness : 1);
        if (_largest.Count < most)
        {
            _largest.Enqueue(key, size);
        }
        else if (_largest.TryPeek(out _, out double smallest) && size > smallest)
        {
            _largest.EnqueueDequeue(key, size);
        }
    }

    /// <summary>Gives rings to the largest of those that were proposed, and takes them from all others.</summary>
    internal void Choose(long moment)
    {
        foreach ((TKey key, _) in _largest.UnorderedItems)
        {
            Find(key)?.Keep(moment);
        }

        // A dictionary allows removal while it is gone through.
        foreach ((TKey key, HistoryRing ring) in _rings)
        {
            if (ring.Last != moment)
            {
                _rings.Remove(key);
                _spare.Push(ring);
            }
        }

        foreach ((TKey key, _) in _largest.UnorderedItems)
        {
            if (!_rings.ContainsKey(key))
            {
                HistoryRing ring = Take();
                ring.Begin(moment);
                _rings.Add(key, ring);
            }
        }

        _largest.Clear();
    }

    private HistoryRing Take()
    {
        if (_spare.TryPop(out HistoryRing? spare))
        {
            return spare;
        }

        _made++;
        return new HistoryRing(series);
    }
}
