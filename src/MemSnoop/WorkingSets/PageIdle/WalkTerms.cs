using MemSnoop.Disturbances;
using MemSnoop.Paging;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>What a walk over one process starts from.</summary>
internal readonly ref struct WalkTerms
{
    /// <summary>The ages by address, as of the last walk.</summary>
    internal required PageAges Before { get; init; }

    /// <summary>Takes the ages as they are now.</summary>
    internal required PageAges After { get; init; }

    /// <summary>The areas at the last walk.</summary>
    internal required ReadOnlySpan<MemoryArea> AreasBefore { get; init; }

    /// <summary>The units that were walked over before, and so were marked. All where the process is new.</summary>
    internal required MemoryShare Counted { get; init; }

    /// <summary>Number of the process's group, 0 for none; the processes of a group are walked one after another.</summary>
    internal required int Group { get; init; }

    /// <summary>What a frame says of a process that nobody has marked.</summary>
    internal required NewPages NewPages { get; init; }

    /// <summary>Whether the walk is a glance, in the middle of a window: the frames are asked for already.</summary>
    internal required bool IsGlance { get; init; }

    /// <summary>What disturbed the window.</summary>
    internal required DisturbanceReport Report { get; init; }
}

/// <summary>What it means that a process has a page in a frame that was not marked.</summary>
internal enum NewPages
{
    /// <summary>The process was watched from the window's start on, so it has mapped the frame within the window.</summary>
    AreUsed,

    /// <summary>
    /// The process started within the window. What it alone maps it has used since; what it shares may be a copy of its parent's page tables, or a neighbour of
    /// a page of a file that it used.
    /// </summary>
    AreUsedIfExclusive,

    /// <summary>The process is older than its watching: nothing is known.</summary>
    AreDoubtful,
}
