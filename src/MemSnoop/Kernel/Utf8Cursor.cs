using System.Buffers.Text;

namespace MemSnoop.Kernel;

/// <summary>
/// Reads kernel text from left to right, from bytes to numbers and spans, without cultures, strings or allocations. A failed read leaves the cursor where it
/// was. A number of more than 64 bits fails and never wraps.
/// </summary>
internal ref struct Utf8Cursor(ReadOnlySpan<byte> text)
{
    private ReadOnlySpan<byte> _rest = text;

    /// <summary>What has not been read yet.</summary>
    public readonly ReadOnlySpan<byte> Rest => _rest;

    public readonly bool IsAtEnd => _rest.IsEmpty;

    /// <summary>Skips blanks and tabs, but no newline: a newline ends a record.</summary>
    public void SkipBlanks()
    {
        if (_rest.IsEmpty || !IsBlank(_rest[0]))
        {
            return;
        }

        int count = _rest.IndexOfAnyExcept((byte)' ', (byte)'\t');
        _rest = count < 0 ? [] : _rest[count..];
    }

    public bool TrySkip(byte expected)
    {
        if (_rest.IsEmpty || _rest[0] != expected)
        {
            return false;
        }

        _rest = _rest[1..];
        return true;
    }

    public bool TrySkip(scoped ReadOnlySpan<byte> expected)
    {
        if (!_rest.StartsWith(expected))
        {
            return false;
        }

        _rest = _rest[expected.Length..];
        return true;
    }

    /// <summary>Reads an unsigned decimal number after any blanks, and stops behind its last digit.</summary>
    public bool TryReadUInt64(out ulong value)
    {
        Utf8Cursor probe = this;
        probe.SkipBlanks();
        if (!Utf8Parser.TryParse(probe._rest, out value, out int used))
        {
            return false;
        }

        _rest = probe._rest[used..];
        return true;
    }

    /// <summary>
    /// Reads a hexadecimal number, without prefix, after any blanks, and stops behind its last digit. Not by the framework, which takes longer: a line of maps has five such numbers.
    /// </summary>
    public bool TryReadHex(out ulong value)
    {
        ReadOnlySpan<byte> rest = _rest;
        int start = 0;
        while (start < rest.Length && IsBlank(rest[start]))
        {
            start++;
        }

        ulong sum = 0;
        int used = start;
        for (; used < rest.Length; used++)
        {
            uint digit = (uint)rest[used] - '0';
            if (digit > 9)
            {
                digit = ((uint)rest[used] | 0x20) - 'a';
                if (digit > 5)
                {
                    break;
                }

                digit += 10;
            }

            if (sum >> 60 != 0)
            {
                value = 0;
                return false;
            }

            sum = (sum << 4) | digit;
        }

        value = sum;
        if (used == start)
        {
            return false;
        }

        _rest = rest[used..];
        return true;
    }

    /// <summary>Reads a hexadecimal number that must fit 32 bits.</summary>
    public bool TryReadHex(out uint value)
    {
        Utf8Cursor probe = this;
        if (!probe.TryReadHex(out ulong wide) || wide > uint.MaxValue)
        {
            value = 0;
            return false;
        }

        value = (uint)wide;
        this = probe;
        return true;
    }

    /// <summary>
    /// Reads a decimal number together with the blank or newline that ends it. A number at the very end of the text does not count:
    /// the kernel ends every record with a newline, so such a number may have lost digits when the read was cut short.
    /// </summary>
    public bool TryReadField(out ulong value)
    {
        Utf8Cursor probe = this;
        if (!probe.TryReadUInt64(out value) || !probe.TrySkipFieldEnd())
        {
            value = 0;
            return false;
        }

        this = probe;
        return true;
    }

    /// <inheritdoc cref="TryReadField(out ulong)"/>
    public bool TryReadField(out uint value)
    {
        Utf8Cursor probe = this;
        if (!probe.TryReadField(out ulong wide) || wide > uint.MaxValue)
        {
            value = 0;
            return false;
        }

        value = (uint)wide;
        this = probe;
        return true;
    }

    /// <inheritdoc cref="TryReadField(out ulong)"/>
    public bool TryReadField(out int value)
    {
        Utf8Cursor probe = this;
        if (!probe.TryReadField(out long wide) || wide is < int.MinValue or > int.MaxValue)
        {
            value = 0;
            return false;
        }

        value = (int)wide;
        this = probe;
        return true;
    }

    /// <inheritdoc cref="TryReadField(out ulong)"/>
    public bool TryReadField(out long value)
    {
        Utf8Cursor probe = this;
        probe.SkipBlanks();
        if (!Utf8Parser.TryParse(probe._rest, out value, out int used))
        {
            return false;
        }

        probe._rest = probe._rest[used..];
        if (!probe.TrySkipFieldEnd())
        {
            value = 0;
            return false;
        }

        this = probe;
        return true;
    }

    /// <summary>Skips <paramref name="count"/> fields of any content, each with the blank or newline that ends it.</summary>
    public bool TrySkipFields(int count)
    {
        // Byte by byte: the fields of stat are a few bytes long, too short for a vectorized search to pay for its start.
        ReadOnlySpan<byte> rest = _rest;
        int position = 0;
        for (; count > 0; count--)
        {
            while (position < rest.Length && IsBlank(rest[position]))
            {
                position++;
            }

            int start = position;
            while (position < rest.Length && !IsFieldEnd(rest[position]))
            {
                position++;
            }

            if (position == start || position == rest.Length)
            {
                return false;
            }

            position++;
        }

        _rest = rest[position..];
        return true;
    }

    /// <summary>Reads up to the next <paramref name="delimiter"/> and steps over it; false when there is none.</summary>
    public bool TryReadUntil(byte delimiter, out ReadOnlySpan<byte> value)
    {
        int length = _rest.IndexOf(delimiter);
        if (length < 0)
        {
            value = default;
            return false;
        }

        value = _rest[..length];
        _rest = _rest[(length + 1)..];
        return true;
    }

    /// <summary>Reads one line without its newline. A last line that has no newline was cut short and is not read.</summary>
    public bool TryReadLine(out ReadOnlySpan<byte> line) => TryReadUntil((byte)'\n', out line);

    private bool TrySkipFieldEnd()
    {
        if (_rest.IsEmpty || !IsFieldEnd(_rest[0]))
        {
            return false;
        }

        _rest = _rest[1..];
        return true;
    }

    private static bool IsBlank(byte value) => value is (byte)' ' or (byte)'\t';

    private static bool IsFieldEnd(byte value) => value is (byte)' ' or (byte)'\t' or (byte)'\n';
}
