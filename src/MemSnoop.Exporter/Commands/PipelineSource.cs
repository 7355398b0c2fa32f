using System.Diagnostics.Metrics;
using MemSnoop.Exporter.Collector;
using MemSnoop.Exporter.Diagnostics;
using MemSnoop.Metrics.Sampling;

namespace MemSnoop.Exporter.Commands;

/// <summary>The pipeline as the collector sees it.</summary>
/// <param name="pipeline">Whose instruments are collected.</param>
/// <param name="shared">Collections that begin within this time see one reading.</param>
internal sealed class PipelineSource(SamplingPipeline pipeline, SelfMeter self, TimeSpan shared) : IInstrumentSource
{
    // By the meters themselves and not by their names: something else in this process may use the same.
    public bool Owns(Meter meter) => meter == pipeline.Meter || meter == self.Meter;

    public string? MeasurementOf(Instrument instrument) => pipeline.OwnerOf(instrument);

    public double? CreatedTime(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags) => pipeline.CreatedTime(instrument, tags);

    public void BeginCollection() => pipeline.Collections.Begin(shared);

    public void ObservationFailed(Instrument instrument, Exception cause) => pipeline.ObservationFailed(instrument);
}
