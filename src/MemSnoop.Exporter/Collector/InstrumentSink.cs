namespace MemSnoop.Exporter.Collector;

/// <summary>Where the observations of one instrument go, for one way out of the program: the text of a scrape, or a push.</summary>
/// <param name="source">The instrument.</param>
internal abstract class InstrumentSink(CollectedInstrument source)
{
    /// <summary>The instrument.</summary>
    public CollectedInstrument Source { get; } = source;

    /// <summary>Whether the latest collection toward this sink has had all observations of the instrument.</summary>
    public bool IsComplete { get; set; }

    /// <summary>The instrument's callback is about to run. On its thread, as the calls that follow.</summary>
    public abstract void Begin();

    /// <summary>Takes an observation.</summary>
    public abstract void Record(long value, ReadOnlySpan<KeyValuePair<string, object?>> tags);

    /// <summary>Takes an observation.</summary>
    public abstract void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags);

    /// <summary>Drops what a callback has brought that failed or was given up.</summary>
    public abstract void Discard();
}
