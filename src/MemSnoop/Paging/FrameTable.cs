namespace MemSnoop.Paging;

/// <summary>The blocks of frames that watched processes map, by physical address.</summary>
internal sealed class FrameTable
{
    /// <summary>
    /// The highest frame the table takes: 52 bits of physical address, the most that x86-64 and arm64 have. A larger number is an error, and must not make the
    /// directory grow.
    /// </summary>
    internal const ulong HighestFrame = (1UL << 40) - 1;

    private FrameBlock?[] _blocks = new FrameBlock?[64];

    /// <summary>The blocks in ascending order of frames.</summary>
    internal IEnumerable<FrameBlock> Blocks
    {
        get
        {
            foreach (FrameBlock? block in _blocks)
            {
                if (block is not null)
                {
                    yield return block;
                }
            }
        }
    }

    /// <summary>Number of blocks there are.</summary>
    internal int Count { get; private set; }

    internal FrameBlock? Find(ulong frame)
    {
        ulong index = frame >> FrameBlock.FrameShift;
        return index < (ulong)_blocks.Length ? _blocks[index] : null;
    }

    /// <summary>The block of a frame, made if it does not exist. The frame must not exceed <see cref="HighestFrame"/>.</summary>
    internal FrameBlock GetOrAdd(ulong frame)
    {
        ulong index = frame >> FrameBlock.FrameShift;
        if (index >= (ulong)_blocks.Length)
        {
            Array.Resize(ref _blocks, (int)Math.Max(index + 1, (ulong)_blocks.Length * 2));
        }

        FrameBlock? block = _blocks[index];
        if (block is null)
        {
            block = new FrameBlock((long)index);
            _blocks[index] = block;
            Count++;
        }

        return block;
    }

    /// <summary>Releases a block in which nothing is mapped any more.</summary>
    internal void Remove(FrameBlock block)
    {
        _blocks[block.Index] = null;
        Count--;
    }
}

/// <summary>
/// The state of 32,768 frames (128 MiB of memory with pages of 4 KiB), as many as one call on the idle bitmap can reach.
/// Three bits a frame; blocks exist only for memory that watched processes map, so a hole in the physical address space
/// costs nothing. A frame that is neither marked nor idle came into use after the window began.
/// </summary>
internal sealed class FrameBlock(long index)
{
    internal const int Frames = Words * 64;
    internal const int Words = 512;
    internal const int FrameShift = 15;

    /// <summary>Frames that were marked idle at the start of the window.</summary>
    internal readonly ulong[] Marked = new ulong[Words];

    /// <summary>Among marked frames: those that were not accessed. Among the others: those that cannot be tracked.</summary>
    internal readonly ulong[] Idle = new ulong[Words];

    /// <summary>Frames that processes map in the current walk.</summary>
    internal readonly ulong[] Seen = new ulong[Words];

    /// <summary>Frames already counted for a group of processes; see <see cref="Group"/>.</summary>
    internal ulong[]? Counted;

    /// <summary>The group that <see cref="Counted"/> is about.</summary>
    internal int Group;

    /// <summary>Frames that are the zero page or the huge zero page; null when there are none, as in nearly every block.</summary>
    private ulong[]? _zero;

    /// <summary>Which block of physical memory it is.</summary>
    internal long Index { get; } = index;

    internal long FirstWord => Index * Words;

    internal ulong FirstFrame => (ulong)Index << FrameShift;

    internal bool IsEmpty => !Marked.AsSpan().ContainsAnyExcept(0UL) && !Idle.AsSpan().ContainsAnyExcept(0UL);

    internal bool IsUntracked(int frame) => (Idle[frame >> 6] & ~Marked[frame >> 6] & (1UL << frame)) != 0;

    internal bool IsZeroPage(int frame) => _zero is not null && (_zero[frame >> 6] >> frame & 1) != 0;

    /// <summary>The frame is a zero page, which cannot be tracked and belongs to no process.</summary>
    internal void SetZeroPage(int frame)
    {
        SetUntracked(frame);
        (_zero ??= new ulong[Words])[frame >> 6] |= 1UL << frame;
    }

    /// <summary>The frame cannot be tracked: a clear bit in <see cref="Marked"/> and a set one in <see cref="Idle"/>.</summary>
    internal void SetUntracked(int frame)
    {
        ulong bit = 1UL << frame;
        Marked[frame >> 6] &= ~bit;
        Idle[frame >> 6] |= bit;

        // A huge zero page may have been freed since, and its frames reused.
        if (_zero is not null)
        {
            _zero[frame >> 6] &= ~bit;
        }
    }

    /// <summary>Makes the frames of the walk those of the next window; frames that cannot be tracked stay untracked.</summary>
    internal void AdoptSeen()
    {
        for (int word = 0; word < Words; word++)
        {
            ulong untracked = Idle[word] & ~Marked[word];
            Idle[word] &= Seen[word];
            Marked[word] = Seen[word] & ~untracked;
        }

        Array.Clear(Seen);
    }

    /// <summary>Counts frames of a word for a group; returns those that were not counted before.</summary>
    internal ulong CountFor(int group, int word, ulong frames)
    {
        Counted ??= new ulong[Words];
        if (Group != group)
        {
            Array.Clear(Counted);
            Group = group;
        }

        ulong added = frames & ~Counted[word];
        Counted[word] |= added;
        return added;
    }
}
