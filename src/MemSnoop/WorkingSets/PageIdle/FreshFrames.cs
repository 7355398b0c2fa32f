using MemSnoop.Paging;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>
/// Recognises zero pages among frames that came into use since the window began. Such frames count as accessed, since a process has just mapped them. The zero
/// page counts for no process: a process that reads memory it never wrote maps it a million times, which would look like gigabytes in its first window.
/// </summary>
internal sealed class FreshFrames(KpageFlags kpageFlags)
{
    /// <summary>New frames are often adjacent: as many as one word of the bitmap has.</summary>
    private const int RangeFrames = 64;

    private readonly ulong[] _flags = new ulong[RangeFrames];
    private ulong _first = ulong.MaxValue;
    private int _count;

    /// <summary>Drops what was read, since flags change.</summary>
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
