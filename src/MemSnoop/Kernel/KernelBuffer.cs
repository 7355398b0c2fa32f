namespace MemSnoop.Kernel;

/// <summary>A byte buffer that is reused from file to file and doubles when a file is longer. For one thread at a time.</summary>
internal sealed class KernelBuffer(int capacity = KernelBuffer.DefaultCapacity) : IAbandonable
{
    /// <summary>Longer than any stat, status or io, and a page, the unit in which seq_file hands out its text.</summary>
    private const int DefaultCapacity = 4096;

    private byte[] _bytes = new byte[capacity];

    internal int Capacity => _bytes.Length;

    /// <summary>The text read so far.</summary>
    internal ReadOnlySpan<byte> Text(int length) => _bytes.AsSpan(0, length);

    /// <summary>The free space after the first <paramref name="used"/> bytes, never empty.</summary>
    internal Span<byte> Free(int used)
    {
        KernelCalls.Use(this);
        if (used == _bytes.Length)
        {
            Array.Resize(ref _bytes, _bytes.Length * 2);
        }

        return _bytes.AsSpan(used);
    }

    /// <inheritdoc/>
    public void Abandon() => _bytes = new byte[_bytes.Length];

    /// <summary>Moves the bytes from <paramref name="start"/> up to <paramref name="end"/> to the front.</summary>
    internal void KeepTail(int start, int end) => _bytes.AsSpan(start, end - start).CopyTo(_bytes);
}
