using System.Buffers.Text;

namespace MemSnoop.WorkingSets.Damon;

/// <summary>Puts the name of a file together in a buffer of the caller's: thousands of names are needed for a pass, and none is worth an object.</summary>
internal ref struct SysfsName(Span<byte> buffer)
{
    private readonly Span<byte> _buffer = buffer;
    private int _length;

    /// <summary>The name, ended with a NUL for system calls.</summary>
    internal readonly ReadOnlySpan<byte> Terminated
    {
        get
        {
            _buffer[_length] = 0;
            return _buffer[..(_length + 1)];
        }
    }

    /// <summary>The length so far, to come back to by <see cref="CutTo"/>.</summary>
    internal readonly int Length => _length;

    /// <summary>Adds a text.</summary>
    internal SysfsName Add(scoped ReadOnlySpan<byte> text)
    {
        text.CopyTo(_buffer[_length..]);
        _length += text.Length;
        return this;
    }

    /// <summary>Adds a number.</summary>
    internal SysfsName Add(int number)
    {
        _ = Utf8Formatter.TryFormat(number, _buffer[_length..], out int written);
        _length += written;
        return this;
    }

    /// <summary>Forgets what was added behind a length.</summary>
    internal SysfsName CutTo(int length)
    {
        _length = length;
        return this;
    }
}
