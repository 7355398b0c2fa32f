using MemSnoop.Paging;
using MemSnoop.Processes;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>Which share of memory a pass measures, and which share of each process.</summary>
/// <param name="salt">Makes the choice random.</param>
/// <param name="pageBytes">The size of a page.</param>
internal sealed class PassShares(ulong salt, ulong pageBytes)
{
    private MemoryShare _before = MemoryShare.Whole;

    /// <summary>What the next pass is to measure, from 0 to 1; 0 or less means nothing.</summary>
    internal double Wanted { get; set; } = 1;

    /// <summary>What this pass measures.</summary>
    internal MemoryShare OfPass { get; private set; } = MemoryShare.Whole;

    /// <summary>The last pass was that of another exporter. What the next is to measure is not its choice.</summary>
    internal void GoOnWith(MemoryShare share) => OfPass = share;

    /// <summary>Begins a pass.</summary>
    internal void Begin() => (_before, OfPass) = (OfPass, MemoryShare.Of(Wanted, salt));

    /// <summary>
    /// The share of a process that is walked over: that of the pass, and at least so much that <see cref="MemoryShare.LeastUnits"/> units with pages can be expected. It stays as it is while the pass has
    /// the same and the process is about as large, so that its ages go on.
    /// </summary>
    internal MemoryShare Of(TrackedProcess process, ProcessPages pages)
    {
        if (OfPass.IsWhole)
        {
            return MemoryShare.Whole;
        }

        double least = MemoryShare.LeastPages(pageBytes) / Math.Max(1.0, process.Stat.ResidentPages);
        double wanted = Math.Max(OfPass.Fraction, least);
        double before = pages.Share.Fraction;
        bool isSettled = !pages.IsNew && OfPass == _before && (wanted <= before * 2) && (before <= wanted * 2);
        return isSettled ? pages.Share : MemoryShare.Of(wanted, salt);
    }

    /// <summary>The share in the middle of a window: the one that was marked.</summary>
    internal MemoryShare OfLook(TrackedProcess process, ProcessPages pages) => pages.IsNew ? Of(process, pages) : pages.Share;

    /// <summary>
    /// The units of a process that were marked when the window began, and so count. Where frames are marked in parts, those that a walk has found may be marked only just before the next.
    /// </summary>
    internal static MemoryShare CountedOf(ProcessPages pages, bool isSpread) =>
        pages.IsNew ? MemoryShare.Whole
        : isSpread && pages.EarlierShare.Bound < pages.Share.Bound ? pages.EarlierShare
        : pages.Share;
}
