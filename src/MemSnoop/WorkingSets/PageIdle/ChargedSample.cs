using MemSnoop.WorkingSets.Shares;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>
/// What the units of a share of physical memory tell of the memory that is charged to one container, as <see cref="UnitSample"/> does for a process. The kernel tells how much is charged, so what
/// is used is to that as it is in the units.
/// </summary>
internal sealed class ChargedSample
{
    private PagesByKind _unitHeld;
    private PagesByKind _unitUsed;
    private double _held;
    private double _heldSquares;
    private SumsByKind _used;
    private SumsByKind _usedSquares;
    private SumsByKind _products;
    private double _charge;
    private bool _isChargeKnown = true;
    private int _units;
    private double _unseen;

    /// <summary>How many pages a counted page stands for.</summary>
    internal double Weight { get; private set; } = 1;

    internal void AddToUnit(in PagesByKind held, in PagesByKind used)
    {
        _unitHeld.Add(held);
        _unitUsed.Add(used);
    }

    internal void EndUnit()
    {
        double held = _unitHeld.Total;
        if (held > 0)
        {
            _units++;
            _held += held;
            _heldSquares += held * held;
            for (int kind = 0; kind < ChargedKinds.Count; kind++)
            {
                double used = _unitUsed[kind];
                _used[kind] += used;
                _usedSquares[kind] += used * used;
                _products[kind] += used * held;
            }
        }

        (_unitHeld, _unitUsed) = (default, default);
    }

    /// <summary>Adds what the kernel says is charged to a topmost group of the container.</summary>
    internal void AddCharge(ulong? bytes, ulong pageBytes)
    {
        _charge += (bytes ?? 0) / (double)pageBytes;
        _isChargeKnown &= bytes is not null;
    }

    /// <summary>Ends the counting. False if there are too few units to tell anything.</summary>
    internal bool TryWeigh(double fraction)
    {
        if (_units < UnitSample.LeastUnits)
        {
            return false;
        }

        Weight = _isChargeKnown && _charge > 0 ? Math.Max(1, _charge / _held) : 1 / fraction;
        _unseen = 1 - (1 / Weight);
        return true;
    }

    /// <summary>Half the width of the 95 % interval around what is used of a kind, in bytes; null where all memory was counted.</summary>
    internal ulong? ErrorOf(ChargedKind kind, ulong pageBytes)
    {
        if (_units < UnitSample.LeastUnits)
        {
            return null;
        }

        double share = _used[(int)kind] / _held;
        double squares = _usedSquares[(int)kind] - (2 * share * _products[(int)kind]) + (share * share * _heldSquares);
        double scale = Weight * Math.Sqrt(_unseen);
        return SumOfSquares.HalfWidth((Math.Max(0, squares) * scale * scale) + SumOfSquares.Doubt(share, _units, _held * scale / _units), _units, pageBytes);
    }

    internal void Clear()
    {
        (_unitHeld, _unitUsed, _used, _usedSquares, _products) = (default, default, default, default, default);
        (_held, _heldSquares, _charge, _isChargeKnown, _units, _unseen, Weight) = (0, 0, 0, true, 0, 0, 1);
    }

    /// <summary>A sum for each kind.</summary>
    [System.Runtime.CompilerServices.InlineArray(ChargedKinds.Count)]
    private struct SumsByKind
    {
        private double _first;
    }
}
