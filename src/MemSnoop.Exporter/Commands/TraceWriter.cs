using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using MemSnoop.Exporter.Terminal;
using MemSnoop.Metrics.Tracing;
using MemSnoop.Tracing;

namespace MemSnoop.Exporter.Commands;

/// <summary>Writes samples line by line; each line is written before the next sample is taken.</summary>
internal abstract class TraceWriter(IReadOnlyList<TraceOutputColumn> columns)
{
    /// <summary>The two fields that every sample has, before its measurements.</summary>
    protected const string SampleField = "sample";
    protected const string OffsetField = "offset_seconds";

    private readonly TraceValue[] _values = new TraceValue[columns.Sum(static column => column.Fields.Count)];

    protected IReadOnlyList<TraceOutputColumn> Columns { get; } = columns;

    /// <param name="request">The format, and what is shown.</param>
    /// <param name="columns">The columns.</param>
    /// <param name="screen">The terminal that shows the samples; null for a file or a pipe.</param>
    /// <param name="error">Takes lines about what is not shown.</param>
    public static TraceWriter Create(TraceRequest request, IReadOnlyList<TraceOutputColumn> columns, Screen? screen, TextWriter error) => request.Format switch
    {
        TraceFormat.Table when screen is not null =>
            new TraceScreenWriter(columns, [.. request.IsOverview ? TraceCell.Overview(columns) : TraceCell.Of(columns)], screen, error),
        TraceFormat.JsonLines => new TraceJsonWriter(columns),
        TraceFormat.Csv => new TraceCsvWriter(columns),
        _ => new TraceTableWriter(columns),
    };

    public async Task WriteAsync(TextWriter output, TraceSample sample)
    {
        int at = 0;
        foreach (TraceOutputColumn column in Columns)
        {
            column.TryRead(sample, _values.AsSpan(at, column.Fields.Count));
            at += column.Fields.Count;
        }

        await output.WriteAsync(Format(sample.Index, Math.Round(sample.Offset.TotalSeconds, 6), _values)).ConfigureAwait(false);
        await output.FlushAsync(CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>A sample as one line, after a header where one is due.</summary>
    protected abstract string Format(int sample, double offset, ReadOnlySpan<TraceValue> values);

    protected IEnumerable<string> FieldNames() =>
        Columns.SelectMany(static column => column.Fields.Select((_, field) => column.FullName(field))).Prepend(OffsetField).Prepend(SampleField);
}

/// <summary>One JSON object a line; a measurement of several fields is an object, what could not be read is null.</summary>
internal sealed class TraceJsonWriter(IReadOnlyList<TraceOutputColumn> columns) : TraceWriter(columns)
{
    private readonly ArrayBufferWriter<byte> _line = new();

    protected override string Format(int sample, double offset, ReadOnlySpan<TraceValue> values)
    {
        _line.ResetWrittenCount();
        using (Utf8JsonWriter json = new(_line))
        {
            json.WriteStartObject();
            json.WriteNumber(SampleField, sample);
            json.WriteNumber(OffsetField, offset);
            foreach (TraceOutputColumn column in Columns)
            {
                json.WritePropertyName(column.Name);
                WriteColumn(json, column, values[..column.Fields.Count]);
                values = values[column.Fields.Count..];
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(_line.WrittenSpan) + "\n";
    }

    private static void WriteColumn(Utf8JsonWriter json, TraceOutputColumn column, ReadOnlySpan<TraceValue> values)
    {
        if (column.Fields is [""])
        {
            WriteValue(json, values[0]);
            return;
        }

        json.WriteStartObject();
        for (int i = 0; i < values.Length; i++)
        {
            json.WritePropertyName(column.Fields[i]);
            WriteValue(json, values[i]);
        }

        json.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter json, TraceValue value)
    {
        if (value.IsMissing)
        {
            json.WriteNullValue();
        }
        else if (value.IsNumber)
        {
            json.WriteRawValue(value.Text);
        }
        else
        {
            json.WriteStringValue(value.Text);
        }
    }
}

/// <summary>A header and a line a sample. Neither names nor values contain commas, quotes or line ends.</summary>
internal sealed class TraceCsvWriter(IReadOnlyList<TraceOutputColumn> columns) : TraceWriter(columns)
{
    private bool _hasHeader;

    protected override string Format(int sample, double offset, ReadOnlySpan<TraceValue> values)
    {
        StringBuilder line = new();
        if (!_hasHeader)
        {
            _hasHeader = true;
            line.AppendJoin(',', FieldNames()).Append('\n');
        }

        line.Append(CultureInfo.InvariantCulture, $"{sample},{offset}");
        foreach (TraceValue value in values)
        {
            line.Append(',').Append(value.Text);
        }

        return line.Append('\n').ToString();
    }
}

/// <summary>Columns as wide as their heads and the values of the first sample, since later values have about the same length.</summary>
internal sealed class TraceTableWriter(IReadOnlyList<TraceOutputColumn> columns) : TraceWriter(columns)
{
    private readonly List<int> _widths = [];

    protected override string Format(int sample, double offset, ReadOnlySpan<TraceValue> values)
    {
        StringBuilder lines = new();
        List<string> cells = [sample.ToString(CultureInfo.InvariantCulture), offset.ToString("F3", CultureInfo.InvariantCulture)];
        foreach (TraceValue value in values)
        {
            cells.Add(value.IsMissing ? "-" : value.Text);
        }

        if (_widths.Count == 0)
        {
            string[] names = [.. FieldNames()];
            _widths.AddRange(names.Zip(cells, static (name, cell) => Math.Max(name.Length, cell.Length)));
            AppendLine(lines, names);
        }

        AppendLine(lines, cells);
        return lines.ToString();
    }

    private void AppendLine(StringBuilder lines, IReadOnlyList<string> cells)
    {
        for (int i = 0; i < cells.Count; i++)
        {
            lines.Append(i == 0 ? "" : "  ").Append(cells[i].PadLeft(_widths[i]));
        }

        lines.Append('\n');
    }
}
