namespace MemSnoop.Exporter.Prometheus;

/// <summary>A collection in progress, and the scrapes that wait for it.</summary>
/// <remarks>Its state is guarded by the coordinator's lock.</remarks>
internal sealed class Collection(CollectorSelection selection) : IDisposable
{
    private readonly TaskCompletionSource<Snapshot> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop = new();
    private int _waiting;
    private Snapshot? _snapshot;

    public Task<Snapshot> Outcome => _outcome.Task;

    /// <summary>Signalled when nobody waits any more: the callbacks that have not begun need not.</summary>
    public CancellationToken Stop => _stop.Token;

    public CollectorSelection Selection => selection;

    public bool TryJoin(CollectorSelection wanted)
    {
        if (_stop.IsCancellationRequested || !selection.Covers(wanted))
        {
            return false;
        }

        _waiting++;
        return true;
    }

    public void Leave()
    {
        if (--_waiting > 0)
        {
            return;
        }

        if (Outcome.IsCompleted)
        {
            _snapshot?.Release();
        }
        else
        {
            _stop.Cancel();
        }
    }

    /// <summary>Ends the collection well. Its own reference to the snapshot lasts until the last waiting scrape has taken one.</summary>
    public void Complete(Snapshot snapshot)
    {
        _outcome.SetResult(snapshot);
        _snapshot = snapshot;
        if (_waiting == 0)
        {
            snapshot.Release();
        }
    }

    public void Dispose() => _stop.Dispose();

    public void Fail(Exception error)
    {
        _outcome.SetException(error);

        // All who wait may have left; nobody has to hear of it then.
        _ = _outcome.Task.Exception;
    }
}
