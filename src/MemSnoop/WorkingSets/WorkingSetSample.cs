using MemSnoop.Disturbances;

namespace MemSnoop.WorkingSets;

/// <summary>
/// The working set of a process within one window, and its idle memory by age. A working set has a meaning only with its window, so the window is part of the
/// sample.
/// </summary>
public readonly record struct WorkingSetSample
{
    /// <summary>
    /// True length of the window, from setting the marks to reading them: the mean over the process's page frames, since a pass takes time of its own.
    /// </summary>
    public required TimeSpan Window { get; init; }

    /// <summary>How much longer the window of one page frame was than that of another, at most. 0 if the method does not tell.</summary>
    public TimeSpan WindowSpread { get; init; }

    /// <summary>
    /// What disturbed the window. Unless it is <see cref="Disturbance.None"/>, the working set is not known exactly: it lies between <see cref="Bytes"/> and
    /// <see cref="UpperBytes"/>.
    /// </summary>
    public Disturbance Disturbance { get; init; }

    /// <summary>Whether nothing disturbed the window, so that the working set is exact.</summary>
    public bool IsWhole => Disturbance == Disturbance.None;

    /// <summary>Bytes of private memory that may have been accessed as well, in a window that was disturbed.</summary>
    public ulong DoubtfulAnonBytes { get; init; }

    /// <summary>Bytes of page cache that may have been accessed as well, in a window that was disturbed.</summary>
    public ulong DoubtfulFileBytes { get; init; }

    /// <summary>Bytes of shared memory that may have been accessed as well, in a window that was disturbed.</summary>
    public ulong DoubtfulShmemBytes { get; init; }

    /// <summary>How far the estimates may be off, where not every page was looked at; null where every page was.</summary>
    public EstimateError? Error { get; init; }

    /// <summary>Bytes resident at the end of the window, as counted by the pass itself; by statm where <see cref="Error"/> is not null.</summary>
    public required ulong ResidentBytes { get; init; }

    /// <summary>Bytes of private memory accessed at least once within the window.</summary>
    public required ulong AnonBytes { get; init; }

    /// <summary>Bytes of page cache accessed at least once within the window.</summary>
    public required ulong FileBytes { get; init; }

    /// <summary>Bytes of shared memory accessed at least once within the window.</summary>
    public required ulong ShmemBytes { get; init; }

    /// <summary>
    /// Bytes of hugetlbfs pages. The kernel does not count them as resident, and they cannot become idle. They are in no other number. Null if the method does
    /// not tell them.
    /// </summary>
    public ulong? HugetlbBytes { get; init; }

    /// <summary>
    /// Resident bytes of unknown use: neither working set nor idle. Null if the method does not tell them.
    /// </summary>
    public ulong? UntrackedBytes { get; init; }

    /// <summary>
    /// Bytes of address space that were not searched for pages: areas of more than 64 GiB before Linux 6.7, which has no PAGEMAP_SCAN. This is address space,
    /// not memory. Resident memory in it is missing from all other numbers.
    /// </summary>
    public ulong LeftOutBytes { get; init; }

    /// <summary>
    /// For each age of <see cref="IdleAges"/> the resident bytes not accessed for at least that long; only the first
    /// <see cref="KnownAges"/> are known. Values fall with age; the first is all resident memory. After disturbed windows they are what is certain: at least
    /// this much has been idle for so long.
    /// </summary>
    public required IdleBytes Idle { get; init; }

    /// <summary>
    /// How many ages are known: the process has been watched that long, and disturbances within that time leave something certain to say.
    /// </summary>
    public required int KnownAges { get; init; }

    /// <summary>The working set in bytes, all kinds together.</summary>
    public ulong TotalBytes => AnonBytes + FileBytes + ShmemBytes;

    /// <summary>The most that the working set can have been, in bytes, all kinds together.</summary>
    public ulong UpperTotalBytes => TotalBytes + DoubtfulAnonBytes + DoubtfulFileBytes + DoubtfulShmemBytes;

    /// <summary>The most that the working set of one kind can have been, in bytes.</summary>
    public ulong UpperBytes(PageKind kind) => Bytes(kind) + kind switch
    {
        PageKind.Anon => DoubtfulAnonBytes,
        PageKind.File => DoubtfulFileBytes,
        _ => DoubtfulShmemBytes,
    };

    /// <summary>The working set of one kind in bytes: exact if the window is whole, else what is certain, a lower bound.</summary>
    public ulong Bytes(PageKind kind) => kind switch
    {
        PageKind.Anon => AnonBytes,
        PageKind.File => FileBytes,
        _ => ShmemBytes,
    };
}
