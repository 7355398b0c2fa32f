using System.Runtime.CompilerServices;
using MemSnoop.Kernel;

namespace MemSnoop.ProcFs;

/// <summary>The sizes that smaps prints for one memory area, or their sums over many, in KiB (the kernel's <c>kB</c> is 1,024 bytes).</summary>
/// <remarks>
/// A line of the file is <c>Rss:                1684 kB</c>. A size that the running kernel does not print yet stays 0.
/// See <see href="https://man7.org/linux/man-pages/man5/proc_pid_smaps.5.html">proc_pid_smaps(5)</see> and
/// <see href="https://docs.kernel.org/filesystems/proc.html">The /proc Filesystem</see>.
/// </remarks>
public readonly record struct SmapsSums
{
    /// <summary><c>Rss:</c> resident memory.</summary>
    public ulong RssKib { get; init; }

    /// <summary><c>Pss:</c> resident memory, each page divided by the number of processes that map it.</summary>
    public ulong PssKib { get; init; }

    /// <summary><c>Referenced:</c> resident memory that is marked as accessed since the marks were last cleared (clear_refs, reclaim).</summary>
    public ulong ReferencedKib { get; init; }

    /// <summary><c>Anonymous:</c> resident memory that belongs to no file, private copies of file pages included.</summary>
    public ulong AnonymousKib { get; init; }

    /// <summary><c>AnonHugePages:</c> anonymous memory mapped by huge pages.</summary>
    public ulong AnonHugePagesKib { get; init; }

    /// <summary><c>ShmemPmdMapped:</c> shared memory (shmem, tmpfs) mapped by huge pages.</summary>
    public ulong ShmemPmdMappedKib { get; init; }

    /// <summary><c>FilePmdMapped:</c> page cache mapped by huge pages.</summary>
    public ulong FilePmdMappedKib { get; init; }

    /// <summary><c>Shared_Hugetlb:</c> hugetlbfs pages that others map too. Neither <see cref="RssKib"/> nor <see cref="PssKib"/> counts them.</summary>
    public ulong SharedHugetlbKib { get; init; }

    /// <summary><c>Private_Hugetlb:</c> hugetlbfs pages that nobody else maps. Neither <see cref="RssKib"/> nor <see cref="PssKib"/> counts them.</summary>
    public ulong PrivateHugetlbKib { get; init; }

    /// <summary><c>Swap:</c> anonymous memory that is swapped out.</summary>
    public ulong SwapKib { get; init; }

    /// <summary><c>SwapPss:</c> swapped-out memory, each page divided by the number of its users.</summary>
    public ulong SwapPssKib { get; init; }

    /// <summary><c>Locked:</c> memory that mlock(2) keeps resident, divided among its users as <see cref="PssKib"/> is.</summary>
    public ulong LockedKib { get; init; }

    /// <summary><c>LazyFree:</c> memory released by madvise(MADV_FREE) that the kernel has not reclaimed yet.</summary>
    public ulong LazyFreeKib { get; init; }

    /// <summary>
    /// Adds size by size, without saturation: an address space of 57 bits holds 2^47 KiB, so it takes 131,072 processes that each fill theirs
    /// to wrap a sum.
    /// </summary>
    public static SmapsSums operator +(SmapsSums left, SmapsSums right) => new()
    {
        RssKib = left.RssKib + right.RssKib,
        PssKib = left.PssKib + right.PssKib,
        ReferencedKib = left.ReferencedKib + right.ReferencedKib,
        AnonymousKib = left.AnonymousKib + right.AnonymousKib,
        AnonHugePagesKib = left.AnonHugePagesKib + right.AnonHugePagesKib,
        ShmemPmdMappedKib = left.ShmemPmdMappedKib + right.ShmemPmdMappedKib,
        FilePmdMappedKib = left.FilePmdMappedKib + right.FilePmdMappedKib,
        SharedHugetlbKib = left.SharedHugetlbKib + right.SharedHugetlbKib,
        PrivateHugetlbKib = left.PrivateHugetlbKib + right.PrivateHugetlbKib,
        SwapKib = left.SwapKib + right.SwapKib,
        SwapPssKib = left.SwapPssKib + right.SwapPssKib,
        LockedKib = left.LockedKib + right.LockedKib,
        LazyFreeKib = left.LazyFreeKib + right.LazyFreeKib,
    };
}

