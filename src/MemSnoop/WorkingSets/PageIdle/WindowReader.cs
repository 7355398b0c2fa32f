using MemSnoop.Paging;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>Ends the window of a block of frames and begins the next, on the idle bitmap.</summary>
internal sealed class WindowReader(IIdleBitmap bitmap, FolioResolver resolver)
{
    /// <summary>
    /// How much is read before it is marked again: 4,096 frames, less than a millisecond. An access in between is lost.
    /// </summary>
    private const int PieceWords = 64;

    private readonly ulong[] _marks = new ulong[FrameBlock.Words];

    /// <summary>
    /// Reads which of the marked frames were accessed, and marks those again at once. Frames that are still idle need no new mark: the kernel has just walked
    /// their mappings, and marking would walk them again. Tails of folios look accessed until <see cref="FolioResolver.ResolveAccessed"/>.
    /// </summary>
    internal void EndWindow(FrameBlock block)
    {
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
    }

    private void ReadPiece(FrameBlock block, int word, int count)
    {
        int read = bitmap.Read(block.FirstWord + word, block.Idle.AsSpan(word, count));
        for (int i = word; i < word + count; i++)
        {
            if (i < word + read)
            {
                block.Idle[i] &= block.Marked[i];
                _marks[i] = block.Marked[i] & ~block.Idle[i];
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

    /// <summary>Marks the frames that processes have mapped since the block's window began, and keeps those that are still mapped.</summary>
    internal void AdoptSeen(FrameBlock block)
    {
        bool any = false;
        for (int word = 0; word < FrameBlock.Words; word++)
        {
            _marks[word] = block.Seen[word] & ~(block.Marked[word] | block.Idle[word]);
            any |= _marks[word] != 0;
        }

        if (any)
        {
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

            resolver.MarkHeads(block, _marks);
        }

        block.AdoptSeen();
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
