using System.Diagnostics.Metrics;
using System.Text;
using MemSnoop.Exporter.Collector;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>The family that an instrument becomes: its names and metadata lines, and its samples, written as bytes while they are observed.</summary>
internal sealed class MetricFamily : InstrumentSink
{
    // The space in front of a value, and the end of the line.
    private const int PunctuationBytes = 2;

    private readonly BlockPool _blocks;
    private readonly bool _hasCreated;
    private readonly SeriesKeyWriter _sampleKeys;
    private readonly SeriesKeyWriter _createdKeys;
    private readonly byte[] _text;
    private readonly byte[] _openMetrics;
    private SampleBuffer? _samples;
    private SampleBuffer? _spare;
    private ByteBudget _budget = new(0);

    public MetricFamily(CollectedInstrument source, PrometheusOptions options, BlockPool blocks)
        : base(source)
    {
        _blocks = blocks;
        Instrument instrument = source.Instrument;
        bool isCounter = source.Kind == InstrumentKind.Counter;
        Name = MetricName.From(instrument.Name, instrument.Unit, source.Kind);
        _hasCreated = options.CreatedSeries && isCounter;
        List<KeyValuePair<string, object?>> constants = options.ScopeLabels ? ScopeLabels(instrument.Meter) : [];
        _sampleKeys = new SeriesKeyWriter(Name.Sample, constants);
        _createdKeys = new SeriesKeyWriter(Name.Family + "_created", constants);
        string word = isCounter ? "counter" : "gauge";
        _text = TextMetadata(Name.Sample, word, instrument.Description);
        _openMetrics = OpenMetricsMetadata(Name.Family, word, Name.Unit, instrument.Description);
    }

    public MetricName Name { get; }

    /// <summary>The lines in front of a family's samples in the text format: TYPE and HELP.</summary>
    public static byte[] TextMetadata(string name, string type, string? help)
    {
        StringBuilder lines = new($"# TYPE {name} {type}\n");
        AppendHelp(lines, name, help, escapeQuotes: false);
        return Encoding.UTF8.GetBytes(lines.ToString());
    }

    /// <summary>The lines in front of a family's samples in OpenMetrics: TYPE, UNIT and HELP.</summary>
    public static byte[] OpenMetricsMetadata(string name, string type, string? unit, string? help)
    {
        StringBuilder lines = new($"# TYPE {name} {type}\n");
        if (unit is not null)
        {
            lines.Append($"# UNIT {name} {unit}\n");
        }

        AppendHelp(lines, name, help, escapeQuotes: true);
        return Encoding.UTF8.GetBytes(lines.ToString());
    }

    /// <summary>What stands in front of the samples.</summary>
    public ReadOnlyMemory<byte> Metadata(bool openMetrics) => openMetrics ? _openMetrics : _text;

    /// <summary>Sets how many bytes the next observation may write, together with all families that share the budget.</summary>
    public void Limit(ByteBudget budget) => _budget = budget;

    /// <summary>Hands over what the latest collection has observed; null when it failed or was not asked for this family.</summary>
    public SampleBuffer? TakeSamples() => IsComplete ? Interlocked.Exchange(ref _samples, null) : null;

    /// <summary>Takes back a buffer that no text uses any more.</summary>
    public void Return(SampleBuffer buffer)
    {
        buffer.Clear();
        Interlocked.CompareExchange(ref _spare, buffer, null);
    }

    public override void Begin() => _samples = Interlocked.Exchange(ref _spare, null) ?? new SampleBuffer(_blocks, Name.Sample.Length);

    public override void Record(long value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (!_budget.IsSpent)
        {
            LineWriter line = Begin(tags, out double? created);
            int keyLength = line.Length;
            line.Append((byte)' ');
            line.Append(value);
            End(ref line, keyLength, created, tags);
        }
    }

    public override void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (!_budget.IsSpent)
        {
            LineWriter line = Begin(tags, out double? created);
            int keyLength = line.Length;
            line.Append((byte)' ');
            line.Append(value);
            End(ref line, keyLength, created, tags);
        }
    }

    public override void Discard()
    {
        if (Interlocked.Exchange(ref _samples, null) is { } partial)
        {
            Return(partial);
        }
    }

    // Name and labels are written; the value comes next.
    private LineWriter Begin(ReadOnlySpan<KeyValuePair<string, object?>> tags, out double? created)
    {
        created = _hasCreated ? Source.CreatedTime(tags) : null;
        SeriesKeyWriter.Layout layout = _sampleKeys.LayoutOf(tags);
        int most = layout.MostBytes(tags) + PunctuationBytes + LineWriter.MostNumberBytes;
        if (created is not null)
        {
            most += _createdKeys.LayoutOf(tags).MostBytes(tags) + PunctuationBytes + LineWriter.MostNumberBytes;
        }

        LineWriter line = _samples!.BeginSample(most);
        layout.Write(ref line, tags);
        return line;
    }

    private void End(ref LineWriter line, int keyLength, double? created, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        line.Append((byte)'\n');
        int createdAt = line.Length;
        if (created is not null)
        {
            _createdKeys.LayoutOf(tags).Write(ref line, tags);
            line.Append((byte)' ');
            line.Append(created.Value);
            line.Append((byte)'\n');
        }

        _samples!.EndSample(line.Length, keyLength, createdAt);
        _budget.Spend(line.Length);
    }

    // OpenMetrics wants quotes escaped; to the text format an escaped quote is a syntax error.
    private static void AppendHelp(StringBuilder lines, string name, string? help, bool escapeQuotes)
    {
        if (string.IsNullOrEmpty(help))
        {
            return;
        }

        string escaped = help.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        if (escapeQuotes)
        {
            escaped = escaped.Replace("\"", "\\\"", StringComparison.Ordinal);
        }

        lines.Append($"# HELP {name} {escaped}\n");
    }

    private static List<KeyValuePair<string, object?>> ScopeLabels(Meter meter)
    {
        List<KeyValuePair<string, object?>> labels = [new("otel_scope_name", meter.Name)];
        if (!string.IsNullOrEmpty(meter.Version))
        {
            labels.Add(new("otel_scope_version", meter.Version));
        }

        if (!string.IsNullOrEmpty(meter.TelemetrySchemaUrl))
        {
            labels.Add(new("otel_scope_schema_url", meter.TelemetrySchemaUrl));
        }

        return labels;
    }
}

/// <summary>How many bytes a collection may still write. Callbacks run one at a time, so it needs no lock.</summary>
internal sealed class ByteBudget(long bytes)
{
    private long _left = bytes;

    /// <summary>Whether more was written than allowed, so that the collection cannot be served.</summary>
    public bool IsSpent => _left < 0;

    public void Spend(long bytes) => _left -= bytes;
}
