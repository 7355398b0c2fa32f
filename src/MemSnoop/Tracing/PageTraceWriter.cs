using System.Buffers.Binary;

namespace MemSnoop.Tracing;

/// <summary>
/// Writes a page trace, sample by sample. Each sample is written to the stream before <see cref="Write"/> returns, so a killed writer loses no earlier sample.
/// The stream stays open and is the caller's.
/// </summary>
public sealed class PageTraceWriter : IDisposable
{
    private readonly Stream _stream;
    private readonly PayloadWriter _payload = new();
    private readonly PageTraceFrame _frame = new();
    private readonly PageSampleCodec _codec = new();
    private long _samples;
    private bool _isOver;

    private PageTraceWriter(Stream stream) => _stream = stream;

    /// <summary>Begins a trace.</summary>
    /// <param name="stream">Where to write; it need not be able to seek.</param>
    /// <param name="pageBytes">The size of a page in bytes.</param>
    /// <param name="pid">The process's id.</param>
    /// <param name="comm">The process's name.</param>
    /// <param name="start">When the trace begins; a time of any zone, kept to 100 ns and as UTC.</param>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public static PageTraceWriter Create(Stream stream, int pageBytes, int pid, string comm, DateTimeOffset start)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pageBytes);
        ArgumentOutOfRangeException.ThrowIfNegative(pid);
        PageTraceWriter writer = new(stream);
        Span<byte> version = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16LittleEndian(version, PageTraceFormat.Version);
        stream.Write(PageTraceFormat.Magic);
        stream.Write(version);
        PayloadWriter payload = writer._payload;
        payload.Write(PageTraceFormat.TraceFrame);
        payload.Write((ulong)pageBytes);
        payload.Write((ulong)pid);
        payload.Write(comm);
        payload.Write((ulong)start.UtcTicks);
        writer.WriteFrame();
        return writer;
    }

    /// <summary>Writes the next sample.</summary>
    /// <param name="sample">The sample.</param>
    /// <exception cref="IOException">The stream cannot be written. What was written before can be read; nothing more can be added.</exception>
    /// <exception cref="NotSupportedException">The sample has more ranges than a frame holds, some hundred million.</exception>
    public void Write(PageSample sample)
    {
        ObjectDisposedException.ThrowIf(_isOver, this);
        _isOver = true;   // until the frame is written: nothing can follow half a frame
        _payload.Write(PageTraceFormat.SampleFrame);
        _codec.Encode(sample, _payload);
        WriteFrame();
        _samples++;
        _isOver = false;
    }

    /// <summary>Ends the trace, so that a reader knows that it is complete.</summary>
    public void Dispose()
    {
        if (!_isOver)
        {
            _isOver = true;
            _payload.Write(PageTraceFormat.EndFrame);
            _payload.Write((ulong)_samples);
            WriteFrame();
        }
    }

    private void WriteFrame()
    {
        _frame.Write(_stream, _payload.Written);
        _payload.Clear();
        _stream.Flush();
    }
}
