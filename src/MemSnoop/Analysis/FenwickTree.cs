namespace MemSnoop.Analysis;

/// <summary>
/// Counts by index whose prefix sums follow every change: both cost the logarithm of the length. A binary indexed tree (P. Fenwick, "A new data structure for
/// cumulative frequency tables", 1994).
/// </summary>
internal sealed class FenwickTree(int length)
{
    // Node i holds the sum of the (i & -i) counts that end with number i, counted from 1.
    private readonly long[] _nodes = new long[length + 1];

    /// <summary>Changes the count at an index.</summary>
    internal void Add(int index, long change)
    {
        for (int node = index + 1; node < _nodes.Length; node += node & -node)
        {
            _nodes[node] += change;
        }
    }

    /// <summary>The sum of the counts in [first, end).</summary>
    internal long Sum(int first, int end) => end > first ? Prefix(end) - Prefix(first) : 0;

    private long Prefix(int end)
    {
        long sum = 0;
        for (int node = end; node > 0; node -= node & -node)
        {
            sum += _nodes[node];
        }

        return sum;
    }
}
