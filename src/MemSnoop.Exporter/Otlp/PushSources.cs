using System.Diagnostics.Metrics;
using MemSnoop.Exporter.Prometheus;

namespace MemSnoop.Exporter.Otlp;

/// <summary>What is pushed, and whom to tell of it.</summary>
internal sealed record PushSources
{
    /// <summary>Chooses the meters whose observable instruments are pushed.</summary>
    public required Func<Meter, bool> MeterFilter { get; init; }

    /// <summary>Called before the callbacks of each collection.</summary>
    public Action Collecting { get; init; } = static () => { };

    /// <summary>Held while the callbacks run, so that no scrape runs them at the same time.</summary>
    public SemaphoreSlim Turn { get; init; } = new(1, 1);

    /// <summary>Names the measurement an instrument belongs to; those without one report on the others and are observed last.</summary>
    public Func<Instrument, string?> CollectorOf { get; init; } = static _ => null;

    /// <summary>When a counter began to count, in seconds since the Unix epoch, or null.</summary>
    public CreatedTime CreatedTime { get; init; } = static (_, _) => null;

    /// <summary>Told when an instrument's callback failed.</summary>
    public Action<Instrument, Exception> ObservationFailed { get; init; } = static (_, _) => { };

    /// <summary>Since when we watch, in seconds since the Unix epoch.</summary>
    public required double Began { get; init; }
}
