using MemSnoop.Paging;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>Notes the frames of processes that a glance is about, so that only those are read.</summary>
internal sealed class FrameCollector(FrameTable frames) : IPageRuns
{
    private const ulong PresentBit = 1UL << 63;
    private const ulong FrameMask = (1UL << 55) - 1;

    private readonly HashSet<FrameBlock> _blocks = [];

    /// <summary>The blocks in which there are some.</summary>
    internal IReadOnlyCollection<FrameBlock> Blocks => _blocks;

    internal void Clear() => _blocks.Clear();

    /// <inheritdoc/>
    public bool Take(in MemoryArea area, ulong firstPage, ReadOnlySpan<ulong> entries)
    {
        foreach (ulong entry in entries)
        {
            ulong frame = entry & FrameMask;
            if (entry < PresentBit || frame > PagemapEntry.HighestFrame)
            {
                continue;
            }

            if (frame == 0)
            {
                return false;
            }

            FrameBlock block = frames.GetOrAdd(frame);
            block.Ask((int)(frame >> 6) & (FrameBlock.Words - 1), 1UL << (int)(frame & 63));
            _blocks.Add(block);
        }

        return true;
    }
}
