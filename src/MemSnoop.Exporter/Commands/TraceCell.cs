using System.Globalization;
using MemSnoop.Exporter.Terminal;
using MemSnoop.Measurements;
using MemSnoop.Metrics.Tracing;

namespace MemSnoop.Exporter.Commands;

/// <summary>One column of a trace on a terminal.</summary>
internal abstract class TraceCell(string heading, int width)
{
    private const string Nothing = "-";

    /// <summary>What is above the column.</summary>
    internal string Heading { get; } = heading;

    /// <summary>How wide it is: its heading, or its longest value.</summary>
    internal int Width { get; } = Math.Max(heading.Length, width);

    /// <summary>What it shows of a sample.</summary>
    internal abstract (string Text, Ink Ink) Show(in TraceRow row);

    /// <summary>The columns for what a user has named: a field each.</summary>
    internal static IEnumerable<TraceCell> Of(IReadOnlyList<TraceOutputColumn> columns) => new TraceCell[] { new TraceTimeCell() }.Concat(
        columns.SelectMany(static column => column.Fields.Select((_, field) => column.FullName(field))).Select(static (name, field) => new TraceFieldCell(name, field)));

    /// <summary>The columns for who has named none: what the process holds, what of it it uses, what lies idle, and its share of a processor. Then what else is measured.</summary>
    internal static IEnumerable<TraceCell> Overview(IReadOnlyList<TraceOutputColumn> columns)
    {
        string[] names = [.. columns.SelectMany(static column => column.Fields.Select((_, field) => column.FullName(field)))];
        int Field(string measurement, string field) => Array.IndexOf(names, $"{measurement}.{field}");

        yield return new TraceTimeCell();
        yield return new TraceFieldCell("resident_bytes", Field(StatmMeasurement.MeasurementName, "resident_bytes"));
        if (Field(WorkingSetMeasurement.MeasurementName, "used_bytes") is >= 0 and int used)
        {
            int resident = Field(WorkingSetMeasurement.MeasurementName, "resident_bytes");
            (int, int) bounds = (Field(WorkingSetMeasurement.MeasurementName, "lower_bytes"), Field(WorkingSetMeasurement.MeasurementName, "upper_bytes"));
            yield return new TraceUsedCell(used, bounds);
            yield return new TraceIdleCell(used, bounds.Item2, resident);
        }

        yield return new TraceProcessorCell(Field(StatMeasurement.MeasurementName, "user_seconds"), Field(StatMeasurement.MeasurementName, "system_seconds"));
        foreach (string name in names.Where(static name => name.StartsWith(CounterMeasurement.MeasurementName + ".", StringComparison.Ordinal)))
        {
            yield return new TraceFieldCell(name, Array.IndexOf(names, name));
        }
    }

    /// <summary>A cell with a number, or a dash.</summary>
    private protected static (string Text, Ink Ink) Text(double? number, Func<double, string> format) => number is { } known ? (format(known), Ink.Plain) : (Nothing, Ink.Faint);
}

/// <summary>When the sample was taken.</summary>
internal sealed class TraceTimeCell() : TraceCell("time", 7)
{
    internal override (string Text, Ink Ink) Show(in TraceRow row) => (string.Create(CultureInfo.InvariantCulture, $"{row.Offset:F1} s"), Ink.Plain);
}

/// <summary>A field of a measurement. Its name ends with its unit.</summary>
internal sealed class TraceFieldCell(string name, int field) : TraceCell(Short(name), WidthOf(name))
{
    private const string BytesSuffix = "_bytes";
    private const string SecondsSuffix = "_seconds";
    private const int NumberWidth = 8;

    // As in 21:08:34.722.
    private const int TimeWidth = 12;

    internal override (string Text, Ink Ink) Show(in TraceRow row)
    {
        if (row.Number(field) is not { } number)
        {
            string text = row.Text(field);
            return text.Length == 0 ? Text(null, ShortNumber.Count)
                : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out DateTimeOffset time) ? (time.ToLocalTime().ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture), Ink.Plain)
                : (SafeText.Of(text), Ink.Plain);
        }

        return Text(number, name.EndsWith(BytesSuffix, StringComparison.Ordinal) ? ShortNumber.Bytes
            : name.EndsWith(SecondsSuffix, StringComparison.Ordinal) ? static seconds => string.Create(CultureInfo.InvariantCulture, $"{seconds:F2} s")
            : ShortNumber.Count);
    }

    /// <summary>Without the measurement where the field says enough, and without the unit, which each value has.</summary>
    private static string Short(string name)
    {
        string field = name.Split('.', 2)[^1];
        foreach (string suffix in (string[])[BytesSuffix, SecondsSuffix])
        {
            field = field.EndsWith(suffix, StringComparison.Ordinal) ? field[..^suffix.Length] : field;
        }

        return field.Replace('_', ' ');
    }

    private static int WidthOf(string name) =>
        name.EndsWith(BytesSuffix, StringComparison.Ordinal) ? ShortNumber.BytesWidth
        : name == TimestampMeasurement.MeasurementName ? TimeWidth
        : NumberWidth;
}

/// <summary>The working set; two bounds where something disturbed the window.</summary>
internal sealed class TraceUsedCell(int used, (int Lower, int Upper) bounds) : TraceCell("used", ShortNumber.BytesWidth)
{
    internal override (string Text, Ink Ink) Show(in TraceRow row) => row.Number(bounds.Lower) is { } lower && row.Number(bounds.Upper) is { } upper
        ? ($"{ShortNumber.Bytes(lower)}-{ShortNumber.Bytes(upper)}", Ink.Warm)
        : Text(row.Number(used), ShortNumber.Bytes);
}

/// <summary>The part of the resident memory that was not used, or that was not for sure.</summary>
internal sealed class TraceIdleCell(int used, int upper, int resident) : TraceCell("idle", 5)
{
    // More than that is worth a look.
    private const double Much = 0.5;

    internal override (string Text, Ink Ink) Show(in TraceRow row)
    {
        if ((row.Number(used) ?? row.Number(upper)) is not { } most || row.Number(resident) is not { } whole || whole == 0)
        {
            return Text(null, ShortNumber.Count);
        }

        double idle = Math.Max(0, whole - most);
        return (ShortNumber.Percent(idle, whole), idle > Much * whole ? Ink.Warm : Ink.Plain);
    }
}

/// <summary>The share of one processor since the sample before.</summary>
internal sealed class TraceProcessorCell(int user, int system) : TraceCell("CPU", 6)
{
    private (double Offset, double Seconds)? _before;

    internal override (string Text, Ink Ink) Show(in TraceRow row)
    {
        if (row.Number(user) is not { } inUser || row.Number(system) is not { } inSystem)
        {
            return Text(null, ShortNumber.Count);
        }

        (double Offset, double Seconds) now = (row.Offset, inUser + inSystem);
        (double Offset, double Seconds)? before = _before;
        _before = now;
        return Text(before is { } known && now.Offset > known.Offset ? (now.Seconds - known.Seconds) / (now.Offset - known.Offset) : null, static share => ShortNumber.Percent(share, 1));
    }
}
