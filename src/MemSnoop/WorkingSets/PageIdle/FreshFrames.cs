using MemSnoop.Paging;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>
/// Looks at frames that have come into use since the window began. Such a frame counts as accessed, for somebody has just
/// put it there; but the zero page is everybody's and counts for nobody, and one that is mapped a million times over by a
/// process that reads memory it never wrote would look like gigabytes in its first window.
/// </summary>
internal sealed class FreshFrames(KpageFlags kpageFlags)
{
    /// <summary>Fresh frames tend to lie together: as many as one word of the bitmap has.</summary>
    private const int RangeFrames = 64;

    private readonly ulong[] _flags = new ulong[RangeFrames];
    private ulong _first = ulong.MaxValue;
    private int _count;

    /// <summary>Forgets what was read: flags are those of a moment.</summary>
    internal void Clear() => _first = ulong.MaxValue;

    /// <summary>Whether a frame is the zero page, or part of the huge zero page.</summary>
    internal bool IsZeroPage(ulong frame)
    {
        ulong first = frame & ~(RangeFrames - 1UL);
        if (first != _first)
        {
            _first = first;
            _count = kpageFlags.ReadInto(first, _flags);
        }

        int index = (int)(frame - first);
        return index < _count && new PageFlags(_flags[index]).IsZeroPage;
    }
}
