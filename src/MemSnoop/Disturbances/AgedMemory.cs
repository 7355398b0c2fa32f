using MemSnoop.Containers;
using MemSnoop.Kernel;

namespace MemSnoop.Disturbances;

/// <summary>Bounds what aging and eviction by the multi-generational LRU can have hidden between two moments.</summary>
internal sealed class AgedMemory(ControlGroups groups)
{
    /// <summary>Eviction that finds a page accessed looks at up to so many neighbours (<c>MIN_LRU_BATCH</c>, the bits of a word).</summary>
    private const ulong Neighbours = 64;

    private readonly HashSet<byte[]> _evicted = new(Utf8Comparer.Instance);

    /// <summary>Adds the bounds to a report.</summary>
    /// <param name="start">The first moment.</param>
    /// <param name="end">The second moment.</param>
    /// <param name="events">What reclaim did between them.</param>
    /// <param name="knowsGroups">Whether those events tell control groups apart.</param>
    /// <param name="report">Where to add them.</param>
    internal void Report(HostMoment start, HostMoment end, ReadOnlySpan<GroupEvent> events, bool knowsGroups, DisturbanceReport report)
    {
        bool isEvictedAnywhere = false;
        ulong untold = 0;
        _evicted.Clear();
        foreach (GroupEvent reclaim in events)
        {
            if (reclaim.Scanned == 0)
            {
                continue;
            }

            if (reclaim.Path is not null)
            {
                _evicted.Add(reclaim.Path);
            }
            else if (knowsGroups)
            {
                untold += reclaim.Scanned;
            }
            else
            {
                isEvictedAnywhere = true;
            }
        }

        long neighbours = (long)Math.Min(untold * Neighbours, (ulong)HiddenPages.Unbounded);
        if (start.Generations.IsKnown && end.Generations.IsKnown)
        {
            ReportBounds(start, end, isEvictedAnywhere, neighbours, report);
        }
        else
        {
            ReportUnbounded(start, end, isEvictedAnywhere, report);
            report.AddEverywhere(new HiddenPages(neighbours, neighbours, neighbours > 0 ? Disturbance.Aged : Disturbance.None));
        }
    }

    /// <summary>Adds bounds by generations.</summary>
    /// <param name="start">The first moment.</param>
    /// <param name="end">The second moment.</param>
    /// <param name="isEvictedAnywhere">Whether any group may have been evicted from.</param>
    /// <param name="neighbours">At most so many pages were looked at by eviction that has no group yet; it was where pages of old generations are gone.</param>
    /// <param name="report">Where to add them.</param>
    private void ReportBounds(HostMoment start, HostMoment end, bool isEvictedAnywhere, long neighbours, DisturbanceReport report)
    {
        double milliseconds = (end.At - start.At).TotalMilliseconds;
        var evicted = _evicted.GetAlternateLookup<ReadOnlySpan<byte>>();
        int expected = 0;
        int found = 0;
        foreach (ref readonly NodeGenerations after in end.Generations.Nodes)
        {
            ReadOnlySpan<byte> path = end.Generations.PathOf(after);
            int at = start.Generations.Find(end.Generations, after, expected);
            NodeGenerations? before = null;
            if (at >= 0)
            {
                before = start.Generations.Nodes[at];
                expected = at + 1;
                found++;
            }

            bool isAged = GenerationsWatch.WasAged(before, after, milliseconds);
            if (isAged || isEvictedAnywhere || evicted.Contains(path.IsEmpty ? "/"u8 : path))
            {
                // Of a group with another history than the number tells, all generations count.
                ulong from = before is { } known && known.Youngest <= after.Youngest && !(isAged && known.Youngest == after.Youngest) ? known.Youngest : 0;
                report.AddGroup(groups.InodeOf(path), after.From(from));
            }
            else if (neighbours > 0 && before is { } same && !after.HasSameBefore(same.Youngest, same))
            {
                HiddenPages hidden = after.From(same.Youngest);
                report.AddGroup(groups.InodeOf(path), hidden with { Anon = Math.Min(hidden.Anon, neighbours), File = Math.Min(hidden.File, neighbours) });
            }
        }

        if (found < start.Generations.Nodes.Length)
        {
            ReportMissing(start, end, report);
        }
    }

    /// <summary>A group that is missing from the second listing was removed, or fell out of it because others came and went while it was read.</summary>
    private void ReportMissing(HostMoment start, HostMoment end, DisturbanceReport report)
    {
        int expected = 0;
        foreach (ref readonly NodeGenerations before in start.Generations.Nodes)
        {
            int at = end.Generations.Find(start.Generations, before, expected);
            if (at >= 0)
            {
                expected = at + 1;
            }
            else if (start.Generations.PathOf(before) is var path && !path.IsEmpty && groups.Exists(path) && !IsListed(end.Generations, path))
            {
                report.AddGroup(groups.InodeOf(path), new HiddenPages(HiddenPages.Unbounded, HiddenPages.Unbounded, Disturbance.Aged));
            }
        }
    }

    private static bool IsListed(GenerationsListing listing, ReadOnlySpan<byte> path)
    {
        foreach (ref readonly NodeGenerations node in listing.Nodes)
        {
            if (listing.PathOf(node).SequenceEqual(path))
            {
                return true;
            }
        }

        return false;
    }

    private void ReportUnbounded(HostMoment start, HostMoment end, bool isEvictedAnywhere, DisturbanceReport report)
    {
        HiddenPages all = new(HiddenPages.Unbounded, HiddenPages.Unbounded, Disturbance.Aged);
        foreach (byte[] path in _evicted)
        {
            report.AddGroup(groups.InodeOf(path), all);
        }

        // Reclaim of the host may age a group and then evict from another.
        if (isEvictedAnywhere || end.Host.Reclaims > start.Host.Reclaims)
        {
            report.AddEverywhere(all);
        }
    }
}
