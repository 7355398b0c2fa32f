namespace MemSnoop.Exporter.Prometheus;

/// <summary>
/// What one collection has observed. It does not change any more; its buffers go back to their families when the last one who holds it has
/// let go, so an answer that is being sent is never written over.
/// </summary>
internal sealed class Snapshot(ExpositionPlan plan, ScrapeContent content, SampleBuffer?[] samples, long completed, DateTimeOffset generated)
{
    private int _references = 1;

    public ExpositionPlan Plan => plan;

    public ScrapeContent Content => content;

    /// <summary>Timestamp of the monotonic clock.</summary>
    public long Completed => completed;

    /// <summary>Wall-clock time, for people and headers.</summary>
    public DateTimeOffset Generated => generated;

    /// <summary>What a family has observed, by its position in the plan; null when it was not asked or failed.</summary>
    public SampleBuffer? Samples(int family) => samples[family];

    /// <summary>Only for a caller that knows that the snapshot is held by somebody else meanwhile.</summary>
    public void AddReference() => Interlocked.Increment(ref _references);

    public void Release()
    {
        if (Interlocked.Decrement(ref _references) > 0)
        {
            return;
        }

        for (int i = 0; i < samples.Length; i++)
        {
            if (Interlocked.Exchange(ref samples[i], null) is { } buffer)
            {
                plan.Families[i].Return(buffer);
            }
        }
    }
}
