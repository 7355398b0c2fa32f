namespace MemSnoop.Exporter.Collector;

/// <summary>Where the measurements of one instrument go, for one way out of the program: the text of a scrape, or a push.</summary>
/// <param name="source">The instrument.</param>
internal abstract class InstrumentSink(CollectedInstrument source)
{
    /// <summary>The instrument.</summary>
    public CollectedInstrument Source { get; } = source;

    /// <summary>Whether the latest collection toward this sink has observed the instrument from its first measurement to its last.</summary>
    public bool IsComplete { get; set; }

    /// <summary>An observation begins. On the callbacks' thread, as the calls that follow.</summary>
    public abstract void Begin();

    /// <summary>Takes a measurement.</summary>
    public abstract void Record(long value, ReadOnlySpan<KeyValuePair<string, object?>> tags);

    /// <summary>Takes a measurement.</summary>
    public abstract void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags);

    /// <summary>Drops what an observation has brought that failed or was given up.</summary>
    public abstract void Discard();
}
