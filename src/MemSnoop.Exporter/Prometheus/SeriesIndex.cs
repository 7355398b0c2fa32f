namespace MemSnoop.Exporter.Prometheus;

/// <summary>Where a sample lies in its block; its name and labels are the first bytes.</summary>
internal readonly record struct SampleLine(int Block, int Start, int KeyLength, int End);

/// <summary>
/// Finds a series among the samples of a buffer by the bytes of its name and labels: a hash table that keeps its arrays from one collection to
/// the next.
/// </summary>
internal sealed class SeriesIndex
{
    // Room for this many series at first; both arrays grow by doubling.
    private const int InitialCapacity = 16;

    private readonly List<SampleLine> _lines = [];
    private Slot[] _slots = new Slot[InitialCapacity];
    private int[] _buckets = new int[InitialCapacity * 2];

    // Buckets and links hold positions plus one, so that a cleared array is an empty table.
    private record struct Slot(int Hash, int Next);

    /// <summary>Adds a line; returns the line of the same series that it takes the place of, if there is one.</summary>
    public SampleLine? AddOrReplace(List<byte[]> blocks, SampleLine line)
    {
        ReadOnlySpan<byte> key = Key(blocks, line);
        int hash = Hash(key);
        int found = Find(blocks, key, hash);
        if (found >= 0)
        {
            SampleLine replaced = _lines[found];
            _lines[found] = line;
            return replaced;
        }

        if (_lines.Count == _slots.Length)
        {
            Grow();
        }

        _lines.Add(line);
        Link(_lines.Count - 1, hash);
        return null;
    }

    /// <summary>Makes it empty. Its arrays stay, unless they are four times as large as needed.</summary>
    public void Clear()
    {
        bool isTooLarge = _slots.Length > InitialCapacity && _lines.Count < _slots.Length / 4;
        _lines.Clear();
        if (isTooLarge)
        {
            _lines.TrimExcess();
            _slots = new Slot[InitialCapacity];
            _buckets = new int[InitialCapacity * 2];
        }
        else
        {
            Array.Clear(_buckets);
        }
    }

    // The runtime seeds it per process, so nobody can choose process names that collide.
    private static int Hash(ReadOnlySpan<byte> key)
    {
        HashCode hash = default;
        hash.AddBytes(key);
        return hash.ToHashCode();
    }

    private static ReadOnlySpan<byte> Key(List<byte[]> blocks, in SampleLine line) => blocks[line.Block].AsSpan(line.Start, line.KeyLength);

    private int Find(List<byte[]> blocks, ReadOnlySpan<byte> key, int hash)
    {
        for (int i = _buckets[hash & (_buckets.Length - 1)] - 1; i >= 0; i = _slots[i].Next - 1)
        {
            if (_slots[i].Hash == hash && Key(blocks, _lines[i]).SequenceEqual(key))
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
