using System.Diagnostics.Metrics;
using MemSnoop.Exporter.Collector;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>What a family is under the names of one style: its metadata, and who writes its samples.</summary>
internal sealed class NamedFamily
{
    private readonly TextSampleWriter _lines;
    private readonly TextSampleWriter _linesWithStart;
    private readonly ProtobufSampleWriter _messages;
    private readonly byte[] _text;
    private readonly byte[] _openMetrics;
    private readonly byte[] _openMetrics2;
    private readonly byte[] _protobuf;

    /// <param name="source">The instrument.</param>
    /// <param name="options">What families have beside their instruments.</param>
    /// <param name="style">The style.</param>
    public NamedFamily(CollectedInstrument source, PrometheusOptions options, NameStyle style)
    {
        Instrument instrument = source.Instrument;
        bool isCounter = source.Kind == InstrumentKind.Counter;
        Name = MetricName.From(instrument.Name, instrument.Unit, source.Kind, style);
        List<KeyValuePair<string, object?>> constants = options.ScopeLabels ? ScopeLabels(instrument.Meter) : [];
        _lines = new TextSampleWriter(source, Name, style, constants, options.CreatedSeries && isCounter ? StartTimes.Lines : StartTimes.None);
        _linesWithStart = new TextSampleWriter(source, Name, style, constants, isCounter ? StartTimes.Inline : StartTimes.None);
        _messages = new ProtobufSampleWriter(source, style, constants);
        string word = isCounter ? "counter" : "gauge";
        _text = FamilyMetadata.Text(Name.Sample, word, instrument.Description);
        _openMetrics = FamilyMetadata.OpenMetrics(Name.Family, word, Name.Unit, instrument.Description);
        _openMetrics2 = FamilyMetadata.OpenMetrics(Name.Sample, word, Name.Unit, instrument.Description);
        _protobuf = FamilyMetadata.Protobuf(Name.Sample, isCounter, Name.Unit, instrument.Description);
    }

    public MetricName Name { get; }

    /// <summary>What stands in front of the samples.</summary>
    public ReadOnlyMemory<byte> Metadata(ExpositionSyntax syntax) => syntax switch
    {
        ExpositionSyntax.OpenMetrics => _openMetrics,
        ExpositionSyntax.OpenMetrics2 => _openMetrics2,
        ExpositionSyntax.Protobuf => _protobuf,
        _ => _text,
    };

    /// <summary>What writes the samples.</summary>
    public SampleWriter Writer(SampleSyntax syntax) => syntax switch
    {
        SampleSyntax.Message => _messages,
        SampleSyntax.LineWithStart => _linesWithStart,
        _ => _lines,
    };

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
