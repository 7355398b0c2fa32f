using MemSnoop.Kernel;
using MemSnoop.ProcFs;

namespace MemSnoop.Measurements;

/// <summary>A bound of a control group that holds for it, whichever group it is set on.</summary>
/// <param name="Outcome">How reading ended, of the group itself or of one above it that may have a lower bound.</param>
/// <param name="Bytes">The bound; null if there is none.</param>
internal readonly record struct GroupBound(ReadOutcome Outcome, ulong? Bytes)
{
    /// <summary>Above the root.</summary>
    internal static readonly GroupBound None = new(ReadOutcome.Success, null);

    /// <summary>The bound; null if there is none, or it is not known.</summary>
    internal ulong? Known => Outcome == ReadOutcome.Success ? Bytes : null;

    /// <summary>The bound of a group within another. A group without the file has no bound of its own: the root has none, nor a group whose memory is not accounted for.</summary>
    internal GroupBound Within(GroupBound outer) => outer.Outcome is ReadOutcome.Success or ReadOutcome.NotSupported
        ? this with { Bytes = Bytes < outer.Bytes || outer.Bytes is null ? Bytes : outer.Bytes }
        : Outcome is ReadOutcome.Success or ReadOutcome.NotSupported ? outer : this;
}

/// <summary>
/// The bounds that hold for control groups of version 2: those of the group and of all above it, since memory of a group counts in each of them. What lies above many groups is
/// read once a round.
/// </summary>
internal sealed class GroupBounds(GroupFiles files)
{
    private readonly Dictionary<byte[], Entry> _byPath = new(Utf8Comparer.Instance);
    private readonly List<byte[]> _gone = [];
    private long _round;

    /// <summary>Begins a round: what was read before counts no more, and groups that nobody asked for in the last round are forgotten.</summary>
    internal void Begin()
    {
        _gone.Clear();
        foreach ((byte[] path, Entry entry) in _byPath)
        {
            if (entry.Round != _round)
            {
                _gone.Add(path);
            }
        }

        foreach (byte[] path in _gone)
        {
            _byPath.Remove(path);
        }

        _round++;
    }

    /// <summary>The bounds of a group.</summary>
    /// <param name="path">Its path, relative to the root: <c>./a/b</c>.</param>
    internal (GroupBound Max, GroupBound High) Of(ReadOnlySpan<byte> path)
    {
        var byPath = _byPath.GetAlternateLookup<ReadOnlySpan<byte>>();
        if (!byPath.TryGetValue(path, out Entry? entry))
        {
            entry = new Entry();
            byPath[path] = entry;
        }

        if (entry.Round != _round)
        {
            (GroupBound max, GroupBound high) above = path.LastIndexOf((byte)'/') is int at and > 0 ? Of(path[..at]) : (GroupBound.None, GroupBound.None);
            entry.Round = _round;
            entry.Max = Read(path, "memory.max"u8).Within(above.max);
            entry.High = Read(path, "memory.high"u8).Within(above.high);
        }

        return (entry.Max, entry.High);
    }

    private GroupBound Read(ReadOnlySpan<byte> path, ReadOnlySpan<byte> name) => new(files.Read(path, name, CgroupValue.TryParse, out CgroupValue value), value.Number);

    private sealed class Entry
    {
        internal long Round { get; set; } = -1;

        internal GroupBound Max { get; set; }

        internal GroupBound High { get; set; }
    }
}
