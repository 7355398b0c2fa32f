using System.Runtime.InteropServices;
using System.Text;
using MemSnoop.Containers;
using MemSnoop.Kernel;
using MemSnoop.ProcFs;

namespace MemSnoop.Disturbances;

/// <summary>What reclaim and advice did in one control group between two readings.</summary>
/// <param name="Reading">The number of the reading that found it.</param>
/// <param name="Path">The group's path in UTF-8; null for what could not be told to a group.</param>
/// <param name="Scanned">Pages that reclaim took from its lists.</param>
/// <param name="Advised">Pages that were advised to be cold or free.</param>
internal readonly record struct GroupEvent(long Reading, byte[]? Path, ulong Scanned, ulong Advised);

/// <summary>
/// Tells in which control groups reclaim and advice were at work. Counters of the whole host (<c>/proc/vmstat</c>) say whether anything happened. Only then
/// <c>memory.stat</c> is read, and only below groups whose sum has risen.
/// </summary>
/// <remarks>
/// The kernel hands counts of groups upwards in batches (<c>memcg_rstat_updated</c>: 64 pages a processor; all every 2 s), those of the host at once. What the
/// host counted and no group yet is kept as an event without a path. On version 1 of control groups, all are. A kernel without CONFIG_VM_EVENT_COUNTERS has no
/// such counters of the host; then the sum of all groups is read at every moment.
/// </remarks>
internal sealed class GroupEvents(ControlGroups groups)
{
    private readonly Node _root = new("/", groups.IsUnified ? groups.Mount! : "");
    private readonly KernelBuffer _buffer = new();
    private readonly List<GroupEvent> _events = [];
    private MemoryStat _counted;
    private MemoryStat _behind;
    private bool _hasGenerations;

    /// <summary>Whether groups can be told apart: version 2, with the memory controller.</summary>
    internal bool KnowsGroups { get; private set; }

    /// <summary>The number of the last reading.</summary>
    internal long Reading { get; private set; }

    /// <summary>All events that were not forgotten, the oldest first.</summary>
    internal ReadOnlySpan<GroupEvent> Events => CollectionsMarshal.AsSpan(_events);

    /// <summary>Looks at the groups if the host's counters have risen. To be called at every moment, first for the counts that lie before all windows.</summary>
    /// <param name="host">The host's counters.</param>
    /// <param name="hasGenerations">Whether the multi-generational LRU is on.</param>
    internal void Update(in VmStat host, bool hasGenerations)
    {
        _hasGenerations = hasGenerations;
        MemoryStat counted = CountedIn(host);
        MemoryStat risen = Rise(_counted, counted);
        bool isFirst = Reading == 0;
        bool isCounted = host.ScannedAnon is not null;
        if (!isFirst && isCounted && risen == default && _behind == default)
        {
            return;
        }

        Reading++;
        _counted = counted;
        MemoryStat before = _root.Counted;
        KnowsGroups = groups.IsUnified && TryVisit(_root, out _);
        if (!KnowsGroups)
        {
            // A kernel without either counter may have done anything.
            Note(null, isCounted ? risen : new MemoryStat(1, 0, 0, 0));
        }
        else if (!isFirst && isCounted)
        {
            // Behind is what groups have yet to count; of that, what the host counted just now has no group.
            MemoryStat told = Rise(before, _root.Counted);
            _behind = new MemoryStat(
                Behind(_behind.Scanned, risen.Scanned, told.Scanned),
                Behind(_behind.Refilled, risen.Refilled, told.Refilled),
                Behind(_behind.Deactivated, risen.Deactivated, told.Deactivated),
                Behind(_behind.LazyFreed, risen.LazyFreed, told.LazyFreed));
            Note(null, new MemoryStat(
                Math.Min(_behind.Scanned, risen.Scanned), Math.Min(_behind.Refilled, risen.Refilled),
                Math.Min(_behind.Deactivated, risen.Deactivated), Math.Min(_behind.LazyFreed, risen.LazyFreed)));
        }

        if (isFirst)
        {
            _events.Clear();
        }
    }

    /// <summary>
    /// Notes, as part of the first reading, what the host counted between a moment before it and the reading. To which groups it belongs is not known.
    /// </summary>
    internal void NoteSince(in VmStat before) =>
        Note(null, before.ScannedAnon is null ? new MemoryStat(1, 0, 0, 0) : Rise(CountedIn(before), _counted));

