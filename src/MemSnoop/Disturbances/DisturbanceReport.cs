namespace MemSnoop.Disturbances;

/// <summary>At most how many pages that look idle may have been used within a window, and why.</summary>
/// <param name="Anon">Pages of anonymous memory and shared memory, which the kernel keeps on the same lists.</param>
/// <param name="File">Pages of files.</param>
/// <param name="Reason">The most harmful of what hid them.</param>
internal readonly record struct HiddenPages(long Anon, long File, Disturbance Reason)
{
    /// <summary>No bound: all of them may have been used.</summary>
    internal const long Unbounded = long.MaxValue;

    internal bool IsNone => Anon == 0 && File == 0;

    /// <summary>The sum; unbounded if one of both is.</summary>
    internal static HiddenPages Add(HiddenPages left, HiddenPages right) =>
        new(Add(left.Anon, right.Anon), Add(left.File, right.File), left.Reason > right.Reason ? left.Reason : right.Reason);

    private static long Add(long left, long right) => left > Unbounded - right ? Unbounded : left + right;
}

/// <summary>
/// What happened to accessed bits between two moments. A page that looks idle may have been used if the control group that it is charged to is among those
/// that something happened to; at most as many as the group's bound, however many processes map them.
/// </summary>
internal sealed class DisturbanceReport
{
    internal static DisturbanceReport Quiet { get; } = new();

    private readonly Dictionary<ulong, HiddenPages> _groups = [];

    /// <summary>Nothing happened at all: every window is whole.</summary>
    internal bool IsQuiet => Everywhere.IsNone && Sum.IsNone && !HugePagesCollapsed && !PagesMerged;

    /// <summary>Whether every page of the host may have been used unseen.</summary>
    internal bool IsUnbounded => Everywhere.Anon == HiddenPages.Unbounded || Everywhere.File == HiddenPages.Unbounded;

    /// <summary>What applies to every page of the host, whatever control group it is charged to: DAMON, another reader of the bitmap.</summary>
    internal HiddenPages Everywhere { get; private set; }

    /// <summary>The sum of all groups: the bound for pages whose control group is not known.</summary>
    internal HiddenPages Sum { get; private set; }

    /// <summary>Huge pages were made of small ones: fresh huge frames at addresses that were resident before may not have been used.</summary>
    internal bool HugePagesCollapsed { get; set; }

    /// <summary>At most how many pages went into huge pages that were made of small ones.</summary>
    internal ulong CollapsedPages { get; set; }

    /// <summary>Equal pages were merged (KSM).</summary>
    internal bool PagesMerged { get; set; }

    /// <summary>
    /// With the multi-generational LRU on, reading a file by descriptor leaves the idle flag of its pages set (<c>folio_mark_accessed</c> returns early).
    /// </summary>
    internal bool FileReadsAreHidden { get; set; }

    /// <summary>The bound for pages that are charged to a control group, by the inode number of its directory as in <c>/proc/kpagecgroup</c>.</summary>
    internal HiddenPages In(ulong cgroup) => _groups.GetValueOrDefault(cgroup);

    /// <summary>Makes it quiet again, so that it can be filled anew.</summary>
    internal void Clear()
    {
        _groups.Clear();
        (Everywhere, Sum) = (default, default);
        (HugePagesCollapsed, PagesMerged, FileReadsAreHidden, CollapsedPages) = (false, false, false, 0);
    }

    internal void AddEverywhere(HiddenPages hidden) => Everywhere = HiddenPages.Add(Everywhere, hidden);

    /// <summary>Adds a bound of one control group; of one that is not known, as part of the sum alone, with 0.</summary>
    internal void AddGroup(ulong cgroup, HiddenPages hidden)
    {
        Sum = HiddenPages.Add(Sum, hidden);
        _groups[cgroup] = HiddenPages.Add(_groups.GetValueOrDefault(cgroup), hidden);
    }
}
