using System.Numerics;
using MemSnoop.Paging;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>
/// The idle flag belongs to a folio, and the bitmap answers for the folio's first page only: every tail page of a huge
/// page, and of the 16 kB to 1 MB folios of newer kernels, reads as accessed. What does not read as idle is looked up in
/// <c>/proc/kpageflags</c>, in ranges: tails take the state of their head, frames on no reclaim list and the zero page
/// are told apart.
/// </summary>
internal sealed class FolioResolver(KpageFlags kpageFlags, IdleBitmap bitmap, FrameTable table)
{
    /// <summary>A frame's flags cost tens of nanoseconds, a call some hundreds: small gaps are read through.</summary>
    private const int GapFrames = 16;

    /// <summary>
    /// The largest folio but for hugetlb's, which is told by a flag of its own: 2 MB of 4 KiB pages. Folios lie at
    /// multiples of their size (<c>mm/page_alloc.c</c>), so a head lies at most this far before its tails.
    /// </summary>
    private const ulong MostFolioFrames = 512;

    private readonly ulong[] _one = new ulong[1];
    private readonly ulong[] _accessed = new ulong[FrameBlock.Words];

    /// <summary>Resolves the frames of a block that were marked and do not read as idle.</summary>
    internal void ResolveAccessed(FrameBlock block)
    {
        for (int word = 0; word < FrameBlock.Words; word++)
        {
            _accessed[word] = block.Marked[word] & ~block.Idle[word];
        }

        ForEachRange(block, _accessed, static (resolver, block, first, flags) => resolver.Resolve(block, first, flags));
    }

    /// <summary>Marks the heads of fresh tail pages whose own head nobody maps: with the rest they would not be marked.</summary>
    internal void MarkHeads(FrameBlock block, ulong[] fresh) =>
        ForEachRange(block, fresh, static (resolver, block, first, flags) => resolver.MarkHeads(block, first, flags));

    private delegate void RangeAction(FolioResolver resolver, FrameBlock block, int first, ReadOnlySpan<ulong> flags);

    /// <summary>Reads the flags of the set frames, range by range.</summary>
    private void ForEachRange(FrameBlock block, ulong[] frames, RangeAction action)
    {
        int start = -1;
        int end = 0;
        for (int word = 0; word < FrameBlock.Words; word++)
        {
            ulong left = frames[word];
            while (left != 0)
            {
                int from = BitOperations.TrailingZeroCount(left);
                int length = BitOperations.TrailingZeroCount(~(left >> from));
                length = Math.Min(length, 64 - from);
                left &= from + length == 64 ? 0 : ulong.MaxValue << (from + length);
                int run = (word * 64) + from;
                if (start >= 0 && run - end > GapFrames)
                {
                    Read(block, start, end, action);
                    start = -1;
                }

                start = start < 0 ? run : start;
                end = run + length;
            }
        }

        if (start >= 0)
        {
            Read(block, start, end, action);
        }
    }

    private void Read(FrameBlock block, int start, int end, RangeAction action)
    {
        // One more in front: of a folio that lies idle the tails read as accessed and the head, right before them, does not.
        int first = Math.Max(0, start - 1);
        ReadOnlySpan<ulong> flags = kpageFlags.Read(block.FirstFrame + (ulong)first, end - first);
        action(this, block, first, flags);
        for (int frame = Math.Max(start, first + flags.Length); frame < end; frame++)
        {
            // Beyond the end of memory: nothing is known of such a frame.
            block.SetUntracked(frame);
        }
    }

