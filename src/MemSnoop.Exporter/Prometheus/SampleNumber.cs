using System.Buffers.Text;
using System.Globalization;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>Writes sample values as both exposition formats read them, whatever the culture.</summary>
internal static class SampleNumber
{
    /// <summary>Room for the longest number: a decimal of 29 digits with sign and point needs 31, a double 24.</summary>
    public const int MaxLength = 32;

    /// <summary>Plain digits. Never by way of a double, which would lose everything above 2^53.</summary>
    public static int Write(long value, Span<byte> destination)
    {
        Utf8Formatter.TryFormat(value, destination, out int written);
        return written;
    }

    /// <summary>The shortest text that parses back to the same bits, and the formats' own words for what is not finite.</summary>
    public static int Write(double value, Span<byte> destination)
    {
        if (double.IsFinite(value))
        {
            value.TryFormat(destination, out int written, default, CultureInfo.InvariantCulture);
            return written;
        }

        ReadOnlySpan<byte> word = double.IsNaN(value) ? "NaN"u8 : value > 0 ? "+Inf"u8 : "-Inf"u8;
        word.CopyTo(destination);
        return word.Length;
    }

    /// <summary>All digits of a decimal.</summary>
    public static int Write(decimal value, Span<byte> destination)
    {
        value.TryFormat(destination, out int written, default, CultureInfo.InvariantCulture);
        return written;
    }
}
