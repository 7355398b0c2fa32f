using MemSnoop.Containers;
using MemSnoop.Disturbances;

namespace MemSnoop.WorkingSets.Generations;

/// <summary>
/// Which control groups are to be aged next: those whose youngest generation was opened longest ago, whoever opened it. So a group that the kernel ages itself is
/// left alone, and groups that were new or left alone together are soon spread over the interval. For one thread at a time.
/// </summary>
/// <remarks>
/// An entry is one group on one node, since the kernel ages those apart. Left out are groups without memory, the smallest beyond a limit, and those that were
/// removed while memory was still charged to them: they have no number any more, or one that the kernel does not find.
/// </remarks>
internal sealed class AgingPlan(ControlGroups groups, int maxGroups)
{
    private readonly List<NodeGenerations> _due = [];
    private readonly List<long> _sizes = [];
    private int _next;

    /// <summary>How many entries were last aged longer ago than they should have been.</summary>
    internal int Overdue { get; private set; }

    /// <summary>How many entries of the turn are left.</summary>
    internal int Left => _due.Count - _next;

    /// <summary>Plans a turn; what was left of the one before is planned anew.</summary>
    /// <param name="listing">The generations of this moment.</param>
    /// <param name="dueAfter">A group whose youngest generation was opened so long ago is due.</param>
    /// <param name="overdueAfter">A group whose youngest generation was opened longer ago is overdue.</param>
    /// <param name="turns">In so many turns all groups are to be aged.</param>
    internal void Make(GenerationsListing listing, TimeSpan dueAfter, TimeSpan overdueAfter, int turns)
    {
        Clear();
        int count = 0;
        ReadOnlySpan<NodeGenerations> nodes = listing.Nodes;
        long least = LeastPages(nodes);
        int start = 0;
        while (start < nodes.Length)
        {
            int end = EndOfGroup(nodes, start);
            long pages = Pages(nodes[start..end]);
            if (pages > 0 && pages >= least && IsThere(listing, start, end))
            {
                count += Consider(nodes[start..end], dueAfter, overdueAfter);
            }

            start = end;
        }

        int most = (int)(((long)count + turns - 1) / turns);
        if (_due.Count > most)
        {
            _due.Sort(static (left, right) => right.YoungestAge.CompareTo(left.YoungestAge));
            _due.RemoveRange(most, _due.Count - most);
        }
    }

    /// <summary>Takes the next entry of the turn; false when there is none.</summary>
    internal bool TryTake(out NodeGenerations node)
    {
        if (_next == _due.Count)
        {
            node = default;
            return false;
        }

        node = _due[_next++];
        return true;
    }

    /// <summary>Forgets the turn.</summary>
    internal void Clear()
    {
        _due.Clear();
        _next = 0;
        Overdue = 0;
    }

    private int Consider(ReadOnlySpan<NodeGenerations> nodes, TimeSpan dueAfter, TimeSpan overdueAfter)
    {
        int count = 0;
        foreach (ref readonly NodeGenerations node in nodes)
        {
            if (node.From(0) is { IsNone: true })
            {
                continue;
            }

            count++;
            Overdue += node.YoungestAge > overdueAfter.TotalMilliseconds ? 1 : 0;
            if (node.YoungestAge >= dueAfter.TotalMilliseconds)
            {
                _due.Add(node);
            }
        }

        return count;
    }

    /// <summary>Whether the kernel still finds the group: it has a number, and is the last of its name, and that name is there.</summary>
    private bool IsThere(GenerationsListing listing, int start, int end)
    {
        ReadOnlySpan<NodeGenerations> nodes = listing.Nodes;
        ReadOnlySpan<byte> path = listing.PathOf(nodes[start]).TrimEnd((byte)'/');

        // Without memory control groups there is one entry, with number 0 and without a name.
        if (nodes[start].Path.Length > 0 && (nodes[start].Group == 0 || groups.LengthOfNearest(path) != path.Length))
        {
            return false;
        }

        for (int i = end; i < nodes.Length; i++)
        {
            if (nodes[i].Path.Length == nodes[start].Path.Length && listing.PathOf(nodes[i]).SequenceEqual(listing.PathOf(nodes[start])))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The size of the smallest group that is within the limit.</summary>
    private long LeastPages(ReadOnlySpan<NodeGenerations> nodes)
    {
        _sizes.Clear();
        int start = 0;
        while (start < nodes.Length)
        {
            int end = EndOfGroup(nodes, start);
            _sizes.Add(Pages(nodes[start..end]));
            start = end;
        }

        if (_sizes.Count <= maxGroups)
        {
            return 0;
        }

        _sizes.Sort();
        return maxGroups == 0 ? long.MaxValue : _sizes[^maxGroups];
    }

    private static int EndOfGroup(ReadOnlySpan<NodeGenerations> nodes, int start)
    {
        int end = start + 1;
        while (end < nodes.Length && nodes[end].Path.Start == nodes[start].Path.Start)
        {
            end++;
        }

        return end;
    }

    private static long Pages(ReadOnlySpan<NodeGenerations> nodes)
    {
        HiddenPages sum = default;
        foreach (ref readonly NodeGenerations node in nodes)
        {
            sum = HiddenPages.Add(sum, node.From(0));
        }

        return sum.Anon > HiddenPages.Unbounded - sum.File ? HiddenPages.Unbounded : sum.Anon + sum.File;
    }
}
