using MemSnoop.Paging;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>
/// Finds areas that were moved by <c>mremap(2)</c>, as realloc of large blocks does: one that has appeared and one that
/// has vanished, of the same file or both of none, the new one at least as long. The pages keep their ages then.
/// </summary>
internal static class AreaMoves
{
    /// <summary>Where the pages of areas that moved were before, by the area's new start; empty when none did.</summary>
    internal static void Find(ReadOnlySpan<MemoryArea> before, ReadOnlySpan<MemoryArea> after, Dictionary<ulong, ulong> moves)
    {
        moves.Clear();
        List<MemoryArea>? vanished = null;
        foreach (ref readonly MemoryArea area in before)
        {
            if (!Overlaps(after, area))
            {
                (vanished ??= []).Add(area);
            }
        }

        if (vanished is null)
        {
            return;
        }

        // Exact lengths first: a pair that fits exactly must not lose its partner to one that merely fits in.
        Pair(vanished, before, after, exact: true, moves);
        Pair(vanished, before, after, exact: false, moves);
    }

    private static void Pair(List<MemoryArea> vanished, ReadOnlySpan<MemoryArea> before, ReadOnlySpan<MemoryArea> after, bool exact, Dictionary<ulong, ulong> moves)
    {
        foreach (ref readonly MemoryArea area in after)
        {
            if (moves.ContainsKey(area.Start) || Overlaps(before, area))
            {
                continue;
            }

            int best = -1;
            for (int i = 0; i < vanished.Count; i++)
            {
                MemoryArea candidate = vanished[i];
                bool fits = candidate.Device == area.Device && candidate.Inode == area.Inode
                    && (exact ? candidate.Bytes == area.Bytes : candidate.Bytes < area.Bytes);
                if (fits && (best < 0 || candidate.Bytes > vanished[best].Bytes))
                {
                    best = i;
                }
            }

            if (best >= 0)
            {
                moves.Add(area.Start, vanished[best].Start);
                vanished.RemoveAt(best);
            }
        }
    }

    private static bool Overlaps(ReadOnlySpan<MemoryArea> areas, in MemoryArea area)
    {
        int low = 0;
        int high = areas.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (areas[middle].End > area.Start)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low < areas.Length && areas[low].Start < area.End;
    }
}
