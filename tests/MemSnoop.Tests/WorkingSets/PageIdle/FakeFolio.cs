namespace MemSnoop.Tests.WorkingSets.PageIdle;

/// <summary>What a folio holds; the kernel's flags of it follow.</summary>
internal enum FolioKind
{
    Anon,
    File,
    Shmem,
    Hugetlb,
    Zero,

    /// <summary>A driver's buffer that is mapped into a process: on no list of the reclaim.</summary>
    Driver,
}

/// <summary>Page frames that the kernel handles as one: 2^order of them, at a multiple of as many.</summary>
internal sealed class FakeFolio(ulong first, int order, FolioKind kind)
{
    private const int Lru = 5;
    private const int Mapped = 11;
    private const int Anon = 12;
    private const int SwapBacked = 14;
    private const int Head = 15;
    private const int Tail = 16;
    private const int Huge = 17;
    private const int ZeroPage = 24;
    private const int IdleFlag = 25;

    public ulong First { get; } = first;

    public int Order { get; } = order;

    public int Pages => 1 << Order;

    public FolioKind Kind { get; } = kind;

    /// <summary>The idle flag, one for all pages.</summary>
    public bool Idle { get; set; }

    /// <summary>How many page table entries lead to each page.</summary>
    public int[] Mappings { get; } = new int[1 << order];

    /// <summary>The path of the control group that it is charged to; null for none.</summary>
    public string? Group { get; set; }

    /// <summary>Whether it stays although nobody maps it, as page cache does.</summary>
    public bool IsKept { get; set; }

    public bool IsMapped => Mappings.Any(static count => count > 0);

    public bool IsOnLru => Kind is FolioKind.Anon or FolioKind.File or FolioKind.Shmem;

    /// <summary>The entry of kpageflags. Kernels before 6.10 say of a tail only that it is one, and of what kind.</summary>
    public ulong Flags(int page, bool tailsTellAll)
    {
        ulong folio = (IsOnLru ? 1UL << Lru : 0)
            | (IsMapped ? 1UL << Mapped : 0)
            | (Idle ? 1UL << IdleFlag : 0)
            | (Kind is FolioKind.Anon or FolioKind.Shmem ? 1UL << SwapBacked : 0);
        ulong each = (Kind == FolioKind.Anon ? 1UL << Anon : 0)
            | (Kind == FolioKind.Hugetlb ? 1UL << Huge : 0)
            | (Kind == FolioKind.Zero ? 1UL << ZeroPage : 0);
        return each
            | (page == 0 || tailsTellAll ? folio : 0)
            | (Order == 0 ? 0 : page == 0 ? 1UL << Head : 1UL << Tail);
    }
}
