using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace MemSnoop.Kernel;

/// <summary>Work over many processes that goes on without one whose files hang.</summary>
internal interface IWatchedWork
{
    /// <summary>Does the work, or what is left of it. On a thread that is watched; never on two at once.</summary>
    void Do();

    /// <summary>
    /// Notes that the process it has just been at does not answer. <see cref="Do"/> is called again, on another thread, and is to go on behind it. What the thread had in
    /// hand is as it was when it made the call.
    /// </summary>
    /// <param name="pid">The process.</param>
    void Skip(int pid);
}

/// <summary>
/// A thread that does work which may hang in the kernel, for callers that must not: a process in the middle of an exec, or one whose address space is locked by a call
/// that waits for a dead file server, lets nobody read it. If a call stands still for too long, the thread is abandoned to it, and another goes on with the work.
/// Otherwise all work is done by the same thread: that is one change of threads for a round over all processes.
/// </summary>
internal sealed class WatchedThread(string name, HungProcesses hung) : IDisposable
{
    /// <summary>How long a call may wait. Locks of address spaces are held for some ms; for longer where memory is reclaimed meanwhile.</summary>
    internal static readonly TimeSpan Budget = TimeSpan.FromSeconds(1);

    /// <summary>What later calls get once one of the same work was abandoned: eight such processes at once must not take eight times as long.</summary>
    internal static readonly TimeSpan NextBudget = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(50);

    private readonly Lock _turn = new();
    private Worker? _worker;
    private bool _isStopped;

    /// <summary>Does the work, and returns when it is done. One work at a time: others wait.</summary>
    /// <exception cref="Exception">What <see cref="IWatchedWork.Do"/> has thrown.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    internal void Run(IWatchedWork work)
    {
        lock (_turn)
        {
            TimeSpan budget = Budget;
            while (!Volatile.Read(ref _isStopped))
            {
                _worker ??= new Worker(name, hung);
                _worker.Begin(work);
                if (Watch(_worker, budget))
                {
                    _worker.ThrowIfFailed();
                    return;
                }

                int pid = _worker.HungAt;
                _worker = null;
                if (!Volatile.Read(ref _isStopped))
                {
                    budget = NextBudget;
                    work.Skip(pid);
                }
            }

            throw new OperationCanceledException();
        }
    }

    /// <summary>Waits for the worker; false if it was abandoned.</summary>
    private bool Watch(Worker worker, TimeSpan budget)
    {
        long? seen = null;
        long since = 0;
        while (!worker.Wait(BetweenLooks))
        {
            bool isStopped = Volatile.Read(ref _isStopped);
            if (isStopped)
            {
                worker.Calls.Stop();
            }

            long? call = worker.Calls.Current;
            if (call is null || call != seen)
            {
                seen = call;
                since = Stopwatch.GetTimestamp();
                if (!isStopped)
                {
                    continue;
                }
            }

            // About no process: nobody knows without what to go on.
            if (call is { } standing && (isStopped || (worker.Calls.Pid != 0 && Stopwatch.GetElapsedTime(since) >= budget && worker.IsBlocked()))
                && (isStopped ? worker.Calls.TryAbandon(standing) : worker.TryAbandon(standing)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Ends the work that is under way, at its next call, and does none any more. Does not wait for it.</summary>
    internal void Stop() => Volatile.Write(ref _isStopped, true);

    /// <summary>Ends the thread.</summary>
    public void Dispose()
    {
        Stop();
        lock (_turn)
        {
            _worker?.Begin(null);
            _worker = null;
        }
    }

    /// <summary>One thread, from its start until it is abandoned or not wanted any more.</summary>
    private sealed class Worker
    {
        private readonly HungProcesses _hung;
        private readonly object _gate = new();
        private IWatchedWork? _work;
        private ExceptionDispatchInfo? _failure;
        private string? _status;
        private bool _isBegun;
        private bool _isDone;

        internal Worker(string name, HungProcesses hung)
        {
            _hung = hung;
            new Thread(Live) { IsBackground = true, Name = name }.UnsafeStart();
        }

        internal KernelCalls Calls { get; } = new();

        /// <summary>The process that it was abandoned to; 0 if nobody waits for its work any more, which tells nothing of any process.</summary>
        internal int HungAt { get; private set; }

        /// <summary>Gives it work; null to end it.</summary>
        internal void Begin(IWatchedWork? work)
        {
            lock (_gate)
            {
                (_work, _isBegun, _isDone) = (work, true, false);
                Monitor.PulseAll(_gate);
            }
        }

        /// <summary>Waits until it has done its work, but no longer than for some time.</summary>
        internal bool Wait(TimeSpan time)
        {
            lock (_gate)
            {
                return _isDone || (Monitor.Wait(_gate, time) && _isDone);
            }
        }

        internal void ThrowIfFailed()
        {
            ExceptionDispatchInfo? failure = _failure;
            _failure = null;
            failure?.Throw();
        }

        /// <summary>Abandons the thread to the call that it is in, unless the call has just returned.</summary>
        internal bool TryAbandon(long call)
        {
            // Noted first: who comes back at once takes it out again.
            HungAt = Calls.Pid;
            _hung.Add(HungAt);
            if (Calls.TryAbandon(call))
            {
                _hung.Abandon(HungAt);
                return true;
            }

            _hung.Remove(HungAt);
            HungAt = 0;
            return false;
        }

        /// <summary>
        /// Whether the thread waits for something else than a processor. On a busy machine it may get none for seconds, and a walk over a large page table takes long too.
        /// </summary>
        internal bool IsBlocked() =>
            Volatile.Read(ref _status) is { } path && KernelFile.ReadToEnd(path, new KernelBuffer(512), out ReadOnlySpan<byte> text) == ReadOutcome.Success
            && text[(text.LastIndexOf((byte)')') + 1)..] is [(byte)' ', not (byte)'R', ..];

        private void Live()
        {
            Calls.Attach();
            Volatile.Write(ref _status, new FileInfo("/proc/thread-self").LinkTarget is { } self ? $"/proc/{self}/stat" : null);
            while (TakeWork() is { } work)
            {
                try
                {
                    KernelCalls.About(0);
                    work.Do();
                }
                catch (ThreadAbandonedException) when (!Calls.IsAbandoned)
                {
                    _failure = ExceptionDispatchInfo.Capture(new OperationCanceledException());
                }
#pragma warning disable CA1031 // Whatever it is, it is thrown again where the work was asked for.
                catch (Exception error)
#pragma warning restore CA1031
                {
                    _failure = ExceptionDispatchInfo.Capture(error);
                }

                if (Calls.IsAbandoned)
                {
                    if (HungAt != 0)
                    {
                        _hung.Return(HungAt);
                    }

                    return;
                }

                Finish();
            }
        }

        private IWatchedWork? TakeWork()
        {
            lock (_gate)
            {
                while (!_isBegun)
                {
                    Monitor.Wait(_gate);
                }

                _isBegun = false;
                return _work;
            }
        }

        private void Finish()
        {
            lock (_gate)
            {
                (_work, _isDone) = (null, true);
                Monitor.PulseAll(_gate);
            }
        }
    }
}
