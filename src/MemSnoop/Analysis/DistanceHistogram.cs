namespace MemSnoop.Analysis;

/// <summary>How many reuses there were at one distance.</summary>
/// <param name="Distance">Distinct other pages in between.</param>
/// <param name="Count">How many reuses.</param>
public readonly record struct DistanceCount(ulong Distance, ulong Count);

/// <summary>Reuses by distance, and the distribution that follows from it.</summary>
public sealed class DistanceHistogram
{
    private readonly DistanceCount[] _entries;
    private readonly ulong[] _cumulated;

    internal DistanceHistogram(Dictionary<ulong, ulong> counts)
    {
        _entries = [.. counts.Select(static pair => new DistanceCount(pair.Key, pair.Value)).OrderBy(static entry => entry.Distance)];
        _cumulated = new ulong[_entries.Length];
        for (int index = 0; index < _entries.Length; index++)
        {
            _cumulated[index] = Total += _entries[index].Count;
        }
    }

    /// <summary>The distances that occurred, ascending.</summary>
    public ReadOnlySpan<DistanceCount> Entries => _entries;

    /// <summary>How many reuses.</summary>
    public ulong Total { get; }

    /// <summary>The cumulative distribution: the share of reuses at this distance or less, 0 to 1; 0 without reuses.</summary>
    /// <param name="distance">Distinct other pages.</param>
    public double FractionAtMost(ulong distance)
    {
        int low = 0;
        int high = _entries.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (_entries[middle].Distance <= distance)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low == 0 ? 0 : (double)_cumulated[low - 1] / Total;
    }

    /// <summary>The quantile: the smallest distance that this share of the reuses does not exceed.</summary>
    /// <param name="fraction">The share, 0 to 1.</param>
    /// <exception cref="InvalidOperationException">There are no reuses.</exception>
    public ulong Quantile(double fraction)
    {
        if (_entries.Length == 0)
        {
            throw new InvalidOperationException("A histogram without reuses has no quantiles.");
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(fraction, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(fraction, 1);
        int index = Array.BinarySearch(_cumulated, (ulong)Math.Ceiling(fraction * Total));
        return _entries[Math.Min(index < 0 ? ~index : index, _entries.Length - 1)].Distance;
    }
}
