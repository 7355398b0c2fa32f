using MemSnoop.Paging;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>
/// Finds areas that were moved by <c>mremap(2)</c>, as realloc of large blocks does: one that has appeared and one that
/// has vanished, of the same file or both of none, the new one at least as long. The pages then keep their ages. If more than one pair is possible, none is
/// made: pages that start anew are reported younger than they are, never older.
/// </summary>
internal static class AreaMoves
{
    /// <summary>
    /// If more areas than this vanish within one window, the program rebuilds its memory and does not move it. Comparing 100,000 with 100,000 areas would take
    /// minutes.
    /// </summary>
    private const int MostVanished = 256;

    /// <summary>Where the pages of areas that moved were before, by the area's new start; empty when none did.</summary>
    internal static void Find(ReadOnlySpan<MemoryArea> before, ReadOnlySpan<MemoryArea> after, Dictionary<ulong, ulong> moves)
    {
        moves.Clear();
        if (before.SequenceEqual(after) || !TryCollectAlone(before, after, out List<MemoryArea> vanished) || vanished.Count == 0)
        {
            return;
        }

        if (!TryCollectAlone(after, before, out List<MemoryArea> appeared))
        {
            return;
        }

        // Exact lengths first: an area of equal length is the better partner than a longer one.
        Pair(vanished, appeared, exact: true, moves);
        Pair(vanished, appeared, exact: false, moves);
    }

    /// <summary>The areas of one list that overlap none of the other; false when they are too many.</summary>
    private static bool TryCollectAlone(ReadOnlySpan<MemoryArea> areas, ReadOnlySpan<MemoryArea> others, out List<MemoryArea> alone)
    {
        alone = [];
        int other = 0;
        foreach (ref readonly MemoryArea area in areas)
        {
            while (other < others.Length && others[other].End <= area.Start)
            {
                other++;
            }

            if (other == others.Length || others[other].Start >= area.End)
            {
                alone.Add(area);
            }
        }

        return alone.Count <= MostVanished;
    }

    private static void Pair(List<MemoryArea> vanished, List<MemoryArea> appeared, bool exact, Dictionary<ulong, ulong> moves)
    {
        for (int i = appeared.Count - 1; i >= 0; i--)
        {
            MemoryArea now = appeared[i];
            int from = FindOnly(vanished, candidate => Fits(candidate, now, exact));
            if (from >= 0)
            {
                MemoryArea source = vanished[from];
                if (FindOnly(appeared, candidate => Fits(source, candidate, exact)) == i)
                {
                    moves.Add(now.Start, source.Start);
                    vanished.RemoveAt(from);
                    appeared.RemoveAt(i);
                }
            }
        }
    }

    private static bool Fits(in MemoryArea before, in MemoryArea now, bool exact) =>
        before.Device == now.Device && before.Inode == now.Inode
        && (exact ? before.Bytes == now.Bytes : before.Bytes < now.Bytes);

    /// <summary>The index of the one area that fits; -1 when there is none or more than one.</summary>
    private static int FindOnly(List<MemoryArea> areas, Predicate<MemoryArea> fits)
    {
        int index = areas.FindIndex(fits);
        return index >= 0 && areas.FindIndex(index + 1, fits) < 0 ? index : -1;
    }
}
