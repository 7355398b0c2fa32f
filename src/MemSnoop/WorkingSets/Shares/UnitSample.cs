using System.Runtime.InteropServices;

namespace MemSnoop.WorkingSets.Shares;

/// <summary>
/// The units of a share that a walk over one process has counted, and what they tell of all its memory. What is used is to what is resident as it is in the units (a ratio estimate: Cochran,
/// "Sampling Techniques", chapter 6); how much units differ tells how far that may be off. Units are sampled as a whole, so memory whose pages are used together is no worse for it.
/// </summary>
internal sealed class UnitSample
{
    /// <summary>With fewer units that have pages, nothing useful can be told.</summary>
    internal const int LeastUnits = 8;

    private readonly List<UnitPages> _units = [];
    private double _unseen;

    /// <summary>Units with pages.</summary>
    internal int Count { get; private set; }

    /// <summary>Resident pages in them.</summary>
    internal long Resident { get; private set; }

    /// <summary>How many pages of the process a counted page stands for; at least 1.</summary>
    internal double Weight { get; private set; }

    internal void Clear()
    {
        _units.Clear();
        (Count, Resident, Weight, _unseen) = (0, 0, 1, 0);
    }

    /// <summary>Adds what was counted of a unit, or of a part of one: several areas can lie in it.</summary>
    internal void Add(in UnitPages pages)
    {
        if (pages.Resident > 0)
        {
            _units.Add(pages);
        }
    }

    /// <summary>Ends the counting. False if there are too few units to tell anything.</summary>
    /// <param name="fraction">The share.</param>
    /// <param name="resident">Resident pages of the process; null if that is not known of the areas that count.</param>
    internal bool TryWeigh(double fraction, long? resident)
    {
        Merge();
        Count = _units.Count;
        foreach (ref readonly UnitPages unit in CollectionsMarshal.AsSpan(_units))
        {
            Resident += unit.Resident;
        }

        if (Count < LeastUnits)
        {
            return false;
        }

        Weight = Math.Max(1, resident is { } all ? all / (double)Resident : 1 / fraction);
        _unseen = 1 - (1 / Weight);
        return true;
    }

    /// <summary>How far the estimate of the process may be off.</summary>
    internal EstimateError ErrorOf(ulong pageBytes)
    {
        SumOfSquares squares = default;
        KindPages shares = SharesOf(static unit => unit.Used);
        double scale = Scale;
        foreach (ref readonly UnitPages unit in CollectionsMarshal.AsSpan(_units))
        {
            squares.Add((unit.Used - (shares * unit.Resident)) * scale);
        }

        squares.AddDoubt(shares, Count, Resident * scale / Count);
        return squares.ToError(Count, pageBytes);
    }

    /// <summary>Adds to the deviations of a group's estimate, unit by unit: processes that share a unit may be off in the same direction.</summary>
    internal void AddTo(GroupError group)
    {
        KindPages shares = SharesOf(static unit => unit.UsedForGroup);
        double scale = Scale;
        foreach (ref readonly UnitPages unit in CollectionsMarshal.AsSpan(_units))
        {
            group.Add(unit.Unit, (unit.UsedForGroup - (shares * unit.Resident)) * scale);
        }

        group.AddDoubt(shares, Count, Resident * scale / Count);
    }

    /// <summary>By what deviations are scaled: pages stand for others, and those that were looked at are certain.</summary>
    private double Scale => Weight * Math.Sqrt(_unseen);

    private KindPages SharesOf(Func<UnitPages, KindPages> pagesOf)
    {
        KindPages sum = default;
        foreach (ref readonly UnitPages unit in CollectionsMarshal.AsSpan(_units))
        {
            sum += pagesOf(unit);
        }

        return sum * (1.0 / Resident);
    }

    /// <summary>Makes one of the parts of each unit.</summary>
    private void Merge()
    {
        Span<UnitPages> units = CollectionsMarshal.AsSpan(_units);
        units.Sort(static (left, right) => left.Unit.CompareTo(right.Unit));
        int merged = 0;
        for (int i = 0; i < units.Length; i++)
        {
            if (merged > 0 && units[merged - 1].Unit == units[i].Unit)
            {
                UnitPages first = units[merged - 1];
                units[merged - 1] = first with { Resident = first.Resident + units[i].Resident, Used = first.Used + units[i].Used, UsedForGroup = first.UsedForGroup + units[i].UsedForGroup };
            }
            else
            {
                units[merged++] = units[i];
            }
        }

        CollectionsMarshal.SetCount(_units, merged);
    }
}
