using System.Globalization;
using System.Text;
using MemSnoop.Exporter.Terminal;
using MemSnoop.Metrics.Tracing;

namespace MemSnoop.Exporter.Commands;

/// <summary>
/// A table for people who watch: short headings, sizes in binary units, and as many columns as the window has room for. The window may be resized meanwhile, and whoever has scrolled sees
/// the headings again. It is no format for programs: those have their own.
/// </summary>
/// <param name="columns">The columns of the trace.</param>
/// <param name="cells">What is shown of them.</param>
/// <param name="screen">The terminal.</param>
/// <param name="error">Takes a line about what has no room.</param>
internal sealed class TraceScreenWriter(IReadOnlyList<TraceOutputColumn> columns, IReadOnlyList<TraceCell> cells, Screen screen, TextWriter error) : TraceWriter(columns)
{
    private const string Gap = "  ";

    private int _shown;
    private int _linesBelowHeading;
    private int _told;

    protected override string Format(int sample, double offset, ReadOnlySpan<TraceValue> values)
    {
        StringBuilder lines = new();
        int shown = Fit(screen.Width);
        if (shown != _shown || _linesBelowHeading >= Math.Max(screen.Height, 4) - 2)
        {
            _shown = shown;
            _linesBelowHeading = 0;
            AppendLine(lines, static cell => (cell.Heading, Ink.Heading));
            Tell();
        }

        TraceRow row = new(offset, values);
        (string Text, Ink Ink)[] texts = new (string, Ink)[cells.Count];
        for (int i = 0; i < texts.Length; i++)
        {
            texts[i] = cells[i].Show(row);
        }

        int at = 0;
        AppendLine(lines, _ => texts[at++]);
        _linesBelowHeading++;
        return lines.ToString();
    }

    /// <summary>How many columns have room: those that are named first.</summary>
    private int Fit(int width)
    {
        int used = -Gap.Length;
        int fitting = 0;
        while (fitting < cells.Count && (used += Gap.Length + cells[fitting].Width) <= width)
        {
            fitting++;
        }

        return Math.Max(1, fitting);
    }

    private void Tell()
    {
        if (_shown < cells.Count && _told != _shown)
        {
            _told = _shown;
            string missing = string.Join(", ", cells.Skip(_shown).Select(static cell => cell.Heading));
            error.WriteLine($"memsnoop: the terminal has no room for {missing}");
        }
    }

    private void AppendLine(StringBuilder lines, Func<TraceCell, (string Text, Ink Ink)> show)
    {
        for (int i = 0; i < _shown; i++)
        {
            (string text, Ink ink) = show(cells[i]);
            string padded = text.PadLeft(cells[i].Width);
            lines.Append(i == 0 ? "" : Gap).Append(screen.HasColor ? ink.Paint(padded) : padded);
        }

        lines.Append('\n');
    }
}

/// <summary>The values of one sample, in the order of the columns' fields.</summary>
internal readonly ref struct TraceRow(double offset, ReadOnlySpan<TraceValue> values)
{
    /// <summary>When it was taken, in seconds since the start of the trace.</summary>
    internal double Offset => offset;

    private ReadOnlySpan<TraceValue> Values { get; } = values;

    /// <summary>A value as text.</summary>
    internal string Text(int field) => Values[field].Text;

    /// <summary>A value as a number; null if it could not be read or is none.</summary>
    internal double? Number(int field) =>
        Values[field].IsNumber && double.TryParse(Values[field].Text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : null;
}
