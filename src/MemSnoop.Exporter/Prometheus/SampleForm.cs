namespace MemSnoop.Exporter.Prometheus;

/// <summary>What a sample is.</summary>
internal enum SampleSyntax
{
    /// <summary>A line, the same in the text formats and in OpenMetrics 1.</summary>
    Line,

    /// <summary>A line that ends with the time at which a counter began: OpenMetrics 2.</summary>
    LineWithStart,

    /// <summary>A protobuf message, <c>io.prometheus.client.Metric</c>.</summary>
    Message,
}

/// <summary>How samples are written while they are observed. A collection writes one form: the formats that share it can share the collection.</summary>
/// <param name="Syntax">What a sample is.</param>
/// <param name="Names">What its names and labels are like.</param>
internal readonly record struct SampleForm(SampleSyntax Syntax, NameStyle Names);
