using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>
/// The sample lines of one instrument and one collection, as the bytes that go to the client. They are the same in both formats, but for
/// the <c>_created</c> lines, which only OpenMetrics has.
/// </summary>
/// <remarks>A line lies in one block, with its creation time. Once the pool has the blocks of a scrape, writing a line allocates nothing.</remarks>
internal sealed class SampleBuffer(BlockPool pool)
{
    /// <summary>Room for the longest number, a double of 24 characters.</summary>
    public const int MaxNumberLength = 24;

    private readonly SeriesIndex _series = new();
    private readonly List<Cut> _cuts = [];
    private readonly List<byte[]> _blocks = [];

    // Where the text in each block ends; that of the last is _end.
    private readonly List<int> _ends = [];
    private byte[] _block = [];
    private int _end;
    private int _start;
    private int _keyLength;
    private int _createdLength = -1;

    /// <summary>Bytes of one block that a text leaves out: in every format, or in all but OpenMetrics.</summary>
    private readonly record struct Cut(int Block, int Start, int End, bool InOpenMetrics);

    /// <summary>Whether nothing was written.</summary>
    public bool IsEmpty => _blocks.Count == 0;

    private int SampleLength => _end - _start;

    public void Append(ReadOnlySpan<byte> text)
    {
        text.CopyTo(Room(text.Length));
        _end += text.Length;
    }

    public void Append(byte value)
    {
        Room(1)[0] = value;
        _end++;
    }

    /// <summary>Appends plain digits. Never by way of a double, which would lose everything above 2^53.</summary>
    public void Append(long value)
    {
        Utf8Formatter.TryFormat(value, Room(MaxNumberLength), out int written);
        _end += written;
    }

    /// <summary>Appends the shortest text that parses back to the same bits, or the formats' own words for what is not finite.</summary>
    public void Append(double value)
    {
        // Not in one statement: making room may begin another block.
        int written = Format(value, Room(MaxNumberLength));
        _end += written;
    }

    /// <summary>Writes a number as both formats read it, whatever the culture.</summary>
    /// <returns>The number of bytes written.</returns>
    public static int Format(double value, Span<byte> destination)
    {
        if (double.IsFinite(value))
        {
            value.TryFormat(destination, out int written, default, CultureInfo.InvariantCulture);
            return written;
        }

        ReadOnlySpan<byte> word = double.IsNaN(value) ? "NaN"u8 : value > 0 ? "+Inf"u8 : "-Inf"u8;
        word.CopyTo(destination);
        return word.Length;
    }

    /// <summary>Appends text as UTF-8; what is no character becomes U+FFFD.</summary>
    public void AppendUtf8(ReadOnlySpan<char> text)
    {
        // A UTF-16 unit never needs more than three bytes, also when it is replaced. Longer texts are counted instead of tripled.
        int most = text.Length <= 512 ? text.Length * 3 : Encoding.UTF8.GetByteCount(text);
        Utf8.FromUtf16(text, Room(most), out _, out int written);
        _end += written;
    }

    /// <summary>Begins a sample: its name and labels come next.</summary>
    public void BeginSample()
    {
        _start = _end;
        _createdLength = -1;
    }

    /// <summary>Ends the name and labels; the value comes next.</summary>
    public void EndKey()
    {
        _keyLength = SampleLength;
        Append((byte)' ');
    }

    /// <summary>Ends the line of the value; the line of the sample's creation time comes next.</summary>
    public void BeginCreated()
    {
        Append((byte)'\n');
        _createdLength = SampleLength;
    }

    /// <summary>
    /// Ends the sample. If the same series is here already, the earlier one is removed: a server would keep the first and drop the rest, and the last observation
    /// is the right one.
    /// </summary>
    /// <returns>Its length in bytes.</returns>
    public int EndSample()
    {
        Append((byte)'\n');
        int block = _blocks.Count - 1;
        if (_series.AddOrReplace(_blocks, new SampleLine(block, _start, _keyLength, _end)) is { } earlier)
        {
            Remove(earlier);
        }

        if (_createdLength >= 0)
        {
            _cuts.Add(new Cut(block, _start + _createdLength, _end, InOpenMetrics: true));
        }

        int length = SampleLength;
        _start = _end;
        return length;
    }

    /// <summary>A short text that is written once.</summary>
    public static byte[] Compose(Action<SampleBuffer> write)
    {
        SampleBuffer buffer = new(new BlockPool());
        write(buffer);
        return buffer._block.AsSpan(0, buffer._end).ToArray();
    }

    /// <summary>Adds the pieces of the text in one format to <paramref name="segments"/>.</summary>
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
        _end = _start = 0;
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

    private void Remove(SampleLine line)
    {
        int place = _cuts.Count;
        while (place > 0 && (_cuts[place - 1].Block, _cuts[place - 1].Start).CompareTo((line.Block, line.Start)) >= 0)
        {
            place--;
        }

        _cuts.Insert(place, new Cut(line.Block, line.Start, line.End, InOpenMetrics: false));
    }

    private Span<byte> Room(int count)
    {
        if (_block.Length - _end < count)
        {
            BeginBlock(count);
        }

        return _block.AsSpan(_end);
    }

    /// <summary>Begins another block; the sample that was begun moves there.</summary>
    private void BeginBlock(int count)
    {
        int begun = SampleLength;

        // One that needs a block of its own grows by doubling.
        byte[] next = pool.Rent(checked(begun + Math.Max(count, begun)));
        _block.AsSpan(_start, begun).CopyTo(next);
        if (_blocks.Count > 0 && _start == 0)
        {
            // It had this block for itself.
            pool.Return([_block]);
            _blocks[^1] = next;
        }
        else
        {
            if (_blocks.Count > 0)
            {
                _ends.Add(_start);
            }

            _blocks.Add(next);
        }

        _block = next;
        (_start, _end) = (0, begun);
    }
}
