using System.Text;

namespace MemSnoop.Tracing;

/// <summary>Reads what <see cref="PayloadWriter"/> wrote. Bytes that it cannot have written throw <see cref="InvalidDataException"/>.</summary>
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
