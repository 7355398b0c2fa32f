using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>
/// The sample lines of one instrument and one collection, as the bytes that go to the client. They are the same in both formats, but for
/// the <c>_created</c> lines, which only OpenMetrics has.
/// </summary>
/// <remarks>The byte array is pooled and grows by doubling; once it has the size of a scrape, writing a line allocates nothing.</remarks>
internal sealed class SampleBuffer
{
    /// <summary>Room for the longest number, a double of 24 characters.</summary>
    public const int MaxNumberLength = 24;

    // The smallest array worth asking for: ten lines of a hundred bytes.
    private const int InitialCapacity = 1024;

    // A buffer larger than this is given back when a later scrape needs a quarter of it or less.
    private const int KeptCapacity = 1024 * 1024;

    private SeriesIndex _series = new();
    private readonly List<Cut> _cuts = [];
    private byte[] _bytes = [];
    private int _length;

    /// <summary>Bytes that a text leaves out: in every format, or in all but OpenMetrics.</summary>
    private record struct Cut(int Start, int End, bool InOpenMetrics);

    public int Length => _length;

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    public void Append(ReadOnlySpan<byte> text)
    {
        text.CopyTo(Room(text.Length));
        _length += text.Length;
    }

    public void Append(byte value)
    {
        Room(1)[0] = value;
        _length++;
    }

    /// <summary>Appends plain digits. Never by way of a double, which would lose everything above 2^53.</summary>
    public void Append(long value)
    {
        Utf8Formatter.TryFormat(value, Room(MaxNumberLength), out int written);
        _length += written;
    }

    /// <summary>Appends the shortest text that parses back to the same bits, or the formats' own words for what is not finite.</summary>
    public void Append(double value) => _length += Format(value, Room(MaxNumberLength));

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
        _length += written;
    }

    /// <summary>
    /// Ends the sample line that began at <paramref name="start"/>. If the same series is here already, the earlier line is removed: a server would keep the
    /// first and drop the rest, and the last observation is the right one.
    /// </summary>
    /// <param name="start">Offset of the line's first byte.</param>
    /// <param name="keyLength">Length of the name and labels with which the line begins.</param>
    public void EndSample(int start, int keyLength)
    {
        Append((byte)'\n');
        if (_series.AddOrReplace(_bytes, new SampleLine(start, keyLength, _length)) is { } earlier)
        {
            Remove(earlier);
        }
    }

    /// <summary>Marks everything from <paramref name="start"/> as the creation time of the sample before it.</summary>
    public void EndCreated(int start)
    {
        Append((byte)'\n');
        _cuts.Add(new Cut(start, _length, InOpenMetrics: true));
        _series.ExtendLast(_length);
    }

    /// <summary>Adds the pieces of the text in one format to <paramref name="segments"/>.</summary>
    /// <returns>The number of bytes added.</returns>
    public long AddSegments(List<ReadOnlyMemory<byte>> segments, bool openMetrics)
    {
        long total = 0;
        int position = 0;
        foreach (Cut cut in _cuts)
        {
            // A replaced line takes its creation time with it, so cuts may overlap.
            if ((cut.InOpenMetrics && openMetrics) || cut.End <= position)
            {
                continue;
            }

            total += Add(segments, position, cut.Start);
            position = cut.End;
        }

        return total + Add(segments, position, _length);
    }

    /// <summary>Makes the buffer empty, and keeps its memory for the next collection.</summary>
    public void Clear()
    {
        if (_bytes.Length > KeptCapacity && _length < _bytes.Length / 4)
        {
            Free();
            _series = new SeriesIndex();
        }

        _length = 0;
        _cuts.Clear();
        _series.Clear();
    }

    /// <summary>Gives the memory back. Only for a buffer that nobody reads any more.</summary>
    public void Free()
    {
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = [];
        }

        _length = 0;
    }

    private long Add(List<ReadOnlyMemory<byte>> segments, int start, int end)
    {
        if (end <= start)
        {
            return 0;
        }

        segments.Add(_bytes.AsMemory(start, end - start));
        return end - start;
    }

    private void Remove(SampleLine line)
    {
        int place = _cuts.Count;
        while (place > 0 && _cuts[place - 1].Start >= line.Start)
        {
            place--;
        }

        _cuts.Insert(place, new Cut(line.Start, line.End, InOpenMetrics: false));
    }

    private Span<byte> Room(int count)
    {
        if (_bytes.Length - _length < count)
        {
            Grow(count);
        }

        return _bytes.AsSpan(_length);
    }

    private void Grow(int count)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(Math.Max(_bytes.Length * 2, InitialCapacity), checked(_length + count)));
        Written.CopyTo(larger);
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
        }

        _bytes = larger;
    }
}
