namespace MemSnoop.WorkingSets.Shares;

/// <summary>Squares summed up: of each kind, and of all kinds together.</summary>
internal struct SumOfSquares
{
    /// <summary>With as many units' worth of pages on both sides, used and not used, units tell by themselves how much they differ.</summary>
    private const double UnitsThatTell = 10;

    internal double Anon;
    internal double File;
    internal double Shmem;
    internal double Total;

    /// <summary>Adds the squares of deviations.</summary>
    internal void Add(in KindPages deviation)
    {
        Anon += deviation.Anon * deviation.Anon;
        File += deviation.File * deviation.File;
        Shmem += deviation.Shmem * deviation.Shmem;
        Total += deviation.Total * deviation.Total;
    }

    /// <summary>
    /// Where nearly all that is resident was used, or nearly nothing, adds the squares of two units that are used as a whole and of two that are not used at all. All units look alike there, so
    /// their own squares would promise certainty, and a small sample proves nothing like it. (Agresti and Coull, "Approximate is better than exact", 1998.)
    /// </summary>
    /// <param name="shares">Which part of what is resident was used.</param>
    /// <param name="units">How many units there are.</param>
    /// <param name="pages">The pages of a mean unit, scaled as the deviations.</param>
    internal void AddDoubt(in KindPages shares, int units, double pages)
    {
        Anon += Doubt(shares.Anon, units, pages);
        File += Doubt(shares.File, units, pages);
        Shmem += Doubt(shares.Shmem, units, pages);
        Total += Doubt(shares.Total, units, pages);
    }

    /// <summary>The squares that are added for one kind; see <see cref="AddDoubt"/>.</summary>
    internal static double Doubt(double share, int units, double pages) =>
        Math.Min(share, 1 - share) * units >= UnitsThatTell ? 0 : 2 * (((1 - share) * (1 - share)) + (share * share)) * pages * pages;

    /// <summary>The half widths of the intervals, in bytes.</summary>
    internal readonly EstimateError ToError(int units, ulong pageBytes) =>
        new(HalfWidth(Anon, units, pageBytes), HalfWidth(File, units, pageBytes), HalfWidth(Shmem, units, pageBytes), HalfWidth(Total, units, pageBytes));

    /// <summary>Half the width of an interval, in bytes.</summary>
    internal static ulong HalfWidth(double squares, int units, ulong pageBytes) =>
        (ulong)(StudentT.Reach(units - 1) * Math.Sqrt(squares * units / Math.Max(1, units - 1.0)) * pageBytes);
}
