namespace MemSnoop.Exporter.Collector;

/// <summary>
/// A call into code that is not ours, which may throw or never return. A thread runs it; whoever watches that thread may give the call up,
/// and from then on its outcome counts for nothing. Until it has returned it cannot be run again.
/// </summary>
internal abstract class GuardedCall
{
    private const int Idle = 0;
    private const int Running = 1;
    private const int Abandoned = 2;

    private int _state;

    /// <summary>Whether a collection without this call is worth nothing.</summary>
    public virtual bool IsRequired => false;

    /// <summary>Why the latest run failed, or null.</summary>
    public Exception? Error { get; private set; }

    /// <summary>Whether an earlier run has been given up and has not returned yet.</summary>
    public bool Hangs => Volatile.Read(ref _state) == Abandoned;

    /// <summary>Whether the run in progress still counts.</summary>
    protected bool IsRunning => Volatile.Read(ref _state) == Running;

    /// <summary>Runs the call on this thread.</summary>
    /// <returns>False when it was given up meanwhile, so that the thread has nobody left to work for.</returns>
    public bool TryRun()
    {
        Error = null;
        Volatile.Write(ref _state, Running);
        Exception? error = null;
        try
        {
            Invoke();
        }
#pragma warning disable CA1031 // Any exception of a foreign callback means the same: this call failed, the others go on.
        catch (Exception thrown)
#pragma warning restore CA1031
        {
            error = thrown;
        }

        if (Interlocked.CompareExchange(ref _state, Idle, Running) != Running)
        {
            Discard();
            Volatile.Write(ref _state, Idle);
            return false;
        }

        if (error is null)
        {
            Commit();
        }
        else
        {
            Discard();
            Fail(error);
        }

        return true;
    }

    /// <summary>Gives the run in progress up. False when it has just ended by itself.</summary>
    public bool TryAbandon(Exception reason)
    {
        if (Interlocked.CompareExchange(ref _state, Abandoned, Running) != Running)
        {
            return false;
        }

        Fail(reason);
        return true;
    }

    /// <summary>Leaves the call out of a collection.</summary>
    public void Skip(Exception reason) => Fail(reason);

    /// <summary>The foreign code.</summary>
    protected abstract void Invoke();

    /// <summary>Keeps what a run has brought. On the thread that ran it.</summary>
    protected virtual void Commit()
    {
    }

    /// <summary>Drops what a run that does not count has brought. On the thread that ran it.</summary>
    protected virtual void Discard()
    {
    }

    /// <summary>Reports a failure.</summary>
    protected virtual void OnFailed(Exception error)
    {
    }

    private void Fail(Exception error)
    {
        Error = error;
        OnFailed(error);
    }
}
