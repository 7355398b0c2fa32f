using System.Buffers.Binary;
using MemSnoop.Paging;

namespace MemSnoop.Tracing;

/// <summary>Reads page traces that <see cref="PageTraceWriter"/> wrote. docs/trace-report.md describes the format.</summary>
public static class PageTraceFile
{
    /// <summary>Reads a trace to its end, or up to the first damage.</summary>
    /// <param name="stream">The trace; it need not be able to seek.</param>
    /// <param name="loss">Why the rest could not be read; null if the trace is complete.</param>
    /// <exception cref="InvalidDataException">The stream is no page trace, one of a newer version, or ends before it says who was traced. The message is part of a
    /// sentence about the file: "is not a page trace".</exception>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    public static PageTrace Load(Stream stream, out PageTraceLoss? loss)
    {
        long offset = ReadPreamble(stream);
        PageTraceFrame frame = new();
        if (frame.Read(stream, out ReadOnlySpan<byte> payload, out int read) != FrameState.Whole)
        {
            throw new InvalidDataException("ends or is damaged before its first sample");
        }

        offset += read;
        List<PageSample> samples = [];
        PageTrace trace = ReadTraceFrame(payload, samples);
        PageSampleCodec codec = new();
        while (true)
        {
            FrameState state = frame.Read(stream, out payload, out read);
            if (state != FrameState.Whole)
            {
                loss = new PageTraceLoss(state == FrameState.CutShort ? "is cut short" : "is damaged", offset, samples.Count);
                return trace;
            }

            try
            {
                if (ReadFrame(payload, codec, trace.PageBytes, samples))
                {
                    loss = stream.ReadByte() < 0 ? null : new PageTraceLoss("goes on after its end", offset + read, samples.Count);
                    return trace;
                }
            }
            catch (InvalidDataException)
            {
                loss = new PageTraceLoss("is damaged", offset, samples.Count);
                return trace;
            }

            offset += read;
        }
    }

    private static int ReadPreamble(Stream stream)
    {
        Span<byte> preamble = stackalloc byte[PageTraceFormat.Magic.Length + sizeof(ushort)];
        int read = stream.ReadAtLeast(preamble, preamble.Length, throwOnEndOfStream: false);
        if (read < preamble.Length || !preamble.StartsWith(PageTraceFormat.Magic))
        {
            throw new InvalidDataException("is not a page trace");
        }

        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(preamble[PageTraceFormat.Magic.Length..]);
        return version <= PageTraceFormat.Version
            ? read
            : throw new InvalidDataException($"is a page trace of version {version}, newer than {PageTraceFormat.Version}, the newest that can be read");
    }

    private static PageTrace ReadTraceFrame(ReadOnlySpan<byte> payload, List<PageSample> samples)
    {
        PayloadReader reader = new(payload);
        if (reader.Read() != PageTraceFormat.TraceFrame)
        {
            throw new InvalidDataException("is a page trace without a name and start of its process");
        }

        int pageBytes = reader.ReadInt32();
        int pid = reader.ReadInt32();
        string comm = reader.ReadString();
        ulong ticks = reader.Read();
        return pageBytes > 0 && ticks <= (ulong)DateTime.MaxValue.Ticks
            ? new PageTrace(pageBytes, pid, comm, new DateTimeOffset((long)ticks, TimeSpan.Zero), samples)
            : throw new InvalidDataException("is a page trace without a name and start of its process");
    }

    /// <summary>True for the frame that ends a trace.</summary>
    private static bool ReadFrame(ReadOnlySpan<byte> payload, PageSampleCodec codec, int pageBytes, List<PageSample> samples)
    {
        PayloadReader reader = new(payload);
        switch (reader.Read())
        {
            case PageTraceFormat.SampleFrame:
                PageSample sample = codec.Decode(ref reader);
                samples.Add(IsWithinAddressSpace(sample.Active, pageBytes) ? sample : throw new InvalidDataException("a page has no address"));
                return false;
            case PageTraceFormat.EndFrame when reader.Read() == (ulong)samples.Count:
                return true;
            default:
                throw new InvalidDataException("a frame is of an unknown kind");
        }
    }

    private static bool IsWithinAddressSpace(PageRangeSet pages, int pageBytes) => pages.Ranges is not [.., PageRange last] || last.End <= ulong.MaxValue / (ulong)pageBytes;
}

/// <summary>Why a trace file did not yield all of its samples.</summary>
/// <param name="Reason">What is wrong, as part of a sentence about the file: "is cut short", "is damaged".</param>
/// <param name="Offset">Offset in the file of the first byte that could not be used.</param>
/// <param name="SamplesKept">Number of complete samples before that.</param>
public sealed record PageTraceLoss(string Reason, long Offset, int SamplesKept)
{
    /// <summary>The loss in one line.</summary>
    public override string ToString() => $"{Reason} at byte {Offset}, after {SamplesKept} whole {(SamplesKept == 1 ? "sample" : "samples")}";
}
