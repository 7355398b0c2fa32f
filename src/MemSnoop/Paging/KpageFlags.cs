using System.Runtime.InteropServices;
using MemSnoop.Kernel;

namespace MemSnoop.Paging;

/// <summary>
/// The file <c>/proc/kpageflags</c>, 8 bytes a frame. Read in ranges: one call per frame would cost about a hundred times more.
/// </summary>
internal sealed class KpageFlags : IDisposable
{
    /// <summary>The most frames of one read: 256 KiB of buffer, 128 MiB of memory.</summary>
    internal const int MostFrames = 32768;

    private readonly KernelHandle _handle;
    private readonly ulong[] _flags = new ulong[MostFrames];

    private KpageFlags(KernelHandle handle) => _handle = handle;

    internal static ReadOutcome Open(KernelPaths paths, out KpageFlags? flags)
    {
        ReadOutcome outcome = KernelFile.Open(paths.Proc("kpageflags"), out KernelHandle handle);
        flags = outcome == ReadOutcome.Success ? new KpageFlags(handle) : null;
        return outcome;
    }

    /// <summary>The flags of frames from <paramref name="first"/>; fewer than asked for at the end of memory, none on failure.</summary>
    internal ReadOnlySpan<ulong> Read(ulong first, int count) => _flags.AsSpan(0, ReadInto(first, _flags.AsSpan(0, count)));

    /// <summary>The same into a buffer of the caller's; how many were read.</summary>
    internal int ReadInto(ulong first, Span<ulong> flags)
    {
        ReadOutcome outcome = KernelFile.Read(_handle, MemoryMarshal.AsBytes(flags), (long)(first * sizeof(ulong)), out int bytes);
        return outcome == ReadOutcome.Success ? bytes / sizeof(ulong) : 0;
    }

    public void Dispose() => _handle.Dispose();
}

/// <summary>
/// The flags of one page frame, an entry of <c>/proc/kpageflags</c>, by the kernel's own names.
/// Source: <c>include/uapi/linux/kernel-page-flags.h</c>.
/// </summary>
/// <param name="Word">The entry as the kernel writes it.</param>
public readonly record struct PageFlags(ulong Word)
{
    private const int LruBit = 5;
    private const int SlabBit = 7;
    private const int MappedBit = 11;
    private const int AnonBit = 12;
    private const int SwapBackedBit = 14;
    private const int CompoundHeadBit = 15;
    private const int CompoundTailBit = 16;
    private const int HugeBit = 17;
    private const int KsmBit = 21;
    private const int ZeroPageBit = 24;
    private const int IdleBit = 25;

    /// <summary>On a list of the page reclaim; only such pages can be idle.</summary>
    public bool IsOnLru => IsSet(LruBit);

    /// <summary>Anonymous memory.</summary>
    public bool IsAnon => IsSet(AnonBit);

    /// <summary>Backed by swap rather than a file: anonymous memory, and shared memory.</summary>
    public bool IsSwapBacked => IsSet(SwapBackedBit);

    /// <summary>First page (head) of a folio of several pages; it has the folio's idle flag.</summary>
    public bool IsCompoundHead => IsSet(CompoundHeadBit);

    /// <summary>Another page (tail) of such a folio; its bit in the idle bitmap always reads 0.</summary>
    public bool IsCompoundTail => IsSet(CompoundTailBit);

    /// <summary>Part of a folio of several pages.</summary>
    internal bool IsCompound => IsCompoundHead || IsCompoundTail;

    /// <summary>Merged with equal pages of this or other processes (KSM).</summary>
    public bool IsKsm => IsSet(KsmBit);

    /// <summary>A page of hugetlbfs, on no list of the reclaim and so never idle.</summary>
    public bool IsHugetlb => IsSet(HugeBit);

    /// <summary>The zero page or the huge zero page, which belongs to no process.</summary>
    public bool IsZeroPage => IsSet(ZeroPageBit);

    /// <summary>Belongs to the kernel's allocator of small objects.</summary>
    internal bool IsSlab => IsSet(SlabBit);

    /// <summary>At least one page table leads to it; of a folio, in some versions, to any of its pages.</summary>
    internal bool IsMapped => IsSet(MappedBit);

    /// <summary>Has the idle flag. Of a mapped page it may be stale: the accessed bits of its mappings are not looked at (<c>idle_page_tracking.rst</c>).</summary>
    internal bool HasIdleFlag => IsSet(IdleBit);

    /// <summary>What is known of a tail: its own flags and those of its head, since older kernels say less of a tail.</summary>
    internal PageFlags With(PageFlags head) => new(Word | head.Word);

    /// <summary>On a list of the reclaim and neither hugetlb nor a zero page: its own idle flag, or its folio's, tells.</summary>
    internal bool IsOrdinary => (Word & ((1UL << LruBit) | (1UL << HugeBit) | (1UL << ZeroPageBit))) == 1UL << LruBit;

    private bool IsSet(int bit) => (Word >> bit & 1) != 0;
}
