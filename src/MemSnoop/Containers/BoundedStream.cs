namespace MemSnoop.Containers;

/// <summary>A stream of which no more than so many bytes are read: who answers more than was asked for must not fill the memory.</summary>
internal sealed class BoundedStream(Stream inner, long most) : Stream
{
    private long _taken;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Take(inner.Read(buffer, offset, count));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Take(await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private int Take(int count)
    {
        _taken += count;
        return _taken <= most ? count : throw new AnswerTooLargeException(most);
    }
}

/// <summary>An answer was longer than it may be.</summary>
internal sealed class AnswerTooLargeException(long most) : IOException($"has more than {most >> 10} kB");
