namespace MemSnoop.Exporter.Prometheus;

/// <summary>How samples are written while they are observed. A collection writes one form: the formats that share it can share the collection.</summary>
internal enum SampleForm
{
    /// <summary>Lines of text, the same in the text formats and in OpenMetrics.</summary>
    Text,

    /// <summary>Protobuf messages, <c>io.prometheus.client.Metric</c>.</summary>
    Protobuf,
}