/// <summary>Collects the value lines of one area, or of a rollup, until they make <see cref="SmapsSums"/>.</summary>
internal struct SmapsTally
{
    private const int FieldCount = 13;

    // Every kernel prints Rss: first and Locked: last of the lines read here, so an area with both has not been cut short.
    private const uint CompleteFields = (1u << (int)Field.Rss) | (1u << (int)Field.Locked);

    private Values _kib;
    private uint _seen;

    private enum Field
    {
        Rss,
        Pss,
        Referenced,
        Anonymous,
        AnonHugePages,
        ShmemPmdMapped,
        FilePmdMapped,
        SharedHugetlb,
        PrivateHugetlb,
        Swap,
        SwapPss,
        Locked,
        LazyFree,
        Other,
    }

    /// <summary>Whether the area's lines are all there.</summary>
    public readonly bool IsComplete => (_seen & CompleteFields) == CompleteFields;

    public readonly SmapsSums Sums => new()
    {
        RssKib = _kib[(int)Field.Rss],
        PssKib = _kib[(int)Field.Pss],
        ReferencedKib = _kib[(int)Field.Referenced],
        AnonymousKib = _kib[(int)Field.Anonymous],
        AnonHugePagesKib = _kib[(int)Field.AnonHugePages],
        ShmemPmdMappedKib = _kib[(int)Field.ShmemPmdMapped],
        FilePmdMappedKib = _kib[(int)Field.FilePmdMapped],
        SharedHugetlbKib = _kib[(int)Field.SharedHugetlb],
        PrivateHugetlbKib = _kib[(int)Field.PrivateHugetlb],
        SwapKib = _kib[(int)Field.Swap],
        SwapPssKib = _kib[(int)Field.SwapPss],
        LockedKib = _kib[(int)Field.Locked],
        LazyFreeKib = _kib[(int)Field.LazyFree],
    };

    /// <summary>
    /// Splits a value line such as <c>Swap:  0 kB</c> at its colon. A header has a blank before its first colon, so it is told apart in one search.
    /// </summary>
    public static bool TrySplit(ReadOnlySpan<byte> line, out ReadOnlySpan<byte> key, out ReadOnlySpan<byte> text)
    {
        int end = line.IndexOfAny((byte)':', (byte)' ');
        if (end <= 0 || line[end] != (byte)':')
        {
            key = text = default;
            return false;
        }

        key = line[..end];
        text = line[(end + 1)..];
        return true;
    }

    /// <summary>Reads one value; unknown keys are ignored. False if the value is not a whole number of kB.</summary>
    public bool TryTake(ReadOnlySpan<byte> key, ReadOnlySpan<byte> text)
    {
        Field field = Find(key);
        if (field == Field.Other)
        {
            return true;
        }

        Utf8Cursor cursor = new(text);
        if (!cursor.TryReadUInt64(out ulong kib) || !cursor.Rest.SequenceEqual(" kB"u8))
        {
            return false;
        }

        _kib[(int)field] = kib;
        _seen |= 1u << (int)field;
        return true;
    }

    // By length first: this leaves at most two candidates, and excludes most of the other keys without a comparison.
    private static Field Find(ReadOnlySpan<byte> key) => key.Length switch
    {
        3 when key.SequenceEqual("Rss"u8) => Field.Rss,
        3 when key.SequenceEqual("Pss"u8) => Field.Pss,
        4 when key.SequenceEqual("Swap"u8) => Field.Swap,
        6 when key.SequenceEqual("Locked"u8) => Field.Locked,
        7 when key.SequenceEqual("SwapPss"u8) => Field.SwapPss,
        8 when key.SequenceEqual("LazyFree"u8) => Field.LazyFree,
        9 when key.SequenceEqual("Anonymous"u8) => Field.Anonymous,
        10 when key.SequenceEqual("Referenced"u8) => Field.Referenced,
        13 when key.SequenceEqual("AnonHugePages"u8) => Field.AnonHugePages,
        13 when key.SequenceEqual("FilePmdMapped"u8) => Field.FilePmdMapped,
        14 when key.SequenceEqual("ShmemPmdMapped"u8) => Field.ShmemPmdMapped,
        14 when key.SequenceEqual("Shared_Hugetlb"u8) => Field.SharedHugetlb,
        15 when key.SequenceEqual("Private_Hugetlb"u8) => Field.PrivateHugetlb,
        _ => Field.Other,
    };

    [InlineArray(FieldCount)]
    private struct Values
    {
        private ulong _first;
    }
}
