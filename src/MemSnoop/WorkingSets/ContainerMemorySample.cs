using System.Runtime.CompilerServices;
using MemSnoop.Disturbances;

namespace MemSnoop.WorkingSets;

/// <summary>The memory that is charged to a container's control groups: held, used within a window, and idle by age. Each page frame counts once, mapped or not.</summary>
internal readonly record struct ContainerMemorySample
{
    /// <summary>By kind.</summary>
    internal required ChargedMemoryByKind Kinds { get; init; }

    /// <summary>What is held, of all kinds, in bytes.</summary>
    internal ulong HeldBytes => Kinds[0].HeldBytes + Kinds[1].HeldBytes + Kinds[2].HeldBytes + Kinds[3].HeldBytes;

    /// <summary>The memory of one kind.</summary>
    internal ChargedMemory this[ChargedKind kind] => Kinds[(int)kind];
}

/// <summary>Charged memory of one kind.</summary>
internal readonly record struct ChargedMemory
{
    /// <summary>Bytes held at the end of the window.</summary>
    internal required ulong HeldBytes { get; init; }

    /// <summary>Bytes accessed within the window: exact if <see cref="IsWhole"/>, else what is certain, a lower bound.</summary>
    internal required ulong UsedBytes { get; init; }

    /// <summary>Half the width of the 95 % interval around <see cref="UsedBytes"/>, where a share of memory was looked at; null where all was.</summary>
    internal ulong? ErrorBytes { get; init; }

    /// <summary>Bytes that may have been accessed as well, in a window that was disturbed.</summary>
    internal required ulong DoubtfulBytes { get; init; }

    /// <summary>What disturbed the window.</summary>
    internal required Disturbance Disturbance { get; init; }

    /// <summary>Bytes that were not accessed for at least each age; only the first <see cref="KnownAges"/> are known. The first is all that is held.</summary>
    internal required IdleBytes Idle { get; init; }

    /// <summary>How many ages are known.</summary>
    internal required int KnownAges { get; init; }

    /// <summary>Whether nothing disturbed the window.</summary>
    internal bool IsWhole => Disturbance == Disturbance.None;
}

/// <summary>A value for each <see cref="ChargedKind"/>, without heap memory.</summary>
[InlineArray(ChargedKinds.Count)]
internal struct ChargedMemoryByKind
{
    private ChargedMemory _first;
}

/// <summary>Whether the memory charged to containers is measured, or why not.</summary>
internal enum ContainerMemoryState
{
    /// <summary>Nobody asked for it, or the method cannot.</summary>
    Off,

    /// <summary>It is measured.</summary>
    Measured,

    /// <summary>It is measured but for page cache that nobody maps: with the multi-generational LRU on, reads of files leave the idle flag as it is.</summary>
    WithoutReads,

    /// <summary>There is no <c>/proc/kpagecgroup</c>: this kernel has no memory control groups.</summary>
    NoFile,

    /// <summary>The file may not be read.</summary>
    Denied,

    /// <summary>No hierarchy of memory control groups is mounted here that starts at the host's root.</summary>
    NoHierarchy,

    /// <summary>Reading failed.</summary>
    Failed,

    /// <summary>There is no processor time for it within the budget.</summary>
    OverBudget,
}

/// <summary>The words for these states in metrics and logs.</summary>
internal static class ContainerMemoryStates
{
    /// <summary>The state as the value of a <c>reason</c> attribute.</summary>
    internal static string ToReason(this ContainerMemoryState state) => state switch
    {
        ContainerMemoryState.Off => "disabled",
        ContainerMemoryState.Measured => "ok",
        ContainerMemoryState.WithoutReads => "file_read",
        ContainerMemoryState.NoFile => "no_kpagecgroup",
        ContainerMemoryState.Denied => "denied",
        ContainerMemoryState.NoHierarchy => "no_control_groups",
        ContainerMemoryState.OverBudget => "budget",
        _ => "failed",
    };

    /// <summary>Whether there are numbers.</summary>
    internal static bool IsMeasured(this ContainerMemoryState state) => state is ContainerMemoryState.Measured or ContainerMemoryState.WithoutReads;
}
