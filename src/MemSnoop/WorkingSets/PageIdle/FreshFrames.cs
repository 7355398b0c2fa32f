using MemSnoop.Disturbances;
using MemSnoop.Paging;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>What a frame is that came into use after the window began.</summary>
internal enum FreshFrame
{
    /// <summary>Somebody has just mapped it: it was used.</summary>
    Used,

    /// <summary>The zero page, or part of the huge zero page. It belongs to no process: one that reads memory it never wrote maps it a million times.</summary>
    ZeroPage,

    /// <summary>
    /// It has the idle flag, and nobody accessed it: the kernel migrated a page that was marked, and the flag with it (<c>folio_migrate_flags</c>), or a page of
    /// a file that was marked for another process was mapped without an access. A fault would have cleared it.
    /// </summary>
    Idle,

    /// <summary>The kernel made it from other frames, without the idle flag: it collapsed small pages into a huge one, or merged equal pages.</summary>
    Moved,
}

/// <summary>Finds out what fresh frames are, in ranges of one word of the bitmap, since they are often adjacent.</summary>
internal sealed class FreshFrames(FrameTable frames, KpageFlags kpageFlags, IIdleBitmap bitmap, FolioResolver resolver)
{
    private const int RangeFrames = 64;

    private readonly ulong[] _flags = new ulong[RangeFrames];
    private readonly ulong[] _idle = new ulong[1];
    private ulong _first = ulong.MaxValue;
    private ulong _idleFirst = ulong.MaxValue;
    private bool _isInReach;
    private int _count;
    private ulong _lastTail;
    private ulong _head;
    private bool _hasHead;

    /// <summary>Drops what was read, since flags change.</summary>
    internal void Clear()
    {
        _first = _idleFirst = ulong.MaxValue;
        _hasHead = false;
    }

    /// <summary>What a frame is.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="wasResident">Whether its address was resident at the last walk, so that its content may be older than the frame.</param>
    /// <param name="isGlance">Whether windows go on, and nothing was marked again.</param>
    /// <param name="report">What the kernel did within the window.</param>
    internal FreshFrame Look(ulong frame, bool wasResident, bool isGlance, DisturbanceReport report)
    {
        if (!TryReadFlags(frame, out PageFlags flags))
        {
            return FreshFrame.Used;
        }

        return flags.IsZeroPage ? FreshFrame.ZeroPage
            : IsIdle(frame, flags, isGlance) ? FreshFrame.Idle
            : wasResident && ((report.HugePagesCollapsed && flags.IsCompound) || (report.PagesMerged && flags.IsKsm)) ? FreshFrame.Moved
            : FreshFrame.Used;
    }

    /// <summary>
    /// Whether a frame that could not be tracked when its window ended can be by now. It was free then, or waited in a processor's queue, and has come into use
    /// since: copy on write after a fork takes many such frames.
    /// </summary>
    internal bool CanBeTracked(ulong frame) => TryReadFlags(frame, out PageFlags flags) && flags.IsOrdinary && TryReadIdle(frame, out _);

    /// <summary>Whether a frame that was idle when its window ended may be so yet; true where the kernel does not say it.</summary>
    internal bool MayBeIdle(ulong frame) =>
        !TryReadFlags(frame, out PageFlags flags)
        || (flags.IsCompoundTail && !TryFindHead(ref frame))
        || !TryReadIdle(frame, out bool isIdle)
        || isIdle;

    private bool TryReadFlags(ulong frame, out PageFlags flags)
    {
        ulong first = frame & ~(RangeFrames - 1UL);
        if (first != _first)
        {
            _first = first;
            _count = kpageFlags.ReadInto(first, _flags);
        }

        int index = (int)(frame - first);
        flags = index < _count ? new PageFlags(_flags[index]) : default;
        return index < _count;
    }

    /// <summary>False for a frame beyond the bitmap.</summary>
    private bool TryReadIdle(ulong frame, out bool isIdle)
    {
        ulong first = frame & ~63UL;
        if (first != _idleFirst)
        {
            _idleFirst = first;
            _isInReach = bitmap.Read((long)(first / 64), _idle) == 1;
        }

        isIdle = _isInReach && (_idle[0] >> (int)(frame & 63) & 1) != 0;
        return _isInReach;
    }

    /// <summary>Tails mostly come one after another; looking back for each would read a huge page's flags 512 times.</summary>
    private bool TryFindHead(ref ulong frame)
    {
        if (frame != _lastTail + 1 || !_hasHead || frame % 512 == 0)
        {
            _hasHead = resolver.TryFindHead(frame, out _head, out _);
        }

        _lastTail = frame;
        frame = _head;
        return _hasHead;
    }

    private bool IsIdle(ulong frame, PageFlags flags, bool isGlance)
    {
        if (flags.IsCompoundTail)
        {
            if (!TryFindHead(ref frame))
            {
                return false;
            }

            // The window of the head has ended with that of its block, and the head was marked again: the bitmap is about the next one.
            int head = (int)(frame & (FrameBlock.Frames - 1));
            if (frames.Find(frame) is { } block && (block.Marked[head >> 6] >> head & 1) != 0)
            {
                return (block.Idle[head >> 6] >> head & 1) != 0;
            }
        }

        if (!isGlance && resolver.WasMarkedAlone(frame))
        {
            return false;
        }

        return TryReadIdle(frame, out bool isIdle) && isIdle;
    }
}
