using System.Diagnostics.Metrics;

namespace MemSnoop.Exporter.Collector;

/// <summary>Whose instruments are collected, and what is known of them beside the numbers they observe.</summary>
internal interface IInstrumentSource
{
    /// <summary>Whether a meter's instruments are collected.</summary>
    bool Owns(Meter meter);

    /// <summary>
    /// Name of the measurement that an instrument belongs to, which a scrape can choose. Null for an instrument that reports on the
    /// measurements: it is part of every collection and is observed last. Asked once per instrument.
    /// </summary>
    string? MeasurementOf(Instrument instrument);

    /// <summary>When a counter's series began to count, in seconds since the Unix epoch; null when that is not known.</summary>
    /// <param name="instrument">A counter.</param>
    /// <param name="tags">The tags of one of its measurements. Not valid after the call.</param>
    double? CreatedTime(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags);

    /// <summary>Whether a series was there before and then was not for a while, although what it counts went on.</summary>
    /// <param name="tags">The tags of one of its measurements. Not valid after the call.</param>
    bool HasReturned(ReadOnlySpan<KeyValuePair<string, object?>> tags) => false;

    /// <summary>
    /// Called right before the callbacks of each collection, on their thread, so that all of them can see one reading. When it throws or
    /// overruns a callback's time, the collection fails.
    /// </summary>
    void BeginCollection();

    /// <summary>
    /// Told that an instrument is left out of a collection, because its callback threw, overran its time (a <see cref="TimeoutException"/>)
    /// or still hangs. The callbacks that follow can publish the failure in the same collection.
    /// </summary>
    void ObservationFailed(Instrument instrument, Exception cause);
}
