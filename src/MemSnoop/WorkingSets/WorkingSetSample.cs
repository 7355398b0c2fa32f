namespace MemSnoop.WorkingSets;

/// <summary>
/// What a process touched within one window, and how long the rest has lain idle. A number of active bytes means nothing
/// without its window, so the window is part of it.
/// </summary>
public readonly record struct WorkingSetSample
{
    /// <summary>True length of the window: from the moment the marks were set to the moment they were read.</summary>
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
    /// Bytes of hugetlbfs pages, which the kernel does not count as resident and cannot tell idle; in no other number.
    /// Null when the method does not tell them apart.
    /// </summary>
    public ulong? HugetlbBytes { get; init; }

    /// <summary>
    /// Resident bytes of which the method cannot tell whether they were accessed; neither working set nor idle. Null when
    /// the method does not tell them apart.
    /// </summary>
    public ulong? UntrackedBytes { get; init; }

    /// <summary>
    /// Bytes of address space in which nobody looked for pages: reservations of more than 64 GiB on a kernel before 6.7,
    /// which does not name present ranges. Address space, not memory, and in no other number: what is resident there is missing.
    /// </summary>
    public ulong LeftOutBytes { get; init; }

    /// <summary>
    /// For each age of <see cref="IdleAges"/> the resident bytes not accessed for at least that long; only the first
    /// <see cref="KnownAges"/> are known. Values fall with age; the first is all resident memory.
    /// </summary>
    public required IdleBytes Idle { get; init; }

    /// <summary>How many ages the process has been observed for.</summary>
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
