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

/// <summary>Reads what <see cref="PayloadWriter"/> wrote. Invalid bytes throw <see cref="InvalidDataException"/>.</summary>
internal ref struct PayloadReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    internal readonly bool IsAtEnd => _rest.IsEmpty;

    internal ulong Read()
    {
        ulong number = 0;
        for (int index = 0; index < _rest.Length && index < 10; index++)
        {
            byte group = _rest[index];
            if (index == 9 && group > 1)
            {
                break;   // more than 64 bits
            }

            number |= (ulong)(group & 0x7f) << (7 * index);
            if (group < 0x80)
            {
                _rest = _rest[(index + 1)..];
                return number;
            }
        }

        throw new InvalidDataException("a number is malformed");
    }

    internal long ReadSigned()
    {
        ulong number = Read();
        return (long)(number >> 1) ^ -(long)(number & 1);
    }

    internal int ReadInt32()
    {
        ulong number = Read();
        return number <= int.MaxValue ? (int)number : throw new InvalidDataException("a number is too large");
    }

    internal string ReadString()
    {
        int length = ReadInt32();
        if (length > _rest.Length)
        {
            throw new InvalidDataException("a text is cut short");
        }

        string text = Encoding.UTF8.GetString(_rest[..length]);
        _rest = _rest[length..];
        return text;
    }
}
