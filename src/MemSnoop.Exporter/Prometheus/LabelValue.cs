using System.Buffers;
using System.Globalization;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>Writes attribute values as they stand between the quotes of a label.</summary>
internal static class LabelValue
{
    private static readonly SearchValues<char> Escaped = SearchValues.Create("\\\"\n");

    /// <summary>Writes any attribute value; null is the empty value. Text of any culture comes out invariant.</summary>
    public static void Write(SampleBuffer buffer, object? value)
    {
        switch (value)
        {
            case null:
                break;
            case string text:
                Write(buffer, text);
                break;
            case int number:
                buffer.Append((long)number);
                break;
            case long number:
                buffer.Append(number);
                break;
            case bool flag:
                buffer.Append(flag ? "true"u8 : "false"u8);
                break;
            case double number:
                WriteCanonical(buffer, number);
                break;
            case float number:
                WriteCanonical(buffer, number);
                break;
            default:
                Write(buffer, Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
        }
    }

    /// <summary>Writes text with backslash, quote and line feed escaped; a lone surrogate becomes U+FFFD, since one bad byte fails the whole scrape.</summary>
    public static void Write(SampleBuffer buffer, ReadOnlySpan<char> text)
    {
        int special;
        while ((special = text.IndexOfAny(Escaped)) >= 0)
        {
            buffer.AppendUtf8(text[..special]);
            buffer.Append(text[special] switch
            {
                '\\' => "\\\\"u8,
                '"' => "\\\""u8,
                _ => "\\n"u8,
            });
            text = text[(special + 1)..];
        }

        buffer.AppendUtf8(text);
    }

    // In a label a number is text: OpenMetrics' canonical form, with a point and a small e, lets the labels of two exporters join.
    private static void WriteCanonical(SampleBuffer buffer, double value)
    {
        Span<byte> text = stackalloc byte[SampleNumber.MaxLength];
        text = text[..SampleNumber.Write(value, text)];
        text.Replace((byte)'E', (byte)'e');
        buffer.Append(text);
        if (double.IsFinite(value) && text.IndexOfAny((byte)'.', (byte)'e') < 0)
        {
            buffer.Append(".0"u8);
        }
    }
}
