namespace MemSnoop.WorkingSets;

/// <summary>
/// The working set of a process within one window, and its idle memory by age. A working set has a meaning only with its window, so the window is part of the
/// sample.
/// </summary>
public readonly record struct WorkingSetSample
{
    /// <summary>True length of the window, from setting the marks to reading them.</summary>
    public required TimeSpan Window { get; init; }

    /// <summary>Bytes resident at the end of the window, as counted by the pass itself.</summary>
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
    /// <see cref="KnownAges"/> are known. Values fall with age; the first is all resident memory.
    /// </summary>
    public required IdleBytes Idle { get; init; }

    /// <summary>How many ages are known, because the process has been watched that long.</summary>
    public required int KnownAges { get; init; }

    /// <summary>The working set in bytes, all kinds together.</summary>
    public ulong TotalBytes => AnonBytes + FileBytes + ShmemBytes;

    /// <summary>The working set of one kind in bytes.</summary>
    public ulong Bytes(PageKind kind) => kind switch
    {
        PageKind.Anon => AnonBytes,
        PageKind.File => FileBytes,
        _ => ShmemBytes,
    };
}
