using MemSnoop.Kernel;

namespace MemSnoop.ProcFs;

/// <summary>Counters of the whole host since boot, from <c>/proc/vmstat</c>. A counter that the kernel does not have is absent.</summary>
/// <remarks>
/// One <c>name value</c> a line. See <see href="https://man7.org/linux/man-pages/man5/proc_vmstat.5.html">proc_vmstat(5)</see>.
/// </remarks>
internal readonly record struct VmStat
{
    /// <summary>Pages of anonymous memory that reclaim took from its lists, for the host and for control groups at their limit alike (Linux 5.8).</summary>
    public ulong? ScannedAnon { get; init; }

    /// <summary>The same of files.</summary>
    public ulong? ScannedFile { get; init; }

    /// <summary>How often kswapd, or a process that allocates, began to reclaim memory of the host.</summary>
    public ulong? Reclaims { get; init; }

    /// <summary>Pages that the classic LRU looked at on its active lists, or that the multi-generational LRU sorted.</summary>
    public ulong? Refilled { get; init; }

    /// <summary>Pages that were made inactive: by advice, and by reclaim of the classic LRU.</summary>
    public ulong? Deactivated { get; init; }

    /// <summary>Pages that were advised to be free (MADV_FREE).</summary>
    public ulong? LazyFreed { get; init; }

    /// <summary>Huge pages that were allocated to collapse small ones into them.</summary>
    public ulong? Collapses { get; init; }

    /// <summary>Parses the text of the file. False when a number that is read is beyond 64 bits, or a line is cut short.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out VmStat value)
    {
        value = default;
        VmStat read = default;
        Utf8Cursor cursor = new(text);
        while (!cursor.IsAtEnd)
        {
            if (!cursor.TryReadLine(out ReadOnlySpan<byte> line))
            {
                return false;
            }

            // Three first letters out of some hundred and fifty lines.
            if (line.IsEmpty || line[0] is not ((byte)'p' or (byte)'a' or (byte)'t'))
            {
                continue;
            }

            if (!TryAccept(line, ref read))
            {
                return false;
            }
        }

        value = read;
        return !text.IsEmpty;
    }

    private static bool TryAccept(ReadOnlySpan<byte> line, ref VmStat read)
    {
        Utf8Cursor cursor = new(line);
        if (!cursor.TryReadUntil((byte)' ', out ReadOnlySpan<byte> name))
        {
            return true;
        }

        return name switch
        {
            _ when name.SequenceEqual("pgscan_anon"u8) => TryAdd(cursor, read.ScannedAnon, out ulong? sum) && Set(read with { ScannedAnon = sum }, out read),
            _ when name.SequenceEqual("pgscan_file"u8) => TryAdd(cursor, read.ScannedFile, out ulong? sum) && Set(read with { ScannedFile = sum }, out read),
            _ when name.SequenceEqual("pageoutrun"u8) || name.StartsWith("allocstall_"u8) =>
                TryAdd(cursor, read.Reclaims, out ulong? sum) && Set(read with { Reclaims = sum }, out read),
            _ when name.SequenceEqual("pgrefill"u8) => TryAdd(cursor, read.Refilled, out ulong? sum) && Set(read with { Refilled = sum }, out read),
            _ when name.SequenceEqual("pgdeactivate"u8) => TryAdd(cursor, read.Deactivated, out ulong? sum) && Set(read with { Deactivated = sum }, out read),
            _ when name.SequenceEqual("pglazyfree"u8) => TryAdd(cursor, read.LazyFreed, out ulong? sum) && Set(read with { LazyFreed = sum }, out read),
            _ when name.SequenceEqual("thp_collapse_alloc"u8) => TryAdd(cursor, read.Collapses, out ulong? sum) && Set(read with { Collapses = sum }, out read),
            _ => true,
        };
    }

    private static bool TryAdd(Utf8Cursor cursor, ulong? before, out ulong? sum)
    {
        bool isRead = cursor.TryReadUInt64(out ulong value) && cursor.IsAtEnd;
        sum = unchecked((before ?? 0) + value);
        return isRead;
    }

    private static bool Set(VmStat changed, out VmStat read)
    {
        read = changed;
        return true;
    }
}
