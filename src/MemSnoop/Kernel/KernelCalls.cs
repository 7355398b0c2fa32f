namespace MemSnoop.Kernel;

/// <summary>
/// The system calls of one thread, as another thread sees them: whether it is in one, about which process, and whether that is still the same call as before. A call
/// that does not return can be abandoned. When it returns after all, its thread ends by an exception before it has touched anything that others use by then.
/// </summary>
/// <remarks>
/// It costs a call two writes, one of them interlocked. Threads that nobody watches have none of this, and their calls cost nothing more.
/// </remarks>
internal sealed class KernelCalls
{
    private const long Abandoned = -1;

    [ThreadStatic]
    private static KernelCalls? _ofThisThread;

    // Even between two calls, odd within one; each call has its own number.
    private long _call;
    private bool _isStopped;

    /// <summary>The number of the call that the thread is in; null if it is in none.</summary>
    internal long? Current => Volatile.Read(ref _call) is var call && call > 0 && (call & 1) != 0 ? call : null;

    internal bool IsAbandoned => Volatile.Read(ref _call) == Abandoned;

    /// <summary>The process that the calls are about; 0 if they are about none.</summary>
    internal int Pid { get; private set; }

    /// <summary>What the kernel may still write to after the call was abandoned.</summary>
    internal IAbandonable? InUse { get; private set; }

    /// <summary>Has the calling thread watched from now on.</summary>
    internal void Attach() => _ofThisThread = this;

    /// <summary>Says which process the calls of this thread are about from now on.</summary>
    internal static void About(int pid)
    {
        if (_ofThisThread is { } calls)
        {
            calls.Pid = pid;
        }
    }

    /// <summary>Says what the next calls of this thread let the kernel write to, where that is used again by others.</summary>
    internal static void Use(IAbandonable buffer)
    {
        if (_ofThisThread is { } calls)
        {
            calls.InUse = buffer;
        }
    }

    /// <summary>Begins a call that may hang.</summary>
    /// <returns>What <see cref="End"/> wants.</returns>
    /// <exception cref="ThreadAbandonedException">The thread is to end.</exception>
    internal static KernelCalls? Begin()
    {
        KernelCalls? calls = _ofThisThread;
        if (calls is not null)
        {
            long call = calls._call;
            if (call == Abandoned || Volatile.Read(ref calls._isStopped))
            {
                throw new ThreadAbandonedException();
            }

            Volatile.Write(ref calls._call, call + 1);
        }

        return calls;
    }

    /// <summary>The call has returned. Leaves its error number alone.</summary>
    /// <param name="calls">What <see cref="Begin"/> returned.</param>
    /// <param name="opened">The descriptor that it opened, which is closed if nobody waits for it; negative if there is none.</param>
    /// <exception cref="ThreadAbandonedException">It was abandoned.</exception>
    internal static void End(KernelCalls? calls, int opened = -1)
    {
        if (calls is null)
        {
            return;
        }

        long call = calls._call;
        if (call == Abandoned || Interlocked.CompareExchange(ref calls._call, call + 1, call) != call)
        {
            _ = opened < 0 ? 0 : Libc.Close(opened);
            throw new ThreadAbandonedException();
        }
    }

    /// <summary>Lets the thread end at its next call.</summary>
    internal void Stop() => Volatile.Write(ref _isStopped, true);

    /// <summary>Abandons a call, unless it has returned by now.</summary>
    internal bool TryAbandon(long call)
    {
        if (Interlocked.CompareExchange(ref _call, Abandoned, call) != call)
        {
            return false;
        }

        InUse?.Abandon();
        return true;
    }
}

/// <summary>A buffer that is used again and again, and must be replaced if a call that may still write to it was abandoned.</summary>
internal interface IAbandonable
{
    /// <summary>Leaves its memory to the abandoned call, and goes on with other memory.</summary>
    void Abandon();
}

/// <summary>A call of this thread was abandoned, or the thread is to end: nobody waits for what it does.</summary>
internal sealed class ThreadAbandonedException : Exception;
