namespace MemSnoop.Exporter.Prometheus;

/// <summary>The caller's own step before the callbacks; a collection that could not take it is worth nothing.</summary>
internal sealed class CollectingHook(Action? collecting) : GuardedCall
{
    public override bool IsRequired => true;

    protected override void Invoke() => collecting?.Invoke();

    protected override void Discard()
    {
    }

    // The collection fails with it, and reports why.
    protected override void OnFailed(Exception error)
    {
    }
}
