using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>One answer: the pieces of a snapshot in the order of a format. It copies nothing, so it lives no longer than its hold on the snapshot.</summary>
internal sealed class Exposition
{
    // How much is written before the connection is flushed: a slow client must not make the server hold the whole answer twice.
    private const int FlushBytes = 64 * 1024;

    private static readonly byte[] EndOfOpenMetrics = "# EOF\n"u8.ToArray();

    private readonly List<ReadOnlyMemory<byte>> _segments = [];

    // For protobuf: the lengths of the families, which stand in front of them.
    private readonly byte[] _lengths = [];
    private int _lengthsEnd;

    public Exposition(Snapshot snapshot, TargetInfo target, MeasurementSelection selection, ExpositionFormat format)
    {
        ExpositionSyntax syntax = format.Syntax;
        if (syntax == ExpositionSyntax.Protobuf)
        {
            _lengths = new byte[snapshot.Plan.Families.Length * ProtobufWriter.MostVarintBytes];
        }

        Add(target.In(format));
        foreach (int at in snapshot.Plan.Order(syntax))
        {
            MetricFamily family = snapshot.Plan.Families[at];

            // A family without samples this time is left out, metadata and all.
            if (snapshot.Samples(at) is { IsEmpty: false } samples && selection.Includes(family.Source))
            {
                int first = _segments.Count;
                long before = Length;
                Add(family.Metadata(format));
                Length += samples.AddSegments(_segments, syntax == ExpositionSyntax.OpenMetrics);
                if (syntax == ExpositionSyntax.Protobuf)
                {
                    InsertLength(first, Length - before);
                }
            }
        }

        if (syntax is ExpositionSyntax.OpenMetrics or ExpositionSyntax.OpenMetrics2)
        {
            Add(EndOfOpenMetrics);
        }
    }

    /// <summary>Length in bytes.</summary>
    public long Length { get; private set; }

    /// <summary>Sends it as it is.</summary>
    public async Task WriteAsync(PipeWriter writer, CancellationToken cancel)
    {
        int unflushed = 0;
        foreach (ReadOnlyMemory<byte> segment in _segments)
        {
            for (int offset = 0; offset < segment.Length;)
            {
                int count = Math.Min(segment.Length - offset, FlushBytes - unflushed);
                writer.Write(segment.Span.Slice(offset, count));
                offset += count;
                unflushed += count;
                if (unflushed == FlushBytes)
                {
                    await writer.FlushAsync(cancel).ConfigureAwait(false);
                    unflushed = 0;
                }
            }
        }

        await writer.FlushAsync(cancel).ConfigureAwait(false);
    }

    /// <summary>Sends it compressed.</summary>
    public async Task WriteGzipAsync(Stream body, CancellationToken cancel)
    {
        // The fastest level makes process metrics six times smaller at a millisecond per megabyte; more effort would not be worth its time.
        GZipStream gzip = new(body, CompressionLevel.Fastest, leaveOpen: true);
        await using (gzip.ConfigureAwait(false))
        {
            foreach (ReadOnlyMemory<byte> segment in _segments)
            {
                await gzip.WriteAsync(segment, cancel).ConfigureAwait(false);
            }
        }
    }

    private void InsertLength(int segment, long length)
    {
        Memory<byte> room = _lengths.AsMemory(_lengthsEnd);
        ProtobufWriter writer = new(room.Span);
        writer.AppendVarint((ulong)length);
        _segments.Insert(segment, room[..writer.Length]);
        _lengthsEnd += writer.Length;
        Length += writer.Length;
    }

    private void Add(ReadOnlyMemory<byte> segment)
    {
        if (segment.Length > 0)
        {
            _segments.Add(segment);
            Length += segment.Length;
        }
    }
}
