using MemSnoop.Kernel;
using MemSnoop.Paging;

namespace MemSnoop.WorkingSets.Damon;

/// <summary>Which kind the shared pages of an area are of, by the flags of their frames; by the area alone where those cannot be read.</summary>
internal sealed class PageKindFinder : IDisposable
{
    private readonly KpageFlags? _flags;
    private readonly DeviceKinds? _kinds;

    internal PageKindFinder(KernelPaths paths)
    {
        _ = KpageFlags.Open(paths, out _flags);
        _kinds = _flags is null ? null : new DeviceKinds(_flags);
    }

    /// <summary>The kind of an area's pages that are not private copies; null for hugetlbfs, whose pages are in no number.</summary>
    /// <param name="area">The area.</param>
    /// <param name="entries">Some entries of its pagemap.</param>
    internal PageKind? Find(in MemoryArea area, ReadOnlySpan<ulong> entries) =>
        area.IsFile && _kinds is not null ? _kinds.Find(area, entries) : PageKind.File;

    public void Dispose() => _flags?.Dispose();
}
