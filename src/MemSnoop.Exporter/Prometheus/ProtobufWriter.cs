using System.Buffers.Binary;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>Writes fields of a protobuf message into room that is as long as the message can be at most.</summary>
/// <remarks>https://protobuf.dev/programming-guides/encoding/</remarks>
/// <param name="room">Where the message begins.</param>
internal ref struct ProtobufWriter(Span<byte> room)
{
    /// <summary>Room for the longest number.</summary>
    public const int MostVarintBytes = 10;

    /// <summary>Room for a tag of one byte and a length of 32 bits, in front of a text or a message.</summary>
    public const int MostHeadBytes = 1 + 5;

    private const int MoreFollows = 0x80;

    private readonly Span<byte> _room = room;
    private LineWriter _bytes = new(room);

    /// <summary>How many bytes are written.</summary>
    public readonly int Length => _bytes.Length;

    /// <summary>The tag of a field whose value is a number.</summary>
    public static byte Varint(int field) => (byte)(field << 3);

    /// <summary>The tag of a field whose value is a double.</summary>
    public static byte Fixed64(int field) => (byte)((field << 3) | 1);

    /// <summary>The tag of a field whose value is a text or a message.</summary>
    public static byte Delimited(int field) => (byte)((field << 3) | 2);

    public void Append(scoped ReadOnlySpan<byte> bytes) => _bytes.Append(bytes);

    /// <summary>Appends a field with a number.</summary>
    public void AppendVarint(byte tag, ulong value)
    {
        _bytes.Append(tag);
        AppendVarint(value);
    }

    /// <summary>Appends a number without a tag.</summary>
    public void AppendVarint(ulong value)
    {
        for (; value >= MoreFollows; value >>= 7)
        {
            _bytes.Append((byte)(value | MoreFollows));
        }

        _bytes.Append((byte)value);
    }

    /// <summary>Appends a field with a double.</summary>
    public void AppendDouble(byte tag, double value)
    {
        _bytes.Append(tag);
        Span<byte> bits = stackalloc byte[sizeof(double)];
        BinaryPrimitives.WriteDoubleLittleEndian(bits, value);
        _bytes.Append(bits);
    }

    /// <summary>Appends a field with a text that is UTF-8 already.</summary>
    public void AppendBytes(byte tag, scoped ReadOnlySpan<byte> text)
    {
        _bytes.Append(tag);
        AppendVarint((ulong)text.Length);
        _bytes.Append(text);
    }

    /// <summary>Appends the value of an attribute as text, without tag and length.</summary>
    public void AppendValue(object? value)
    {
        if (value is string text)
        {
            // Nearly every value.
            _bytes.AppendText(text);
        }
        else
        {
            AttributeText.Write(ref _bytes, value, escape: false);
        }
    }

    /// <summary>Begins a text or a message, whose length is known at its end.</summary>
    /// <returns>Where it begins.</returns>
    public int Begin(byte tag)
    {
        _bytes.Append(tag);
        _bytes.Append((byte)0);
        return _bytes.Length;
    }

    /// <summary>Ends a text or a message: writes its length in front of it. Above 127 bytes, the length takes more than the one byte that is free, and what is written moves up.</summary>
    /// <param name="start">What <see cref="Begin"/> has returned.</param>
    public void End(int start)
    {
        int length = _bytes.Length - start;
        if (length < MoreFollows)
        {
            _room[start - 1] = (byte)length;
            return;
        }

        Span<byte> head = stackalloc byte[MostVarintBytes];
        ProtobufWriter number = new(head);
        number.AppendVarint((ulong)length);
        int more = number.Length - 1;
        _bytes.Append(head[..more]);
        _room.Slice(start, length).CopyTo(_room[(start + more)..]);
        head[..number.Length].CopyTo(_room[(start - 1)..]);
    }
}
