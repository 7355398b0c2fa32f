namespace MemSnoop.Exporter.Prometheus;

/// <summary>Writes the samples of one family in one form. What it has been given once is worked out; a sample then allocates nothing.</summary>
internal abstract class SampleWriter
{
    /// <summary>Writes a sample.</summary>
    /// <returns>How many bytes it has.</returns>
    public abstract int Write(SampleBuffer samples, long value, ReadOnlySpan<KeyValuePair<string, object?>> tags);

    /// <summary>Writes a sample.</summary>
    /// <returns>How many bytes it has.</returns>
    public abstract int Write(SampleBuffer samples, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags);
}
