using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Configuration;

/// <summary>All that can be configured, one section per feature: what is measured, and how the program publishes it.</summary>
internal sealed class ExporterOptions : MemSnoopOptions
{
    public WebOptions Web { get; } = new();

    public OtlpOptions Otlp { get; init; } = new();

    public ResourceOptions Resource { get; } = new();

    public LogOptions Log { get; } = new();
}
