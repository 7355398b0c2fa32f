using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MemSnoop.Paging;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>
/// The idle flag belongs to a folio, and the bitmap answers for the folio's first page only: every tail page of a huge
/// page, and of the 16 kB to 1 MB folios of newer kernels, reads as accessed. Frames that do not read as idle are looked up in <c>/proc/kpageflags</c>, in
/// ranges: tails take the state of their head, and frames on no reclaim list and the zero page are recognised.
/// </summary>
internal sealed class FolioResolver(KpageFlags kpageFlags, IIdleBitmap bitmap)
{
    /// <summary>The flags of a frame cost tens of nanoseconds, a call some hundreds, so small gaps are read too.</summary>
    private const int GapFrames = 16;

    /// <summary>
    /// The largest folio except hugetlb's, which have their own flag: 2 MB of 4 KiB pages. Folios lie at multiples of their size (<c>mm/page_alloc.c</c>), so
    /// a head lies at most this far before its tails.
    /// </summary>
    private const ulong MostFolioFrames = 512;

    private readonly ulong[] _one = new ulong[1];
    private readonly ulong[] _accessed = new ulong[FrameBlock.Words];

    private bool _marksHeads;

    /// <summary>The frames that processes map, while heads are marked.</summary>
    private ulong[] _mapped = [];

    /// <summary>Heads that no process maps and that were marked in this pass: what the bitmap says of them now is about the next window.</summary>
    private readonly HashSet<ulong> _markedAlone = [];

    /// <summary>
    /// The last head that was read on its own, and its state. Reading marks it again, so a second range of the same folio must not read it again.
    /// </summary>
    private ulong _lastHead = ulong.MaxValue;
    private bool _lastHeadIdle;

    /// <summary>The state of a folio's tails, by its head.</summary>
    private enum HeadState
    {
        Unknown,
        Accessed,
        Idle,
        Untracked,
        ZeroPage,
    }

    /// <summary>A pass begins.</summary>
    internal void BeginPass() => _markedAlone.Clear();

    /// <summary>Whether a head that no process maps was marked in this pass, so that the bitmap does not tell about the window that ends.</summary>
    internal bool WasMarkedAlone(ulong head) => _markedAlone.Contains(head);

    /// <summary>Resolves the frames of a block that were marked and do not read as idle.</summary>
    /// <param name="block">The block.</param>
    /// <param name="among">Only these of its frames, in the middle of a window, so that nothing is marked again; empty for all.</param>
    internal void ResolveAccessed(FrameBlock block, ReadOnlySpan<ulong> among = default)
    {
        _marksHeads = among.IsEmpty;
        _lastHead = ulong.MaxValue;
        ReadOnlySpan<Vector<ulong>> marked = MemoryMarshal.Cast<ulong, Vector<ulong>>(block.Marked);
        ReadOnlySpan<Vector<ulong>> idle = MemoryMarshal.Cast<ulong, Vector<ulong>>(block.Idle);
        Span<Vector<ulong>> accessed = MemoryMarshal.Cast<ulong, Vector<ulong>>(_accessed.AsSpan());
        for (int i = 0; i < accessed.Length; i++)
        {
            accessed[i] = Vector.AndNot(marked[i], idle[i]);
        }

        for (int word = 0; word < among.Length; word++)
        {
            _accessed[word] &= among[word];
        }

        ForEachRange(block, _accessed, static (resolver, block, first, flags) => resolver.Resolve(block, first, flags));
    }

