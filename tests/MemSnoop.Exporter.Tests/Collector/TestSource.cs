using System.Diagnostics.Metrics;
using MemSnoop.Exporter.Collector;

namespace MemSnoop.Exporter.Tests.Collector;

/// <summary>A source that a test makes up.</summary>
internal class TestSource : IInstrumentSource
{
    public Func<Meter, bool> Owns { get; set; } = static _ => false;

    public Func<Instrument, string?> MeasurementOf { get; set; } = static _ => null;

    public CreatedTime CreatedTime { get; set; } = static (_, _) => null;

    public HasReturned HasReturned { get; set; } = static _ => false;

    public Action Collecting { get; set; } = static () => { };

    public Action<Instrument, Exception> ObservationFailed { get; set; } = static (_, _) => { };

    bool IInstrumentSource.Owns(Meter meter) => Owns(meter);

    string? IInstrumentSource.MeasurementOf(Instrument instrument) => MeasurementOf(instrument);

    double? IInstrumentSource.CreatedTime(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags) => CreatedTime(instrument, tags);

    bool IInstrumentSource.HasReturned(ReadOnlySpan<KeyValuePair<string, object?>> tags) => HasReturned(tags);

    void IInstrumentSource.BeginCollection() => Collecting();

    void IInstrumentSource.ObservationFailed(Instrument instrument, Exception cause) => ObservationFailed(instrument, cause);
}

internal delegate bool HasReturned(ReadOnlySpan<KeyValuePair<string, object?>> tags);

internal delegate double? CreatedTime(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags);
