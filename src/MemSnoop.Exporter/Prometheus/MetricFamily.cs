using System.Diagnostics.Metrics;
using System.Text;
using MemSnoop.Exporter.Collector;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>The family that an instrument becomes: its names and metadata lines, and its samples, written as bytes while they are observed.</summary>
internal sealed class MetricFamily : InstrumentSink
{
    private readonly BlockPool _blocks;
    private readonly bool _hasCreated;
    private readonly LabelWriter _labels;
    private readonly byte[] _sampleName;
    private readonly byte[] _createdName;
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
        _labels = new LabelWriter(options.ScopeLabels ? ScopeLabels(instrument.Meter) : []);
        _sampleName = Encoding.ASCII.GetBytes(Name.Sample);
        _createdName = Encoding.ASCII.GetBytes(Name.Family + "_created");
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

    public override void Begin() => _samples = Interlocked.Exchange(ref _spare, null) ?? new SampleBuffer(_blocks);

    public override void Record(long value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (!_budget.IsSpent)
        {
            WriteKey(_samples!, tags);
            _samples!.Append(value);
            End(_samples, tags);
        }
    }

    public override void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (!_budget.IsSpent)
        {
            WriteKey(_samples!, tags);
            _samples!.Append(value);
            End(_samples, tags);
        }
    }

    public override void Discard()
    {
        if (Interlocked.Exchange(ref _samples, null) is { } partial)
        {
            Return(partial);
        }
    }

    private void WriteKey(SampleBuffer samples, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        samples.BeginSample();
        samples.Append(_sampleName);
        _labels.Write(samples, tags);
        samples.EndKey();
    }

    private void End(SampleBuffer samples, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (_hasCreated && Source.CreatedTime(tags) is { } created)
        {
            samples.BeginCreated();
            samples.Append(_createdName);
            _labels.Write(samples, tags);
            samples.Append((byte)' ');
            samples.Append(created);
        }

        _budget.Spend(samples.EndSample());
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
