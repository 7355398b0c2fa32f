using System.Globalization;

namespace MemSnoop.Exporter.Terminal;

/// <summary>Numbers as people read them: about three digits and a unit. What others calculate with is written in full elsewhere.</summary>
internal static class ShortNumber
{
    private static readonly string[] BinaryUnits = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    private static readonly string[] DecimalUnits = ["", " k", " M", " G", " T", " P", " E"];

    /// <summary>The longest size: <c>1023 MiB</c>.</summary>
    internal const int BytesWidth = 8;

    /// <summary>A size, like <c>40.1 MiB</c>.</summary>
    internal static string Bytes(double bytes)
    {
        (double value, int unit) = Scale(bytes, 1024, BinaryUnits.Length);
        return string.Create(CultureInfo.InvariantCulture, $"{(unit == 0 ? value.ToString("F0", CultureInfo.InvariantCulture) : Digits(value))} {BinaryUnits[unit]}");
    }

    /// <summary>A number of things: up to seven digits as they are, then like <c>12.3 M</c>.</summary>
    internal static string Count(double number)
    {
        if (Math.Abs(number) < 10_000_000)
        {
            return number.ToString(number == Math.Truncate(number) ? "F0" : "0.###", CultureInfo.InvariantCulture);
        }

        (double value, int unit) = Scale(number, 1000, DecimalUnits.Length);
        return Digits(value) + DecimalUnits[unit];
    }

    /// <summary>A part of a whole, like <c>81 %</c>; a dash where there is no whole.</summary>
    internal static string Percent(double part, double whole) =>
        whole > 0 ? string.Create(CultureInfo.InvariantCulture, $"{100 * part / whole:F0} %") : "-";

    private static (double Value, int Unit) Scale(double value, double step, int units)
    {
        int unit = 0;

        // Not 1024 of a unit, which is one of the next.
        while (Math.Abs(value) >= step - 0.5 && unit < units - 1)
        {
            value /= step;
            unit++;
        }

        return (value, unit);
    }

    private static string Digits(double value) => value.ToString(Math.Abs(value) < 99.95 ? "F1" : "F0", CultureInfo.InvariantCulture);
}
