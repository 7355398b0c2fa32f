namespace MemSnoop.Exporter.Prometheus;

/// <summary>A collection for scrapes while it runs, and the scrapes that wait for it.</summary>
/// <remarks>Its state is guarded by the coordinator's lock.</remarks>
internal sealed class ScrapeRun(ScrapeContent content) : IDisposable
{
    private readonly TaskCompletionSource<Snapshot> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop = new();
    private int _waiting;
    private Snapshot? _snapshot;

    public Task<Snapshot> Outcome => _outcome.Task;

    /// <summary>Signalled when nobody waits any more: the remaining callbacks are not run.</summary>
    public CancellationToken Stop => _stop.Token;

    public ScrapeContent Content => content;

    public bool TryJoin(ScrapeContent wanted)
    {
        if (_stop.IsCancellationRequested || !content.Covers(wanted))
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

    /// <summary>Ends the run well. Its own reference to the snapshot lasts until the last waiting scrape has taken one.</summary>
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

    /// <summary>Ends the run without a snapshot.</summary>
    public void Fail(Exception? cause)
    {
        _outcome.SetException(new ScrapeFailedException(cause));

        // If all waiting scrapes have left, nobody needs the result.
        _ = _outcome.Task.Exception;
    }
}

/// <summary>A collection failed. The cause goes to the log, not to clients.</summary>
internal sealed class ScrapeFailedException(Exception? cause) : Exception("The collection failed.", cause);