    /// <summary>Marks the heads of new tail pages whose head no process maps: nothing else would mark them.</summary>
    internal void MarkHeads(FrameBlock block, ulong[] fresh, ulong[] mapped)
    {
        _mapped = mapped;
        ForEachRange(block, fresh, static (resolver, block, first, flags) => resolver.MarkHeads(block, first, flags));
    }

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
                    Read(block, frames, start, end, action);
                    start = -1;
                }

                start = start < 0 ? run : start;
                end = run + length;
            }
        }

        if (start >= 0)
        {
            Read(block, frames, start, end, action);
        }
    }

    private void Read(FrameBlock block, ulong[] frames, int start, int end, RangeAction action)
    {
        // One more in front: of a folio that lies idle the tails read as accessed and the head, right before them, does not.
        int first = Math.Max(0, start - 1);
        ReadOnlySpan<ulong> flags = kpageFlags.Read(block.FirstFrame + (ulong)first, end - first);
        action(this, block, first, flags);
        for (int frame = Math.Max(start, first + flags.Length); frame < end; frame++)
        {
            // Beyond the end of memory: nothing is known about such a frame.
            if ((frames[frame >> 6] >> frame & 1) != 0)
            {
                block.SetUntracked(frame);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Resolve(FrameBlock block, int first, ReadOnlySpan<ulong> flags)
    {
        PageFlags headFlags = default;
        int head = -1;
        int lastOther = -2;
        HeadState state = HeadState.Unknown;
        for (int i = 0; i < flags.Length;)
        {
            PageFlags page = new(flags[i]);
            if (!page.IsCompoundTail)
            {
                ResolveOne(block, first + i, page);
                lastOther = i++;
                continue;
            }

            if (lastOther == i - 1)
            {
                headFlags = new PageFlags(flags[lastOther]);
                head = headFlags.IsCompoundHead ? first + lastOther : -1;
                state = HeadState.Unknown;
            }

            // The tails of a folio mostly have the same flags: they are taken as one.
            int same = flags[(i + 1)..].IndexOfAnyExcept(page.Word);
            int end = same < 0 ? flags.Length : i + 1 + same;
            ResolveTails(block, page, first + i, first + end, head, headFlags, ref state);
            i = end;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ResolveOne(FrameBlock block, int frame, PageFlags page)
    {
        if (!page.IsOrdinary && (_accessed[frame >> 6] >> frame & 1) != 0)
        {
            Apply(block, frame >> 6, 1UL << frame, page.IsZeroPage ? HeadState.ZeroPage : HeadState.Untracked);
        }
    }

    private void ResolveTails(FrameBlock block, PageFlags page, int from, int to, int head, PageFlags headFlags, ref HeadState state)
    {
        for (int frame = from; frame < to;)
        {
            int count = Math.Min(to - frame, 64 - (frame & 63));
            ulong accessed = _accessed[frame >> 6] & FrameRun.Mask((ulong)frame, count);
            if (accessed != 0)
            {
                if (page.IsZeroPage || page.IsHugetlb)
                {
                    Apply(block, frame >> 6, accessed, page.IsZeroPage ? HeadState.ZeroPage : HeadState.Untracked);
                }
                else
                {
                    if (state == HeadState.Unknown)
                    {
                        state = head >= 0 ? Ask(block, block.FirstFrame + (ulong)head, headFlags) : AskHeadBefore(block, frame);
                    }

                    Apply(block, frame >> 6, accessed, state);
                }
            }

            frame += count;
        }
    }

    private static void Apply(FrameBlock block, int word, ulong frames, HeadState state)
    {
        if (state == HeadState.Idle)
        {
            block.Idle[word] |= frames;
        }
        else if (state != HeadState.Accessed)
        {
            for (ulong left = frames; left != 0; left &= left - 1)
            {
                int frame = (word * 64) + BitOperations.TrailingZeroCount(left);
                if (state == HeadState.ZeroPage)
                {
                    block.SetZeroPage(frame);
                }
                else
                {
                    block.SetUntracked(frame);
                }
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

            if (page.IsHugetlb || (_mapped[frame >> 6] >> frame & 1) == 0)
            {
                continue;
            }

            ulong number = head >= 0 ? block.FirstFrame + (ulong)head
                : TryFindHead(block.FirstFrame + (ulong)frame, out ulong found, out _) ? found
                : lastHead;
            if (number != lastHead)
            {
                lastHead = number;
                int bit = (int)(number & (FrameBlock.Frames - 1));
                if ((_mapped[bit >> 6] >> bit & 1) == 0)
                {
                    MarkOne(number);
                }
            }
        }
    }

    /// <summary>A range that starts inside a folio: looks back to where the folio can start at the earliest.</summary>
    private HeadState AskHeadBefore(FrameBlock block, int frame) =>
        TryFindHead(block.FirstFrame + (ulong)frame, out ulong head, out PageFlags flags) ? Ask(block, head, flags) : HeadState.Accessed;

    /// <summary>The head of a tail page; false when the folio was split in between.</summary>
    internal bool TryFindHead(ulong tail, out ulong head, out PageFlags flags)
    {
        ulong first = tail & ~(MostFolioFrames - 1);
        Span<ulong> before = stackalloc ulong[(int)MostFolioFrames];
        int count = kpageFlags.ReadInto(first, before[..(int)(tail - first)]);
        while (count > 0)
        {
            flags = new PageFlags(before[--count]);
            if (!flags.IsCompoundTail)
            {
                head = first + (ulong)count;
                return flags.IsCompoundHead;
            }
        }

        head = 0;
        flags = default;
        return false;
    }

    /// <summary>
    /// The head's own bit; read and marked separately if no process maps the head. It lies in the same block as its tails, because blocks are multiples of the
    /// largest folio.
    /// </summary>
    private HeadState Ask(FrameBlock block, ulong head, PageFlags flags)
    {
        if (flags.IsZeroPage)
        {
            return HeadState.ZeroPage;
        }

        // Older kernels do not tell for a tail that its folio is on no list: rings of io_uring or perf, or a driver's buffers.
        if (!flags.IsOnLru)
        {
            return HeadState.Untracked;
        }

        int frame = (int)(head & (FrameBlock.Frames - 1));
        bool idle = (block.Marked[frame >> 6] >> frame & 1) != 0 ? (block.Idle[frame >> 6] >> frame & 1) != 0 : !block.IsUsed(frame) && IsAloneIdle(head);
        return idle ? HeadState.Idle : HeadState.Accessed;
    }

    private bool IsAloneIdle(ulong head)
    {
        if (head != _lastHead)
        {
            _lastHead = head;
            _lastHeadIdle = bitmap.Read((long)(head / 64), _one) == 1 && (_one[0] >> (int)(head & 63) & 1) != 0;
            if (!_lastHeadIdle && _marksHeads)
            {
                MarkOne(head);
            }
        }

        return _lastHeadIdle;
    }

    private void MarkOne(ulong frame)
    {
        _markedAlone.Add(frame);
        _one[0] = 1UL << (int)(frame & 63);
        bitmap.Mark((long)(frame / 64), _one);
    }
}
