namespace MemSnoop.Measurements;

/// <summary>What the files of a control group tell, each of which a kernel may have or not.</summary>
internal enum CgroupPart
{
    /// <summary>What is charged to it.</summary>
    Usage,

    /// <summary>The limit, beyond which processes are killed.</summary>
    Limit,

    /// <summary>The bound beyond which its processes are held up.</summary>
    High,

    /// <summary>What the kernel takes of it for itself.</summary>
    Kernel,

    /// <summary>What the kernel could take away without swap.</summary>
    Reclaimable,

    /// <summary>What is in swap.</summary>
    Swap,

    /// <summary>What compressed pages take.</summary>
    Zswap,

    /// <summary>What came back after it had been evicted.</summary>
    Refaults,

    /// <summary>How often it ran into its bounds.</summary>
    Events,

    /// <summary>How long its processes have waited for memory.</summary>
    Pressure,
}

/// <summary>The parts and their words.</summary>
internal static class CgroupParts
{
    internal static IReadOnlyList<CgroupPart> All { get; } = Enum.GetValues<CgroupPart>();

    /// <summary>The part as the last word of its instrument's name, which is its method too.</summary>
    internal static string ToWord(this CgroupPart part) => part switch
    {
        CgroupPart.Usage => "usage",
        CgroupPart.Limit => "limit",
        CgroupPart.High => "high",
        CgroupPart.Kernel => "kernel",
        CgroupPart.Reclaimable => "reclaimable",
        CgroupPart.Swap => "swap",
        CgroupPart.Zswap => "zswap",
        CgroupPart.Refaults => "refaults",
        CgroupPart.Events => "events",
        _ => "pressure",
    };
}
