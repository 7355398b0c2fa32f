namespace MemSnoop.Paging;

/// <summary>
/// One 64-bit entry of <c>/proc/PID/pagemap</c>: what a page of virtual memory is backed by.
/// Source: <c>Documentation/admin-guide/mm/pagemap.rst</c>, <c>fs/proc/task_mmu.c</c>.
/// </summary>
/// <param name="Word">The entry as the kernel writes it.</param>
public readonly record struct PagemapEntry(ulong Word)
{
    private const ulong FrameMask = (1UL << 55) - 1;
    private const int Exclusive = 56;
    private const int FileOrShared = 61;
    private const int Swapped = 62;
    private const int Present = 63;

    /// <summary>The page is in memory.</summary>
    public bool IsPresent => IsSet(Present);

    /// <summary>The page is in swap, or being migrated; the frame number then means something else.</summary>
    public bool IsSwapped => IsSet(Swapped);

    /// <summary>The page belongs to a file or to shared memory; clear for anonymous memory.</summary>
    public bool IsFileOrShared => IsSet(FileOrShared);

    /// <summary>The page is mapped by this process only (Linux 4.2; a hint for large folios).</summary>
    public bool IsExclusive => IsSet(Exclusive);

    /// <summary>Number of the page frame; 0 without CAP_SYS_ADMIN (Linux 4.2), which no page of a process ever is.</summary>
    public ulong FrameNumber => Word & FrameMask;

    private bool IsSet(int bit) => (Word >> bit & 1) != 0;
}
