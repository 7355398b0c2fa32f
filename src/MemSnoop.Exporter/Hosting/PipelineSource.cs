using System.Diagnostics.Metrics;
using MemSnoop.Exporter.Collector;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Diagnostics;
using MemSnoop.Metrics.Hosting;
using Microsoft.Extensions.Hosting;

namespace MemSnoop.Exporter.Hosting;

/// <summary>What is measured, and the exporter's own process, as the collector sees them.</summary>
internal sealed class PipelineSource(SamplingPipeline pipeline, SelfMeter self, ExporterOptions options, IHostApplicationLifetime lifetime) : IInstrumentSource
{
    // By the meters themselves and not by their names: something else in this process may use the same.
    public bool Owns(Meter meter) => meter == pipeline.Meter || meter == self.Meter;

    public string? MeasurementOf(Instrument instrument) => pipeline.MeasurementOf(instrument);

    public double? CreatedTime(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        instrument.Meter == self.Meter ? self.Began : pipeline.CreatedTime(instrument, tags);

    public bool HasReturned(ReadOnlySpan<KeyValuePair<string, object?>> tags) => pipeline.HasReturned(tags);

    // A push that begins within the cache's time sees what the scrape saw; the last one sees all there was.
    public void BeginCollection() => pipeline.CollectionNumber.Begin(lifetime.ApplicationStopping.IsCancellationRequested ? TimeSpan.Zero : options.Web.CacheDuration.Value);

    public void ObservationFailed(Instrument instrument, Exception cause) => pipeline.ObservationFailed(instrument);
}
