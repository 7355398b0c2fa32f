namespace MemSnoop.Exporter.Prometheus;

/// <summary>How samples are written while they are observed. A collection writes one form: the formats that share it can share the collection.</summary>
/// <param name="IsProtobuf">Whether they are messages (<c>io.prometheus.client.Metric</c>) and not lines, which are the same in the text formats and in OpenMetrics.</param>
/// <param name="Names">What their names and labels are like.</param>
internal readonly record struct SampleForm(bool IsProtobuf, NameStyle Names);
