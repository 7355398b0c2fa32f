using System.Diagnostics.Metrics;
using MemSnoop.Exporter.Collector;
using MemSnoop.Exporter.Sampling;

namespace MemSnoop.Exporter.Commands;

/// <summary>The pipeline as the collector sees it.</summary>
/// <param name="pipeline">Whose instruments are collected.</param>
/// <param name="shared">Collections that begin within this time see one reading.</param>
internal sealed class PipelineSource(SamplingPipeline pipeline, TimeSpan shared) : IInstrumentSource
{
    public bool Owns(Meter meter) => pipeline.Owns(meter);

    public string? MeasurementOf(Instrument instrument) => pipeline.OwnerOf(instrument);

    public double? CreatedTime(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags) => pipeline.CreatedTime(instrument, tags);

    public void BeginCollection() => pipeline.Collections.Begin(shared);

    public void ObservationFailed(Instrument instrument, Exception cause) => pipeline.ObservationFailed(instrument);
}
