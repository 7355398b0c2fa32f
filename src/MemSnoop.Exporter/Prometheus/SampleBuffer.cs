namespace MemSnoop.Exporter.Prometheus;

/// <summary>
/// The samples of one instrument and one collection in one form, as the bytes that go to the client. Lines are the same in all formats of text, but for
/// the <c>_created</c> lines, which only OpenMetrics has.
/// </summary>
/// <remarks>A sample lies in one block, with its creation time. Once the pool has the blocks of a scrape, writing one allocates nothing.</remarks>
/// <param name="pool">Where the blocks come from.</param>
internal sealed class SampleBuffer(BlockPool pool)
{
    private readonly SeriesIndex _series = new();
    private readonly List<Cut> _cuts = [];
    private readonly List<byte[]> _blocks = [];

    // Where the text in each block ends; that of the last is _end.
    private readonly List<int> _ends = [];
    private byte[] _block = [];
    private int _end;

    /// <summary>Bytes of one block that a text leaves out: in every format, or in all but OpenMetrics.</summary>
    private readonly record struct Cut(int Block, int Start, int End, bool InOpenMetrics);

    /// <summary>Whether nothing was written.</summary>
    public bool IsEmpty => _blocks.Count == 0;

    /// <summary>Begins a sample.</summary>
    /// <param name="most">How many bytes it can have at most, with its creation time.</param>
    /// <returns>The room for it.</returns>
    public Span<byte> BeginSample(int most)
    {
        if (_block.Length - _end < most)
        {
            BeginBlock(most);
        }

        return _block.AsSpan(_end);
    }

    /// <summary>
    /// Ends the sample. If the same series is here already, the earlier one is removed: a server would keep the first and drop the rest, and the last observation
    /// is the right one.
    /// </summary>
    /// <param name="length">Its length in bytes.</param>
    /// <param name="keyStart">Where in it the labels begin.</param>
    /// <param name="keyEnd">Where in it they end.</param>
    /// <param name="createdAt">Where in it the line of its creation time begins; its length if there is none.</param>
    public void EndSample(int length, int keyStart, int keyEnd, int createdAt)
    {
        int block = _blocks.Count - 1;
        int start = _end;
        _end += length;
        if (_series.AddOrReplace(_blocks, new SampleSpan(block, start, start + keyStart, keyEnd - keyStart, _end)) is { } earlier)
        {
            Remove(earlier);
        }

        if (createdAt < length)
        {
            _cuts.Add(new Cut(block, start + createdAt, _end, InOpenMetrics: true));
        }
    }

    /// <summary>Adds the samples in one format to <paramref name="segments"/>, in pieces.</summary>
    /// <returns>The number of bytes added.</returns>
    public long AddSegments(List<ReadOnlyMemory<byte>> segments, bool openMetrics)
    {
        long total = 0;
        int cut = 0;
        for (int block = 0; block < _blocks.Count; block++)
        {
            int position = 0;
            for (; cut < _cuts.Count && _cuts[cut].Block == block; cut++)
            {
                // A replaced sample takes its creation time with it, so cuts may overlap.
                Cut left = _cuts[cut];
                if ((!left.InOpenMetrics || !openMetrics) && left.End > position)
                {
                    total += Add(segments, block, position, left.Start);
                    position = left.End;
                }
            }

            total += Add(segments, block, position, EndOf(block));
        }

        return total;
    }

    /// <summary>Makes the buffer empty and gives its blocks back. Only for a buffer that nobody reads any more.</summary>
    public void Clear()
    {
        pool.Return(_blocks);
        _blocks.Clear();
        _ends.Clear();
        _cuts.Clear();
        _series.Clear();
        _block = [];
        _end = 0;
    }

    private int EndOf(int block) => block < _ends.Count ? _ends[block] : _end;

    private long Add(List<ReadOnlyMemory<byte>> segments, int block, int start, int end)
    {
        if (end <= start)
        {
            return 0;
        }

        segments.Add(_blocks[block].AsMemory(start, end - start));
        return end - start;
    }

    private void Remove(SampleSpan sample)
    {
        int place = _cuts.Count;
        while (place > 0 && (_cuts[place - 1].Block, _cuts[place - 1].Start).CompareTo((sample.Block, sample.Start)) >= 0)
        {
            place--;
        }

        _cuts.Insert(place, new Cut(sample.Block, sample.Start, sample.End, InOpenMetrics: false));
    }

    private void BeginBlock(int most)
    {
        if (_blocks.Count > 0)
        {
            _ends.Add(_end);
        }

        _block = pool.Rent(most);
        _blocks.Add(_block);
        _end = 0;
    }
}