    /// <summary>Forgets events that no window can contain any more.</summary>
    internal void ForgetUpTo(long reading)
    {
        int count = 0;
        while (count < _events.Count && _events[count].Reading <= reading)
        {
            count++;
        }

        _events.RemoveRange(0, count);
    }

    /// <summary>Reads a group, and those below it if anything has risen. False when the group is gone.</summary>
    private bool TryVisit(Node node, out MemoryStat rise)
    {
        rise = default;
        if (KernelFile.ReadToEnd(node.StatPath, _buffer, out ReadOnlySpan<byte> text) != ReadOutcome.Success || !MemoryStat.TryParse(text, out MemoryStat now))
        {
            return false;
        }

        // A count that has fallen is that of another group, made under the name of one that was removed.
        bool isSame = now.Scanned >= node.Counted.Scanned && now.Refilled >= node.Counted.Refilled
            && now.Deactivated >= node.Counted.Deactivated && now.LazyFreed >= node.Counted.LazyFreed;
        rise = isSame ? Rise(node.Counted, now) : now;
        node.Counted = now;
        if (rise == default)
        {
            return true;
        }

        // What groups below did is part of the sum. Of one that was removed the count stays in it, and is taken for the group's own.
        MemoryStat below = default;
        node.FindChildren();
        foreach (Node child in node.Children)
        {
            if (TryVisit(child, out MemoryStat ofChild))
            {
                below = Sum(below, ofChild);
            }
        }

        Note(node.Path, Rise(below, rise));
        return true;
    }

    private static MemoryStat CountedIn(in VmStat host) =>
        new((host.ScannedAnon ?? 0) + (host.ScannedFile ?? 0), host.Refilled ?? 0, host.Deactivated ?? 0, host.LazyFreed ?? 0);

    private void Note(byte[]? path, in MemoryStat rise)
    {
        ulong advised = Advised(rise);
        if (rise.Scanned > 0 || advised > 0)
        {
            _events.Add(new GroupEvent(Reading, path, rise.Scanned, advised));
        }
    }

    /// <summary>
    /// Pages that were advised to be cold or free. With the multi-generational LRU on, only advice deactivates pages, and each is counted. The classic LRU
    /// deactivates them in reclaim too (<c>shrink_active_list</c>), never more than it looked at, so that many are left out; and it does not count advice for pages
    /// that are inactive already, so there MADV_COLD can stay unseen.
    /// </summary>
    private ulong Advised(in MemoryStat rise) => (_hasGenerations ? rise.Deactivated : Less(rise.Deactivated, rise.Refilled)) + rise.LazyFreed;

    private static MemoryStat Rise(in MemoryStat before, in MemoryStat after) => new(
        Less(after.Scanned, before.Scanned), Less(after.Refilled, before.Refilled),
        Less(after.Deactivated, before.Deactivated), Less(after.LazyFreed, before.LazyFreed));

    private static MemoryStat Sum(in MemoryStat left, in MemoryStat right) => new(
        left.Scanned + right.Scanned, left.Refilled + right.Refilled, left.Deactivated + right.Deactivated, left.LazyFreed + right.LazyFreed);

    private static ulong Behind(ulong before, ulong host, ulong told) => Less(before + host, told);

    private static ulong Less(ulong value, ulong subtracted) => value > subtracted ? value - subtracted : 0;

    /// <summary>A group and what it counted at the last reading; of one that is new, nothing.</summary>
    private sealed class Node(string path, string directory)
    {
        private readonly Dictionary<string, Node> _children = [];

        internal byte[] Path { get; } = Encoding.UTF8.GetBytes(path);

        internal string StatPath { get; } = System.IO.Path.Join(directory, "memory.stat");

        internal MemoryStat Counted { get; set; }

        internal Dictionary<string, Node>.ValueCollection Children => _children.Values;

        internal void FindChildren()
        {
            try
            {
                HashSet<string> found = [];
                foreach (string child in Directory.EnumerateDirectories(directory))
                {
                    string name = System.IO.Path.GetFileName(child);
                    found.Add(name);
                    if (!_children.ContainsKey(name))
                    {
                        _children.Add(name, new Node(System.IO.Path.Join(path, name), child));
                    }
                }

                foreach (string name in _children.Keys)
                {
                    if (!found.Contains(name))
                    {
                        _children.Remove(name);
                    }
                }
            }
            catch (IOException)
            {
                // The group was removed in the meantime.
                _children.Clear();
            }
        }
    }
}
