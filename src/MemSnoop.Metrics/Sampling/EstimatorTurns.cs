using MemSnoop.Kernel;
using MemSnoop.WorkingSets;

namespace MemSnoop.Metrics.Sampling;

/// <summary>An estimator that several want something of, one at a time: passes, looks at new processes, and windows on request. Owns it.</summary>
internal sealed class EstimatorTurns(IWorkingSetEstimator estimator, HungProcesses hung) : IDisposable
{
    private readonly WatchedThread _thread = new("memsnoop passes", hung);
    private bool _isDisposed;
    private bool _haveEnded;

    /// <summary>The estimator, for who holds the gate.</summary>
    internal IWorkingSetEstimator Estimator => estimator;

    /// <summary>Held by whoever has the turn.</summary>
    internal Lock Gate { get; } = new();

    /// <summary>Whether there is no more measuring. For who holds the gate.</summary>
    internal bool AreOver => _isDisposed || _haveEnded;

    /// <summary>Nothing is measured from now on. For who holds the gate.</summary>
    internal void End() => _haveEnded = true;

    /// <summary>
    /// Has the estimator do something on a thread that may be lost to a process which does not answer. It goes on without that process then. For who holds the gate.
    /// </summary>
    /// <param name="begin">What it is to do.</param>
    /// <param name="sink">Takes what follows after such a process.</param>
    internal Work Run(Action begin, IWorkingSetSink sink)
    {
        Work work = new(estimator, begin, sink);
        _thread.Run(work);
        return work;
    }

    /// <summary>Ends a turn that is under way, at its next system call.</summary>
    internal void Stop() => _thread.Stop();

    /// <summary>Gives back what the estimator holds. Ends a turn that is under way first: what it reads must not be closed behind its back.</summary>
    public void Dispose()
    {
        _thread.Stop();
        lock (Gate)
        {
            if (!_isDisposed)
            {
                _isDisposed = true;
                estimator.Dispose();
            }
        }

        _thread.Dispose();
    }

    /// <summary>Something that the estimator does with processes, one of which may not answer.</summary>
    internal sealed class Work(IWorkingSetEstimator estimator, Action begin, IWorkingSetSink sink) : IWatchedWork
    {
        private bool _hasBegun;

        /// <summary>Processor time that it took, but for that of threads that were lost.</summary>
        internal TimeSpan Cpu { get; private set; }

        /// <summary>Whether a process did not answer.</summary>
        internal bool HasSkipped { get; private set; }

        public void Do()
        {
            TimeSpan cpu = CpuTime.OfThisThread;
            if (!_hasBegun)
            {
                _hasBegun = true;
                begin();
            }
            else if (!estimator.Resume(sink))
            {
                throw new TimeoutException("a process does not answer");
            }

            Cpu += CpuTime.OfThisThread - cpu;
        }

        public void Skip(int pid) => HasSkipped = true;
    }
}
