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

    /// <summary><c>LazyFree:</c> memory given up by madvise(MADV_FREE) that the kernel has not taken back yet.</summary>
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
