using System.Runtime.InteropServices;

namespace MemSnoop.WorkingSets.Shares;

/// <summary>How far the estimate of several processes together may be off.</summary>
internal sealed class GroupError
{
    private readonly Dictionary<ulong, KindPages> _deviations = [];
    private SumOfSquares _doubts;

    /// <summary>Whether a share of some process was counted, and not all of it.</summary>
    internal bool IsNeeded => _deviations.Count > 0;

    internal void Clear()
    {
        _deviations.Clear();
        _doubts = default;
    }

    /// <summary>Adds the deviation of a unit in one process.</summary>
    internal void Add(ulong unit, in KindPages deviation)
    {
        ref KindPages sum = ref CollectionsMarshal.GetValueRefOrAddDefault(_deviations, unit, out _);
        sum += deviation;
    }

    /// <summary>Adds what a sample of one process leaves in doubt in any case.</summary>
    internal void AddDoubt(in KindPages shares, int units, double pages) => _doubts.AddDoubt(shares, units, pages);

    /// <summary>The half widths of the intervals.</summary>
    internal EstimateError ToError(ulong pageBytes)
    {
        SumOfSquares squares = _doubts;
        foreach (KindPages deviation in _deviations.Values)
        {
            squares.Add(deviation);
        }

        return squares.ToError(_deviations.Count, pageBytes);
    }
}
