namespace MemSnoop.Exporter.Prometheus;

/// <summary>Where a sample line lies in its buffer; its name and labels are the first bytes.</summary>
internal readonly record struct SampleLine(int Start, int KeyLength, int End);

/// <summary>
/// Finds a series among the lines of a buffer by the bytes of its name and labels: a hash table that keeps its arrays from one collection to
/// the next.
/// </summary>
internal sealed class SeriesIndex
{
    // Room for this many series at first; both arrays grow by doubling.
    private const int InitialCapacity = 16;

    private readonly List<SampleLine> _lines = [];
    private Slot[] _slots = new Slot[InitialCapacity];
    private int[] _buckets = new int[InitialCapacity * 2];
    private int _latest;

    // Buckets and links hold positions plus one, so that a cleared array is an empty table.
    private record struct Slot(int Hash, int Next);

    /// <summary>Adds a line; returns the line of the same series that it takes the place of, if there is one.</summary>
    public SampleLine? AddOrReplace(byte[] bytes, SampleLine line)
    {
        ReadOnlySpan<byte> key = bytes.AsSpan(line.Start, line.KeyLength);
        int hash = Hash(key);
        int found = Find(bytes, key, hash);
        if (found >= 0)
        {
            SampleLine replaced = _lines[found];
            _lines[found] = line;
            _latest = found;
            return replaced;
        }

        if (_lines.Count == _slots.Length)
        {
            Grow();
        }

        _latest = _lines.Count;
        _lines.Add(line);
        Link(_latest, hash);
        return null;
    }

    /// <summary>Lets the line that was added last end later.</summary>
    public void ExtendLast(int end)
    {
        _lines[_latest] = _lines[_latest] with { End = end };
    }

    public void Clear()
    {
        _lines.Clear();
        Array.Clear(_buckets);
    }

    // The runtime seeds it per process, so nobody can choose process names that collide.
    private static int Hash(ReadOnlySpan<byte> key)
    {
        HashCode hash = default;
        hash.AddBytes(key);
        return hash.ToHashCode();
    }

    private int Find(byte[] bytes, ReadOnlySpan<byte> key, int hash)
    {
        for (int i = _buckets[hash & (_buckets.Length - 1)] - 1; i >= 0; i = _slots[i].Next - 1)
        {
            if (_slots[i].Hash == hash && bytes.AsSpan(_lines[i].Start, _lines[i].KeyLength).SequenceEqual(key))
            {
                return i;
            }
        }

        return -1;
    }

    private void Link(int index, int hash)
    {
        ref int bucket = ref _buckets[hash & (_buckets.Length - 1)];
        _slots[index] = new Slot(hash, bucket);
        bucket = index + 1;
    }

    private void Grow()
    {
        Array.Resize(ref _slots, _slots.Length * 2);
        _buckets = new int[_slots.Length * 2];
        for (int i = 0; i < _lines.Count; i++)
        {
            Link(i, _slots[i].Hash);
        }
    }
}
