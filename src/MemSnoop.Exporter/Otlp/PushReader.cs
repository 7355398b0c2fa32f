using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace MemSnoop.Exporter.Otlp;

/// <summary>Collects when it is told to; its end is not one more push, since the last one has been made by then.</summary>
internal sealed class PushReader(BaseExporter<Metric> exporter) : BaseExportingMetricReader(exporter)
{
    protected override bool OnShutdown(int timeoutMilliseconds) => exporter.Shutdown(timeoutMilliseconds);
}
