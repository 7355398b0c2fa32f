namespace MemSnoop.Kernel;

/// <summary>A small kernel file that is kept open and read anew at each call. For one thread at a time.</summary>
internal sealed class KernelText : IDisposable
{
    private readonly KernelHandle _handle;
    private readonly KernelBuffer _buffer;

    /// <param name="path">The file. If it cannot be opened now, it stays absent.</param>
    /// <param name="buffer">Where the text is read to; may be shared with others that are not read at the same time.</param>
    internal KernelText(string path, KernelBuffer buffer)
    {
        _buffer = buffer;
        Opened = KernelFile.Open(path, out _handle);
    }

    /// <summary>How opening ended.</summary>
    internal ReadOutcome Opened { get; }

    internal bool Exists => Opened == ReadOutcome.Success;

    /// <summary>The text as it is now, valid until the buffer is used again; empty if it cannot be read.</summary>
    internal ReadOnlySpan<byte> Read() => Exists && KernelFile.ReadToEnd(_handle, _buffer, out ReadOnlySpan<byte> text) == ReadOutcome.Success ? text : default;

    /// <summary>The number that the file begins with; absent if it cannot be read.</summary>
    internal ulong? ReadNumber() => System.Buffers.Text.Utf8Parser.TryParse(Read(), out ulong value, out _) ? value : null;

    /// <summary>Whether it says Y, as a switch of a kernel module does.</summary>
    internal bool ReadSwitch() => Read() is [(byte)'Y' or (byte)'y' or (byte)'1', ..];

    public void Dispose() => _handle.Dispose();
}
