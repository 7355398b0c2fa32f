using System.Numerics;
using System.Runtime.InteropServices;
using MemSnoop.Disturbances;
using MemSnoop.Paging;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>
/// Counts the idle pages of one walk by the control group that they are charged to, and says how many of them may have been used all the same. Only needed for
/// windows in which something took accessed bits.
/// </summary>
internal sealed class IdlePages(KpageCgroup? kpageCgroup)
{
    private readonly Dictionary<ulong, Counts> _groups = [];

    internal void Clear()
    {
        _groups.Clear();
        kpageCgroup?.Clear();
    }

    /// <summary>Counts idle frames of a word.</summary>
    internal void Add(ulong firstFrame, ulong idle, PageKind kind, DisturbanceReport report)
    {
        // What applies everywhere, or has no control group to blame, needs no look at each frame.
        bool needsGroup = kpageCgroup is not null && !report.Sum.IsNone && report.Everywhere.IsNone;
        if (!needsGroup)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(_groups, 0UL, out _).Add(kind, BitOperations.PopCount(idle));
            return;
        }

        for (ulong left = idle; left != 0; left &= left - 1)
        {
            ulong group = kpageCgroup!.Find(firstFrame + (ulong)BitOperations.TrailingZeroCount(left));
            CollectionsMarshal.GetValueRefOrAddDefault(_groups, group, out _).Add(kind, 1);
        }
    }

    /// <summary>Adds to a tally the pages that may have been used. Each idle page stands for so many.</summary>
    internal void AddDoubts(DisturbanceReport report, double weight, ref PageTally tally)
    {
        foreach ((ulong group, Counts idle) in _groups)
        {
            HiddenPages own = group == 0 ? report.Sum : report.In(group);
            HiddenPages hidden = HiddenPages.Add(own, report.Everywhere);
            if (!hidden.IsNone)
            {
                tally.AddDoubt(PageKind.Anon, Math.Min((long)(idle.Anon * weight), hidden.Anon), hidden.Reason);
                tally.AddDoubt(PageKind.Shmem, Math.Min((long)(idle.Shmem * weight), hidden.Anon), hidden.Reason);
                tally.AddDoubt(PageKind.File, Math.Min((long)(idle.File * weight), hidden.File), hidden.Reason);
            }
        }
    }

    private struct Counts
    {
        internal long Anon;
        internal long File;
        internal long Shmem;

        internal void Add(PageKind kind, long pages)
        {
            switch (kind)
            {
                case PageKind.Anon:
                    Anon += pages;
                    break;
                case PageKind.File:
                    File += pages;
                    break;
                default:
                    Shmem += pages;
                    break;
            }
        }
    }
}
