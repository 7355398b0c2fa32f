using System.Runtime.InteropServices;
using MemSnoop.Kernel;

namespace MemSnoop.Paging;

/// <summary>A range of addresses whose pages are all present; struct page_region of <c>include/uapi/linux/fs.h</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PageRegion
{
    internal ulong Start;
    internal ulong End;
    internal ulong Categories;
}

/// <summary>
/// The ioctl PAGEMAP_SCAN (Linux 6.7): the kernel names the present ranges, so that a reservation of 128 TiB costs no
/// more than what is in it. Source: <c>Documentation/admin-guide/mm/pagemap.rst</c>.
/// </summary>
internal static class PagemapScan
{
    private const ulong PageIsPresent = 1 << 3;

    /// <summary>_IOWR('f', 16, struct pm_scan_arg), 96 bytes.</summary>
    private const nuint Request = (3u << 30) | (96u << 16) | ('f' << 8) | 16;

    /// <summary>
    /// Finds present ranges in [start, end). Returns how many, and where to go on; negative when the kernel has no such
    /// ioctl or the address space is gone, told apart by the error. It stops after a number of pages; 0 means never.
    /// </summary>
    internal static unsafe int Find(KernelHandle pagemap, ulong start, ulong end, Span<PageRegion> regions, out ulong next, ulong mostPages = 0)
    {
        fixed (PageRegion* vector = regions)
        {
            ScanArgument argument = new()
            {
                Size = (ulong)sizeof(ScanArgument),
                Start = start,
                End = end,
                Vector = (ulong)vector,
                VectorLength = (ulong)regions.Length,
                MaxPages = mostPages,
                CategoryMask = PageIsPresent,
                ReturnMask = PageIsPresent,
            };
            KernelCalls? calls = KernelCalls.Begin();
            int found = Libc.IoControl(pagemap, Request, &argument);
            KernelCalls.End(calls);
            next = argument.WalkEnd;
            return found;
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct ScanArgument
    {
        internal ulong Size;
        internal ulong Flags;
        internal ulong Start;
        internal ulong End;
        internal ulong WalkEnd;
        internal ulong Vector;
        internal ulong VectorLength;
        internal ulong MaxPages;
        internal ulong CategoryInverted;
        internal ulong CategoryMask;
        internal ulong CategoryAnyOfMask;
        internal ulong ReturnMask;
    }
}
