using System.Text;

namespace MemSnoop.Tracing;

/// <summary>Numbers and texts as bytes: numbers in groups of 7 bits, lowest first, the eighth bit set on all but the last (LEB128).</summary>
internal sealed class PayloadWriter
{
    private byte[] _bytes = new byte[4096];
    private int _length;

    internal ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    internal void Clear() => _length = 0;

    internal void Write(ulong number)
    {
        Reserve(10);
        while (number >= 0x80)
        {
            _bytes[_length++] = (byte)(number | 0x80);
            number >>= 7;
        }

        _bytes[_length++] = (byte)number;
    }

    /// <summary>Small numbers of either sign get small: 0, -1, 1, -2 become 0, 1, 2, 3.</summary>
    internal void WriteSigned(long number) => Write((ulong)((number << 1) ^ (number >> 63)));

    internal void Write(string text)
    {
        int bytes = Encoding.UTF8.GetByteCount(text);
        Write((ulong)bytes);
        Reserve(bytes);
        _length += Encoding.UTF8.GetBytes(text, _bytes.AsSpan(_length));
    }

    private void Reserve(int bytes)
    {
        if (_bytes.Length - _length < bytes)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + bytes));
        }
    }
}
