namespace MemSnoop.Paging;

/// <summary>The blocks of frames that watched processes map, by physical address.</summary>
internal sealed class FrameTable
{
    /// <summary>
    /// The highest frame the table takes: 52 bits of physical address, the most that x86-64 and arm64 have. A number
    /// above is damage, and must not make the directory grow.
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

    /// <summary>The block of a frame, made when there is none. The frame must not exceed <see cref="HighestFrame"/>.</summary>
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

    /// <summary>Gives back a block in which nothing is mapped any more.</summary>
    internal void Remove(FrameBlock block)
    {
        _blocks[block.Index] = null;
        Count--;
    }
}
