using MemSnoop.ProcFs;

namespace MemSnoop.Measurements;

/// <summary>What the control group of a container says of its memory, groups within it included. What could not be read, or is not set, is null.</summary>
internal readonly record struct ContainerCgroupSample
{
    /// <summary>What is charged to it.</summary>
    internal ulong? UsageBytes { get; init; }

    /// <summary>The least limit of the group and those above it; null without a limit too.</summary>
    internal ulong? LimitBytes { get; init; }

    /// <summary>The least bound of these groups beyond which processes are held up; null without one too.</summary>
    internal ulong? HighBytes { get; init; }

    /// <summary>What the kernel takes for itself: page tables, stacks, slab, buffers of sockets.</summary>
    internal ulong? KernelBytes { get; init; }

    /// <summary>Page cache that was used more than once.</summary>
    internal ulong? ActiveFileBytes { get; init; }

    /// <summary>Page cache that is reclaimed first.</summary>
    internal ulong? InactiveFileBytes { get; init; }

    /// <summary>The kernel's own memory that can be reclaimed.</summary>
    internal ulong? ReclaimableSlabBytes { get; init; }

    /// <summary>What is in swap, compressed in memory or not.</summary>
    internal ulong? SwapBytes { get; init; }

    /// <summary>The memory that compressed pages take.</summary>
    internal ulong? ZswapBytes { get; init; }

    /// <summary>Anonymous and shared memory that came back soon after it had been evicted, since the group was made.</summary>
    internal ulong? RefaultedAnonBytes { get; init; }

    /// <summary>Page cache that came back soon after it had been evicted, since the group was made.</summary>
    internal ulong? RefaultedFileBytes { get; init; }

    /// <summary>How often it ran into its bounds, since the group was made.</summary>
    internal MemoryEvents Events { get; init; }

    /// <summary>Time in which one of its processes at least waited for memory.</summary>
    internal double? SomeWaitedSeconds { get; init; }

    /// <summary>Time in which all of its processes waited for memory that had something to do.</summary>
    internal double? AllWaitedSeconds { get; init; }
}
