namespace MemSnoop.Exporter.Otlp;

/// <summary>Walks through the fields of a protobuf message: <c>while (fields.MoveNext()) …</c>.</summary>
/// <remarks>https://protobuf.dev/programming-guides/encoding/</remarks>
internal ref struct ProtobufFields(ReadOnlySpan<byte> message)
{
    private const int Varint = 0;
    private const int Fixed64 = 1;
    private const int LengthDelimited = 2;
    private const int Fixed32 = 5;

    private ReadOnlySpan<byte> _rest = message;

    /// <summary>Number of the field.</summary>
    public int Field { get; private set; }

    /// <summary>Its value, if it is an integer.</summary>
    public ulong Number { get; private set; }

    /// <summary>Its value, if it is a text or a message.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>Whether the walk ended before the message did, at something that is no field.</summary>
    public bool IsBroken { get; private set; }

    public bool MoveNext()
    {
        if (_rest.IsEmpty || IsBroken)
        {
            return false;
        }

        Number = 0;
        Bytes = default;
        IsBroken = !TryReadField();
        return !IsBroken;
    }

    private bool TryReadField()
    {
        if (!TryReadVarint(out ulong tag))
        {
            return false;
        }

        Field = (int)Math.Min(tag >> 3, int.MaxValue);
        switch ((int)(tag & 7))
        {
            case Varint:
                bool isNumber = TryReadVarint(out ulong number);
                Number = number;
                return isNumber;
            case LengthDelimited:
                return TryReadVarint(out ulong length) && TryTake(length);
            case Fixed64:
                return TryTake(sizeof(ulong));
            case Fixed32:
                return TryTake(sizeof(uint));
            default:
                return false;
        }
    }

    private bool TryTake(ulong length)
    {
        if (length > (ulong)_rest.Length)
        {
            return false;
        }

        Bytes = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return true;
    }

    private bool TryReadVarint(out ulong value)
    {
        value = 0;
        for (int i = 0; i < _rest.Length && i < 10; i++)
        {
            value |= (ulong)(_rest[i] & 0x7f) << (7 * i);
            if (_rest[i] < 0x80)
            {
                _rest = _rest[(i + 1)..];
                return true;
            }
        }

        return false;
    }
}
