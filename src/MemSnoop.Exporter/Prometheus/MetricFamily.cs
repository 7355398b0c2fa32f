using System.Diagnostics.Metrics;
using MemSnoop.Exporter.Collector;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>The family that an instrument becomes: its names and metadata, and its samples, written as bytes while they are observed.</summary>
internal sealed class MetricFamily : InstrumentSink
{
    private readonly BlockPool _blocks;
    private readonly TextSampleWriter _lines;
    private readonly ProtobufSampleWriter _messages;
    private readonly byte[] _text;
    private readonly byte[] _openMetrics;
    private readonly byte[] _protobuf;
    private SampleWriter _writer;
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
        List<KeyValuePair<string, object?>> constants = options.ScopeLabels ? ScopeLabels(instrument.Meter) : [];
        _lines = new TextSampleWriter(source, Name, constants, options.CreatedSeries && isCounter);
        _messages = new ProtobufSampleWriter(source, constants);
        _writer = _lines;
        string word = isCounter ? "counter" : "gauge";
        _text = FamilyMetadata.Text(Name.Sample, word, instrument.Description);
        _openMetrics = FamilyMetadata.OpenMetrics(Name.Family, word, Name.Unit, instrument.Description);
        _protobuf = FamilyMetadata.Protobuf(Name.Sample, isCounter, Name.Unit, instrument.Description);
    }

    public MetricName Name { get; }

    /// <summary>What stands in front of the samples.</summary>
    public ReadOnlyMemory<byte> Metadata(ExpositionSyntax syntax) => syntax switch
    {
        ExpositionSyntax.OpenMetrics => _openMetrics,
        ExpositionSyntax.Protobuf => _protobuf,
        _ => _text,
    };

    /// <summary>Sets how the next observation is written, and how many bytes it may have, together with all families that share the budget.</summary>
    public void Prepare(SampleForm form, ByteBudget budget)
    {
        _writer = form == SampleForm.Protobuf ? _messages : _lines;
        _budget = budget;
    }

    /// <summary>Hands over what the latest collection has observed; null when it failed or was not asked for this family.</summary>
    public SampleBuffer? TakeSamples() => IsComplete ? Interlocked.Exchange(ref _samples, null) : null;

    /// <summary>Takes back a buffer that no answer uses any more.</summary>
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
            _budget.Spend(_writer.Write(_samples!, value, tags));
        }
    }

    public override void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (!_budget.IsSpent)
        {
            _budget.Spend(_writer.Write(_samples!, value, tags));
        }
    }

    public override void Discard()
    {
        if (Interlocked.Exchange(ref _samples, null) is { } partial)
        {
            Return(partial);
        }
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
