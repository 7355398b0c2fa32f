using MemSnoop.Kernel;
using MemSnoop.ProcFs;

namespace MemSnoop.Disturbances;

/// <summary>How much the kernel had merged at one moment, in pages.</summary>
internal readonly record struct MergedPages(ulong? Shared, ulong? Sharing, ulong? Zero);

/// <summary>Watches what makes the kernel move content to other frames without use: collapse into huge pages, and merging of equal pages (KSM).</summary>
internal sealed class MovedContent(KernelPaths paths, KernelBuffer buffer) : IDisposable
{
    /// <summary>An entry of a page table: a huge page is what one page full of them maps.</summary>
    private const ulong EntryBytes = 8;

    private readonly KernelText _shared = new(paths.Sys("kernel/mm/ksm/pages_shared"), buffer);
    private readonly KernelText _sharing = new(paths.Sys("kernel/mm/ksm/pages_sharing"), buffer);
    private readonly KernelText _zero = new(paths.Sys("kernel/mm/ksm/ksm_zero_pages"), buffer);

    internal MergedPages Read() => new(_shared.ReadNumber(), _sharing.ReadNumber(), _zero.ReadNumber());

    /// <summary>Whether huge pages were made of small ones: by khugepaged, or because a program asked for it (MADV_COLLAPSE).</summary>
    internal static bool Collapsed(in VmStat start, in VmStat end) => end.Collapses > start.Collapses;

    /// <summary>At most how many pages went into such huge pages.</summary>
    internal static ulong CollapsedPages(in VmStat start, in VmStat end) =>
        Collapsed(start, end) ? (end.Collapses - start.Collapses).GetValueOrDefault() * (KernelUnits.Current.PageBytes / EntryBytes) : 0;

    public void Dispose()
    {
        _shared.Dispose();
        _sharing.Dispose();
        _zero.Dispose();
    }
}
