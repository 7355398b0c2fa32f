using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text.Unicode;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>Writes a line into room that is as long as the line can be at most, so that none of its parts has to look for room.</summary>
/// <param name="room">Where the line begins.</param>
internal ref struct LineWriter(Span<byte> room)
{
    /// <summary>Room for the longest number: a double of 24 characters, and the <c>.0</c> of a label.</summary>
    public const int MostNumberBytes = 26;

    /// <summary>Room for one UTF-16 unit of a label's value: UTF-8 needs three bytes at most, also for what it replaces, and an escape two.</summary>
    public const int MostCharBytes = 3;

    // Below this length a text is written byte by byte: names of commands and kinds are short, and vectors do not pay for them.
    private const int LongText = 20;

    private const double NanosecondsPerSecond = 1e9;

    // Below this, the shortest text has an exponent.
    private static readonly ulong LeastFixedPoint = BitConverter.DoubleToUInt64Bits(1e-4);

    // Below this, whole nanoseconds have at most 15 digits.
    private static readonly ulong MostFixedPoint = BitConverter.DoubleToUInt64Bits(1e15 / NanosecondsPerSecond);

    private static readonly SearchValues<char> Escaped = SearchValues.Create("\\\"\n");

    private readonly Span<byte> _room = room;

    /// <summary>How many bytes are written.</summary>
    public int Length { get; private set; }

    public void Append(scoped ReadOnlySpan<byte> text)
    {
        text.CopyTo(_room[Length..]);
        Length += text.Length;
    }

    public void Append(byte value) => _room[Length++] = value;

    /// <summary>Appends plain digits. Never by way of a double, which would lose everything above 2^53.</summary>
    public void Append(long value)
    {
        Utf8Formatter.TryFormat(value, _room[Length..], out int written);
        Length += written;
    }

    /// <summary>Appends the shortest text that parses back to the same bits, or the formats' own words for what is not finite.</summary>
    public void Append(double value)
    {
        // Compared as unsigned numbers, bits leave out what is negative or not a number.
        ulong bits = BitConverter.DoubleToUInt64Bits(value);
        if (bits == 0)
        {
            Append((byte)'0');
        }
        else if (bits >= LeastFixedPoint && bits < MostFixedPoint && TryAppendFixedPoint(value))
        {
            // Written.
        }
        else if (double.IsFinite(value))
        {
            value.TryFormat(_room[Length..], out int written, default, CultureInfo.InvariantCulture);
            Length += written;
        }
        else
        {
            Append(double.IsNaN(value) ? "NaN"u8 : value > 0 ? "+Inf"u8 : "-Inf"u8);
        }
    }

    /// <summary>Appends a number as the text of a label. OpenMetrics' canonical form makes the labels of two exporters equal.</summary>
    public void AppendCanonical(double value)
    {
        int start = Length;
        Append(value);
        Span<byte> text = _room[start..Length];
        text.Replace((byte)'E', (byte)'e');
        if (double.IsFinite(value) && text.IndexOfAny((byte)'.', (byte)'e') < 0)
        {
            Append(".0"u8);
        }
    }

    /// <summary>Appends the value of a label as UTF-8, escaped. A lone surrogate becomes U+FFFD, since one bad byte fails the whole scrape.</summary>
    public void AppendEscaped(ReadOnlySpan<char> text)
    {
        int plain = AppendPlain(text);
        if (plain < text.Length)
        {
            AppendAnyEscaped(text[plain..]);
        }
    }

    /// <summary>Appends a text as UTF-8, with nothing escaped.</summary>
    public void AppendText(ReadOnlySpan<char> text)
    {
        int plain = AppendPlain(text);
        if (plain < text.Length)
        {
            AppendUtf8(text[plain..]);
        }
    }

    // What a short text begins with and is one byte in UTF-8, not to be escaped. Returns how much that is.
    private int AppendPlain(ReadOnlySpan<char> text)
    {
        int plain = 0;
        if (text.Length < LongText)
        {
            Span<byte> rest = _room[Length..];
            for (; plain < text.Length; plain++)
            {
                char c = text[plain];
                if (c is >= '\x80' or '"' or '\\' or '\n')
                {
                    break;
                }

                rest[plain] = (byte)c;
            }

            Length += plain;
        }

        return plain;
    }

    private void AppendAnyEscaped(ReadOnlySpan<char> text)
    {
        int special;
        while ((special = text.IndexOfAny(Escaped)) >= 0)
        {
            AppendUtf8(text[..special]);
            Append(text[special] switch
            {
                '\\' => "\\\\"u8,
                '"' => "\\\""u8,
                _ => "\\n"u8,
            });
            text = text[(special + 1)..];
        }

        AppendUtf8(text);
    }

    private void AppendUtf8(ReadOnlySpan<char> text)
    {
        Utf8.FromUtf16(text, _room[Length..], out _, out int written);
        Length += written;
    }

    /// <summary>
    /// The kernel counts time in ticks and in nanoseconds, so most numbers with a fraction are whole nanoseconds. That is so if the division gives the same bits
    /// back: it rounds like a parser. No two decimal numbers of 15 digits become one double, so no shorter text does either.
    /// </summary>
    private bool TryAppendFixedPoint(double value)
    {
        long nanoseconds = (long)Math.Round(value * NanosecondsPerSecond);
        if (nanoseconds / NanosecondsPerSecond != value)
        {
            return false;
        }

        (long whole, long fraction) = Math.DivRem(nanoseconds, (long)NanosecondsPerSecond);
        Append(whole);
        if (fraction == 0)
        {
            return true;
        }

        int digits = 9;
        for (; fraction % 10 == 0; fraction /= 10)
        {
            digits--;
        }

        Span<byte> text = _room.Slice(Length, digits + 1);
        text[0] = (byte)'.';
        for (int i = digits; i > 0; i--)
        {
            text[i] = (byte)('0' + (fraction % 10));
            fraction /= 10;
        }

        Length += text.Length;
        return true;
    }
}
