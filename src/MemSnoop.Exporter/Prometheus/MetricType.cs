namespace MemSnoop.Exporter.Prometheus;

/// <summary>The type word of a family.</summary>
internal enum MetricType
{
    /// <summary>A level that may fall: observable gauges, and observable up-down counters, which Prometheus has no type for.</summary>
    Gauge,

    /// <summary>A total that only grows, until its source restarts.</summary>
    Counter,
}
