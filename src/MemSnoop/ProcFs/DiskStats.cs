using MemSnoop.Kernel;

namespace MemSnoop.ProcFs;

/// <summary>One device of <c>/proc/diskstats</c>: its totals since it appeared.</summary>
/// <remarks>
/// <code> 254       0 vda 107148 28834 3758706 17520 12079 16817 2036304 4427 0 13100 22292 4264 42 243856 296 1323 48</code>
/// Device numbers, name, and then 11 numbers, 15 since Linux 4.18 (discards) or 17 since Linux 5.5 (flushes). The kernel prints every number
/// but completions, merges and sectors in 32 bits, so milliseconds start over after 2^32 (49.7 days of busy time).
/// See <see href="https://docs.kernel.org/admin-guide/iostats.html">I/O statistics fields</see>.
/// </remarks>
public readonly ref struct DiskStats
{
    /// <summary>The kernel counts in sectors of 512 bytes for every device, whatever the device's own block size: SECTOR_SIZE in linux/blk_types.h.</summary>
    public const ulong BytesPerSector = 512;

    /// <summary>The device's major number.</summary>
    public uint Major { get; init; }

    /// <summary>The device's minor number.</summary>
    public uint Minor { get; init; }

    /// <summary>The device's name as under /dev, such as <c>vda</c> or <c>nvme0n1p2</c>. It is a part of the line that was parsed.</summary>
    public ReadOnlySpan<byte> Name { get; init; }

    /// <summary>Reads that were completed.</summary>
    public ulong ReadsCompleted { get; init; }

    /// <summary>Reads that were merged into a neighbour.</summary>
    public ulong ReadsMerged { get; init; }

    /// <summary>Sectors read, of <see cref="BytesPerSector"/>.</summary>
    public ulong ReadSectors { get; init; }

    /// <summary>Time that all reads took together, in milliseconds.</summary>
    public ulong ReadMilliseconds { get; init; }

    /// <summary>Writes that were completed.</summary>
    public ulong WritesCompleted { get; init; }

    /// <summary>Writes that were merged into a neighbour.</summary>
    public ulong WritesMerged { get; init; }

    /// <summary>Sectors written, of <see cref="BytesPerSector"/>.</summary>
    public ulong WriteSectors { get; init; }

    /// <summary>Time that all writes took together, in milliseconds.</summary>
    public ulong WriteMilliseconds { get; init; }

    /// <summary>Operations in progress now: the only gauge among these counters.</summary>
    public ulong InProgress { get; init; }

    /// <summary>Time during which at least one operation was in progress, in milliseconds.</summary>
    public ulong IoMilliseconds { get; init; }

    /// <summary>Time in progress, multiplied by the number of operations in progress, in milliseconds.</summary>
    public ulong WeightedIoMilliseconds { get; init; }

    /// <summary>Discards that were completed; 0 unless <see cref="HasDiscards"/>.</summary>
    public ulong DiscardsCompleted { get; init; }

    /// <summary>Discards that were merged into a neighbour.</summary>
    public ulong DiscardsMerged { get; init; }

    /// <summary>Sectors discarded, of <see cref="BytesPerSector"/>.</summary>
    public ulong DiscardSectors { get; init; }

    /// <summary>Time that all discards took together, in milliseconds.</summary>
    public ulong DiscardMilliseconds { get; init; }

    /// <summary>Flushes that were completed; 0 unless <see cref="HasFlushes"/>. Not counted for partitions.</summary>
    public ulong FlushesCompleted { get; init; }

    /// <summary>Time that all flushes took together, in milliseconds.</summary>
    public ulong FlushMilliseconds { get; init; }

    /// <summary>Whether the kernel counts discards (Linux 4.18).</summary>
    public bool HasDiscards { get; init; }

    /// <summary>Whether the kernel counts flushes (Linux 5.5).</summary>
    public bool HasFlushes { get; init; }

    /// <summary>
    /// Parses one line, with or without its newline. False when a number is malformed or beyond 64 bits, or when their count is none that a
    /// kernel prints; numbers after the 17th are ignored, for later kernels.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> line, out DiskStats value)
    {
        value = default;
        Utf8Cursor cursor = new(line.EndsWith((byte)'\n') ? line[..^1] : line);
        if (!cursor.TryReadField(out uint major) || !cursor.TryReadField(out uint minor))
        {
            return false;
        }

        cursor.SkipBlanks();
        Span<ulong> numbers = stackalloc ulong[17];
        if (!cursor.TryReadUntil((byte)' ', out ReadOnlySpan<byte> name) || name.IsEmpty || !TryReadNumbers(cursor, numbers, out int count))
        {
            return false;
        }

        value = new DiskStats
        {
            Major = major,
            Minor = minor,
            Name = name,
            ReadsCompleted = numbers[0],
            ReadsMerged = numbers[1],
            ReadSectors = numbers[2],
            ReadMilliseconds = numbers[3],
            WritesCompleted = numbers[4],
            WritesMerged = numbers[5],
            WriteSectors = numbers[6],
            WriteMilliseconds = numbers[7],
            InProgress = numbers[8],
            IoMilliseconds = numbers[9],
            WeightedIoMilliseconds = numbers[10],
            DiscardsCompleted = numbers[11],
            DiscardsMerged = numbers[12],
            DiscardSectors = numbers[13],
            DiscardMilliseconds = numbers[14],
            FlushesCompleted = numbers[15],
            FlushMilliseconds = numbers[16],
            HasDiscards = count >= 15,
            HasFlushes = count >= 17,
        };
        return true;
    }

    private static bool TryReadNumbers(Utf8Cursor cursor, Span<ulong> numbers, out int count)
    {
        // stackalloc need not be cleared (SkipLocalsInit), and a kernel without discards leaves the tail unread.
        numbers.Clear();
        count = 0;
        while (count < numbers.Length && cursor.TryReadUInt64(out numbers[count]))
        {
            count++;
            if (!cursor.IsAtEnd && !cursor.TrySkip((byte)' '))
            {
                return false;
            }
        }

        return count == numbers.Length || (cursor.IsAtEnd && count is 11 or 15);
    }
}
