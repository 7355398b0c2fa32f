namespace MemSnoop.ProcFs;

/// <summary>
/// What <c>memory.stat</c> of a control group says of amounts, for the group and all below it: what the kernel takes for itself, what it could take away, and what came back.
/// What a kernel does not tell is absent. <see cref="MemoryStat"/> has what the same file counts of reclaim.
/// </summary>
/// <remarks>
/// One <c>name value</c> a line, in bytes unless it is a count. In version 1 a name has <c>total_</c> before it where the number is that of the group and all below it.
/// See <see href="https://docs.kernel.org/admin-guide/cgroup-v2.html">Control Group v2</see>.
/// </remarks>
internal readonly record struct MemoryAmounts
{
    /// <summary>Charged for the kernel: page tables, stacks, slab, per-processor memory (since Linux 5.18; not in version 1).</summary>
    public ulong? Kernel { get; init; }

    /// <summary>Charged for buffers of sockets (not in version 1).</summary>
    public ulong? Sock { get; init; }

    /// <summary>Page cache on the active list: used more than once.</summary>
    public ulong? ActiveFile { get; init; }

    /// <summary>Page cache on the inactive list, which is reclaimed first.</summary>
    public ulong? InactiveFile { get; init; }

    /// <summary>Slab that can be reclaimed, such as names and inodes of files (not in version 1).</summary>
    public ulong? SlabReclaimable { get; init; }

    /// <summary>What its compressed pages take (since Linux 5.19; <c>memory.zswap.current</c> has the same number).</summary>
    public ulong? Zswap { get; init; }

    /// <summary>Pages in swap (version 1 only, in bytes).</summary>
    public ulong? Swap { get; init; }

    /// <summary>The least of the limits of the group and those above it (version 1 only).</summary>
    public ulong? HierarchicalLimit { get; init; }

    /// <summary>Pages of anonymous and shared memory that came back soon after they had been evicted (since Linux 5.9).</summary>
    public ulong? RefaultedAnonPages { get; init; }

    /// <summary>Pages of files that came back soon after they had been evicted.</summary>
    public ulong? RefaultedFilePages { get; init; }

    /// <summary>Parses the text of the file in version 2. False when a number that is read is beyond 64 bits, or a line is cut short.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out MemoryAmounts value) => TryParse(text, isUnified: true, out value);

    /// <summary>Parses the text of the file in version 1. False when a number that is read is beyond 64 bits, or a line is cut short.</summary>
    public static bool TryParseVersion1(ReadOnlySpan<byte> text, out MemoryAmounts value) => TryParse(text, isUnified: false, out value);

    private static bool TryParse(ReadOnlySpan<byte> text, bool isUnified, out MemoryAmounts value)
    {
        MemoryAmounts read = default;
        FlatKeyed lines = new(text);
        while (lines.MoveNext())
        {
            ReadOnlySpan<byte> name = lines.Name;
            if (!isUnified)
            {
                if (name.SequenceEqual("hierarchical_memory_limit"u8))
                {
                    read = read with { HierarchicalLimit = lines.Read() };
                    continue;
                }

                if (!name.StartsWith("total_"u8))
                {
                    continue;
                }

                name = name["total_"u8.Length..];
            }

            read = name switch
            {
                _ when name.SequenceEqual("active_file"u8) => read with { ActiveFile = lines.Read() },
                _ when name.SequenceEqual("inactive_file"u8) => read with { InactiveFile = lines.Read() },
                _ when name.SequenceEqual("workingset_refault_anon"u8) => read with { RefaultedAnonPages = lines.Read() },
                _ when name.SequenceEqual("workingset_refault_file"u8) => read with { RefaultedFilePages = lines.Read() },

                // Before Linux 5.9 anonymous memory was not counted.
                _ when name.SequenceEqual("workingset_refault"u8) => read with { RefaultedFilePages = lines.Read() },
                _ when name.SequenceEqual("swap"u8) => read with { Swap = lines.Read() },
                _ when name.SequenceEqual("kernel"u8) => read with { Kernel = lines.Read() },
                _ when name.SequenceEqual("sock"u8) => read with { Sock = lines.Read() },
                _ when name.SequenceEqual("slab_reclaimable"u8) => read with { SlabReclaimable = lines.Read() },
                _ when name.SequenceEqual("zswap"u8) => read with { Zswap = lines.Read() },
                _ => read,
            };
        }

        value = lines.IsMalformed ? default : read;
        return !lines.IsMalformed && !text.IsEmpty;
    }
}