    private void Resolve(FrameBlock block, int first, ReadOnlySpan<ulong> flags)
    {
        int head = -1;
        bool headKnown = false;
        bool headIdle = false;
        for (int i = 0; i < flags.Length; i++)
        {
            int frame = first + i;
            PageFlags page = new(flags[i]);
            if (!page.IsCompoundTail)
            {
                head = page.IsCompoundHead ? frame : -1;
                headKnown = false;
            }

            ulong bit = 1UL << frame;
            if ((_accessed[frame >> 6] & bit) == 0)
            {
                continue;
            }

            if (page.IsZeroPage)
            {
                block.SetUntracked(frame);
                block.SetZeroPage(frame);
            }
            else if (page.IsHugetlb)
            {
                block.SetUntracked(frame);
            }
            else if (page.IsCompoundTail)
            {
                if (!headKnown)
                {
                    headIdle = head >= 0 ? IsHeadIdle(block, block.FirstFrame + (ulong)head) : IsHeadBeforeIdle(block, ref head, frame);
                    headKnown = true;
                }

                if (headIdle)
                {
                    block.Idle[frame >> 6] |= bit;
                }
            }
            else if (!page.IsOnLru)
            {
                block.SetUntracked(frame);
            }
        }
    }

    private void MarkHeads(FrameBlock block, int first, ReadOnlySpan<ulong> flags)
    {
        ulong lastHead = ulong.MaxValue;
        int head = -1;
        for (int i = 0; i < flags.Length; i++)
        {
            int frame = first + i;
            PageFlags page = new(flags[i]);
            if (!page.IsCompoundTail)
            {
                head = page.IsCompoundHead ? frame : -1;
                continue;
            }

            if (page.IsHugetlb || (block.Seen[frame >> 6] >> frame & 1) == 0)
            {
                continue;
            }

            ulong number = head >= 0 ? block.FirstFrame + (ulong)head : FindHead(block.FirstFrame + (ulong)frame, flags, block.FirstFrame + (ulong)first);
            if (number != lastHead && number != ulong.MaxValue)
            {
                lastHead = number;
                FrameBlock? owner = table.Find(number);
                int bit = (int)(number & (FrameBlock.Frames - 1));
                if (owner is null || (owner.Seen[bit >> 6] >> bit & 1) == 0)
                {
                    MarkOne(number);
                }
            }
        }
    }

    /// <summary>A range that starts inside a folio: looks back to where the folio can start at the earliest.</summary>
    private bool IsHeadBeforeIdle(FrameBlock block, ref int head, int frame)
    {
        ulong number = FindHead(block.FirstFrame + (ulong)frame, default, 0);
        if (number == ulong.MaxValue)
        {
            return false;
        }

        head = (int)(number - block.FirstFrame);
        return IsHeadIdle(block, number);
    }

    /// <summary>The head of a tail page, from flags at hand or read for it; the highest number when there is none.</summary>
    private ulong FindHead(ulong tail, ReadOnlySpan<ulong> atHand, ulong firstAtHand)
    {
        for (ulong frame = tail; atHand.Length > 0 && frame-- > firstAtHand;)
        {
            if (new PageFlags(atHand[(int)(frame - firstAtHand)]).IsCompoundHead)
            {
                return frame;
            }
        }

        ulong first = tail & ~(MostFolioFrames - 1);
        Span<ulong> flags = stackalloc ulong[(int)MostFolioFrames];
        int count = kpageFlags.ReadInto(first, flags[..(int)(tail - first)]);
        while (count > 0)
        {
            if (new PageFlags(flags[--count]).IsCompoundHead)
            {
                return first + (ulong)count;
            }
        }

        return ulong.MaxValue;
    }

    /// <summary>The head's own bit; read and marked alone when it is not among the frames that processes map.</summary>
    private bool IsHeadIdle(FrameBlock block, ulong head)
    {
        int frame = (int)(head & (FrameBlock.Frames - 1));
        FrameBlock? owner = head >> FrameBlock.FrameShift == (ulong)block.Index ? block : table.Find(head);
        if (owner is not null && (owner.Marked[frame >> 6] >> frame & 1) != 0)
        {
            return (owner.Idle[frame >> 6] >> frame & 1) != 0;
        }

        bool idle = bitmap.Read((long)(head / 64), _one) == 1 && (_one[0] >> frame & 1) != 0;
        if (!idle)
        {
            MarkOne(head);
        }

        return idle;
    }

    private void MarkOne(ulong frame)
    {
        _one[0] = 1UL << (int)(frame & 63);
        bitmap.Mark((long)(frame / 64), _one);
    }
}
