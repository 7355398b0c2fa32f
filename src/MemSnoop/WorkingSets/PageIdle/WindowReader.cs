using System.Numerics;
using MemSnoop.Paging;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>Ends the window of a block of frames and begins the next, on the idle bitmap.</summary>
internal sealed class WindowReader(IIdleBitmap bitmap, FolioResolver resolver, Func<TimeSpan> now)
{
    /// <summary>
    /// How much is read before it is marked again: 4,096 frames, less than a millisecond. An access in between is lost.
    /// </summary>
    private const int PieceWords = 64;

    /// <summary>Words of the largest folio: a glance at one of its tails needs the head as it is now.</summary>
    private const int FolioWords = 8;

    private readonly ulong[] _marks = new ulong[FrameBlock.Words];

    /// <summary>
    /// Reads which of the marked frames were accessed, and marks those again at once. Frames that are still idle need no new mark: the kernel has just walked
    /// their mappings, and marking would walk them again.
    /// </summary>
    internal void EndWindow(FrameBlock block)
    {
        TimeSpan begin = now();
        ulong[] marked = block.Marked;
        for (int word = 0; word < FrameBlock.Words;)
        {
            // Untracked frames are tried again: a newly allocated page joins the reclaim lists late.
            marked[word] |= block.Idle[word];
            if (marked[word] == 0)
            {
                word++;
                continue;
            }

            int count = 1;
            while (count < PieceWords && word + count < FrameBlock.Words && (marked[word + count] | block.Idle[word + count]) != 0)
            {
                marked[word + count] |= block.Idle[word + count];
                count++;
            }

            ReadPiece(block, word, count);
            word += count;
        }

        block.Times.Read(Middle(begin));
        resolver.ResolveAccessed(block);
        block.ForgetUsed();
    }

    private TimeSpan Middle(TimeSpan begin) => begin + ((now() - begin) / 2);

    private void ReadPiece(FrameBlock block, int word, int count)
    {
        int read = bitmap.Read(block.FirstWord + word, block.Idle.AsSpan(word, count));
        ReadOnlySpan<ulong> used = block.Used;
        for (int i = word; i < word + count; i++)
        {
            if (i < word + read)
            {
                block.Idle[i] &= block.Marked[i];
                _marks[i] = block.Marked[i] & ~block.Idle[i];
                block.Idle[i] &= used.IsEmpty ? ulong.MaxValue : ~used[i];
            }
            else
            {
                // Beyond the bitmap, or in the word in which memory ends: the use of these frames is unknown.
                block.Idle[i] = block.Marked[i];
                block.Marked[i] = 0;
                _marks[i] = 0;
            }
        }

        Mark(block, word, count);
    }

    /// <summary>
    /// Reads the frames that a glance asks for, without marking any again: what was accessed stays so until the window ends. Kept in
    /// <see cref="FrameBlock.Idle"/>, whose marked frames are of no use in the middle of a window.
    /// </summary>
    internal void Glance(FrameBlock block)
    {
        ulong[] asked = block.Asked!;
        ReadOnlySpan<ulong> used = block.Used;
        Span<ulong> idle = stackalloc ulong[FolioWords];
        for (int word = 0; word < FrameBlock.Words; word += FolioWords)
        {
            if (!asked.AsSpan(word, FolioWords).ContainsAnyExcept(0UL) || !block.Marked.AsSpan(word, FolioWords).ContainsAnyExcept(0UL))
            {
                continue;
            }

            int read = bitmap.Read(block.FirstWord + word, idle);
            for (int i = 0; i < read; i++)
            {
                ulong untracked = block.Idle[word + i] & ~block.Marked[word + i];
                ulong unused = used.IsEmpty ? ulong.MaxValue : ~used[word + i];
                block.Idle[word + i] = untracked | (idle[i] & block.Marked[word + i] & unused);
            }
        }

        resolver.ResolveAccessed(block, asked);
    }

    /// <summary>Marks the frames that processes have mapped since the block's window began, and keeps those that are still mapped.</summary>
    internal void AdoptSeen(FrameBlock block)
    {
        TimeSpan begin = now();
        (long kept, long added) = MarkNew(block, block.Seen);
        block.Times.Adopt(kept, added, Middle(begin));
        block.AdoptSeen();
    }

    /// <summary>Marks the frames that a glance has found and that were not marked.</summary>
    internal void AdoptAsked(FrameBlock block)
    {
        TimeSpan begin = now();
        ulong[] asked = block.Asked!;
        (_, long added) = MarkNew(block, asked);
        long kept = 0;
        for (int word = 0; word < FrameBlock.Words; word++)
        {
            kept += BitOperations.PopCount(block.Marked[word] | block.Idle[word]);
            block.Marked[word] |= _marks[word];
        }

        block.Times.AdoptLater(kept, added, Middle(begin));
        block.ForgetAsked();
    }

    /// <summary>Marks those of the frames that are not marked yet; they stay in the list of marks.</summary>
    private (long Kept, long Added) MarkNew(FrameBlock block, ulong[] frames)
    {
        long kept = 0;
        long added = 0;
        for (int word = 0; word < FrameBlock.Words; word++)
        {
            if (frames[word] == 0)
            {
                _marks[word] = 0;
                continue;
            }

            ulong known = block.Marked[word] | block.Idle[word];
            _marks[word] = frames[word] & ~known;
            kept += BitOperations.PopCount(frames[word] & known);
            added += BitOperations.PopCount(_marks[word]);
        }

        if (added == 0)
        {
            return (kept, added);
        }

        for (int word = 0; word < FrameBlock.Words; word++)
        {
            int count = 0;
            while (word + count < FrameBlock.Words && _marks[word + count] != 0)
            {
                count++;
            }

            if (count > 0)
            {
                Mark(block, word, count);
                word += count;
            }
        }

        resolver.MarkHeads(block, _marks, frames);
        return (kept, added);
    }

    /// <summary>Writing a word of zeros between two others is cheaper than another call.</summary>
    private void Mark(FrameBlock block, int word, int count)
    {
        ReadOnlySpan<ulong> marks = _marks.AsSpan(word, count);
        int first = marks.IndexOfAnyExcept(0UL);
        if (first >= 0)
        {
            bitmap.Mark(block.FirstWord + word + first, marks[first..(marks.LastIndexOfAnyExcept(0UL) + 1)]);
        }
    }
}
