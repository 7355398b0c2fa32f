namespace MemSnoop.Exporter.Prometheus;

/// <summary>How many bytes a collection may still write. Callbacks run one at a time, so nobody contends for it.</summary>
internal sealed class ByteBudget(long bytes)
{
    private long _left = bytes;

    /// <summary>Whether more was written than allowed, so that the collection cannot be served.</summary>
    public bool IsSpent => _left < 0;

    public void Spend(long bytes) => _left -= bytes;
}
