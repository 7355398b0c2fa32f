namespace MemSnoop.Containers;

/// <summary>
/// Walks over the fields of one message of Protocol Buffers and stops at those that have a length: texts and messages. Numbers are passed over.
/// </summary>
/// <remarks>https://protobuf.dev/programming-guides/encoding/</remarks>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message)
{
    private const int VarintBits = 70;

    private ReadOnlySpan<byte> _rest = message;

    private enum WireType
    {
        Varint = 0,
        Fixed64 = 1,
        Length = 2,
        Fixed32 = 5,
    }

    /// <summary>Whether the walk came upon something that is no field, and ended there.</summary>
    internal bool IsMalformed { get; private set; }

    /// <summary>Goes on to the next field that has a length; false at the end.</summary>
    /// <param name="field">The number of the field.</param>
    /// <param name="bytes">What is in it.</param>
    internal bool TryRead(out ulong field, out ReadOnlySpan<byte> bytes)
    {
        while (!_rest.IsEmpty)
        {
            if (!TryReadField(out field, out WireType type, out bytes))
            {
                IsMalformed = true;
                _rest = default;
            }
            else if (type == WireType.Length)
            {
                return true;
            }
        }

        field = 0;
        bytes = default;
        return false;
    }

    private bool TryReadField(out ulong field, out WireType type, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        bool isTag = TryReadVarint(out ulong tag);
        field = tag >> 3;
        type = (WireType)(tag & 7);
        if (!isTag || field == 0)
        {
            return false;
        }

        ulong length = 0;
        bool isType = type switch
        {
            WireType.Varint => TryReadVarint(out _),
            WireType.Fixed64 => (length = sizeof(ulong)) > 0,
            WireType.Length => TryReadVarint(out length),
            WireType.Fixed32 => (length = sizeof(uint)) > 0,
            _ => false,
        };
        if (!isType || length > (ulong)_rest.Length)
        {
            return false;
        }

        bytes = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return true;
    }

    private bool TryReadVarint(out ulong value)
    {
        value = 0;
        for (int shift = 0; shift < VarintBits && !_rest.IsEmpty; shift += 7)
        {
            byte part = _rest[0];
            _rest = _rest[1..];
            value |= (ulong)(part & 0x7f) << shift;
            if (part < 0x80)
            {
                return true;
            }
        }

        return false;
    }
}
