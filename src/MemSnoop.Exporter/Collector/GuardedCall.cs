namespace MemSnoop.Exporter.Collector;

/// <summary>
/// A call into foreign code, which may throw or never return. A thread runs it, and another may abandon the call. The result of an abandoned call is ignored,
/// and the call cannot run again until it has returned.
/// </summary>
internal abstract class GuardedCall
{
    private const int Idle = 0;
    private const int Running = 1;
    private const int Abandoned = 2;

    private int _state;

    /// <summary>Whether the collection fails if this call fails.</summary>
    public virtual bool IsRequired => false;

    /// <summary>Why the latest run failed, or null.</summary>
    public Exception? Error { get; private set; }

    /// <summary>Whether an earlier run was abandoned and has not returned yet.</summary>
    public bool Hangs => Volatile.Read(ref _state) == Abandoned;

    /// <summary>Whether the run in progress still counts.</summary>
    protected bool IsRunning => Volatile.Read(ref _state) == Running;

    /// <summary>Runs the call on this thread.</summary>
    /// <returns>False if it was abandoned meanwhile, so that the thread must end.</returns>
    public bool TryRun()
    {
        Error = null;
        Volatile.Write(ref _state, Running);
        Exception? error = null;
        try
        {
            Invoke();
        }
#pragma warning disable CA1031 // Any exception of a foreign callback means the same: this call failed, and the others go on.
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

    /// <summary>Abandons the run in progress. False if it has just ended by itself.</summary>
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

    /// <summary>Drops the result of an abandoned run. Called on the thread that ran it.</summary>
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
