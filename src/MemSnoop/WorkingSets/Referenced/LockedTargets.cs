using MemSnoop.Kernel;
using MemSnoop.Locks;
using MemSnoop.Processes;

namespace MemSnoop.WorkingSets.Referenced;

/// <summary>
/// Lets an estimator have only those processes whose referenced bits no other program takes. The others are skipped as in use. A process stays locked for as
/// long as its window lasts: from pass to pass, until it is no longer among the processes or cannot be measured.
/// </summary>
internal sealed class LockedTargets : IWorkingSetEstimator, IWorkingSetSink
{
    private readonly IWorkingSetEstimator _estimator;
    private readonly MeasuringLock _host;
    private readonly HandleBudget _budget;
    private readonly Dictionary<ProcessIdentity, Target> _targets = [];
    private readonly List<TrackedProcess> _locked = [];
    private IWorkingSetSink? _sink;
    private long _pass;

    // What is under way: another thread takes over where a process does not answer.
    private bool _isPass;
    private (ProcessIdentity Process, Target Target)? _beginning;

    /// <param name="estimator">The estimator; disposed with this object.</param>
    /// <param name="host">The lock on the host's accessed bits, shared; given back with this object.</param>
    /// <param name="budget">The descriptors of the locks: one for each process and directory.</param>
    internal LockedTargets(IWorkingSetEstimator estimator, MeasuringLock host, HandleBudget budget)
    {
        _estimator = estimator;
        _host = host;
        _budget = budget;
    }

    /// <inheritdoc/>
    public string Method => _estimator.Method;

    /// <inheritdoc/>
    public int Parts => _estimator.Parts;

    /// <inheritdoc/>
    public TimeSpan? LongestStall => _estimator.LongestStall;

    /// <summary>Whether the method works here, and no other program takes the bits of all processes.</summary>
    internal static ProbeResult Probe(KernelPaths paths)
    {
        ProbeResult probe = ReferencedEstimator.Probe(paths);
        return probe.IsSupported && MeasuringLock.FindBitmapHolder(paths, LockMode.Shared) is { } holder
            ? new ProbeResult(
                probe.Method, false, ProbeResult.InUse, Explain(holder), "stop that program, or use its numbers: one exporter serves the whole host")
            : probe;
    }

    /// <summary>An estimator by referenced bits that locks what it measures.</summary>
    /// <exception cref="MeasuringLockHeldException">Another program takes the accessed bits of all processes.</exception>
    internal static LockedTargets Open(KernelPaths paths, Func<IWorkingSetEstimator> create)
    {
        (MeasuringLock? host, string? holder) = MeasuringLock.TryTakeBitmap(paths, LockMode.Shared);
        return host is not null ? new LockedTargets(create(), host, HandleBudget.Shared) : throw new MeasuringLockHeldException(Explain(holder!));
    }

    /// <inheritdoc/>
    public void Pass(IReadOnlyList<TrackedProcess> processes, int part, IWorkingSetSink sink)
    {
        _pass++;
        Lock(processes, sink);
        _isPass = true;
        _estimator.Pass(_locked, part, this);
        EndPass();
    }

    /// <inheritdoc/>
    bool IWorkingSetEstimator.Resume(IWorkingSetSink sink)
    {
        if (_beginning is { } hung)
        {
            _beginning = null;
            EndWindow(hung.Process, hung.Target);
            return _estimator.Resume(this);
        }

        bool resumed = _estimator.Resume(this);
        if (_isPass)
        {
            EndPass();
        }

        return resumed;
    }

    /// <summary>Gives back the processes that were not among those of the pass.</summary>
    private void EndPass()
    {
        _isPass = false;
        foreach ((ProcessIdentity identity, Target target) in _targets)
        {
            if (target.Pass != _pass)
            {
                Release(identity);
            }
        }
    }

    /// <inheritdoc/>
    public void Glance(IReadOnlyList<TrackedProcess> processes, IWorkingSetSink sink)
    {
        Lock(processes, sink);
        _isPass = false;
        _estimator.Glance(_locked, this);
    }

    /// <inheritdoc/>
    public IWorkingSetWindow? BeginWindow(TrackedProcess process, out ReadOutcome outcome) => ((IWorkingSetEstimator)this).BeginWindow(process, null, out outcome);

    /// <inheritdoc/>
    IWorkingSetWindow? IWorkingSetEstimator.BeginWindow(TrackedProcess process, AreaUses? areas, out ReadOutcome outcome)
    {
        outcome = TryLock(process.Identity, out Target? target);
        if (outcome != ReadOutcome.Success)
        {
            return null;
        }

        target!.Windows++;
        _beginning = (process.Identity, target);
        IWorkingSetWindow? window = _estimator.BeginWindow(process, areas, out outcome);
        _beginning = null;
        if (window is not null)
        {
            return new LockedWindow(this, process.Identity, target, window);
        }

        EndWindow(process.Identity, target);
        return null;
    }

    void IWorkingSetSink.Completed(TrackedProcess process, in WorkingSetSample sample) => _sink!.Completed(process, sample);

    void IWorkingSetSink.GroupCompleted(string group, in WorkingSetSample sample) => _sink!.GroupCompleted(group, sample);

    void IWorkingSetSink.Skipped(TrackedProcess process, ReadOutcome reason)
    {
        Release(process.Identity);
        _sink!.Skipped(process, reason);
    }

    private static string Explain(string holder) => $"{holder} takes the accessed bits of all processes, and clearing referenced bits would take them from it";

    private void Lock(IReadOnlyList<TrackedProcess> processes, IWorkingSetSink sink)
    {
        _sink = sink;
        _locked.Clear();
        for (int i = 0; i < processes.Count; i++)
        {
            TrackedProcess process = processes[i];
            ReadOutcome outcome = TryLock(process.Identity, out Target? target);
            if (outcome == ReadOutcome.Success)
            {
                target!.Pass = _pass;
                _locked.Add(process);
            }
            else
            {
                sink.Skipped(process, outcome);
            }
        }
    }

    private ReadOutcome TryLock(ProcessIdentity process, out Target? target)
    {
        if (_targets.TryGetValue(process, out target))
        {
            return ReadOutcome.Success;
        }

        ReadOutcome outcome = _host.Directory.TryTake(LockName.Referenced(process), LockMode.Exclusive, _budget, out MeasuringLock? taken, out _);
        if (outcome == ReadOutcome.Success)
        {
            target = new Target(taken!);
            _targets.Add(process, target);
        }

        return outcome;
    }

    /// <summary>Gives a process back, unless somebody has a window of it beside the passes.</summary>
    private void Release(ProcessIdentity process)
    {
        if (_targets.TryGetValue(process, out Target? target))
        {
            target.Pass = 0;
            if (target.Windows == 0)
            {
                target.Lock.Dispose();
                _targets.Remove(process);
            }
        }
    }

    private void EndWindow(ProcessIdentity process, Target target)
    {
        target.Windows--;
        if (target.Pass == 0)
        {
            Release(process);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _estimator.Dispose();
        foreach (Target target in _targets.Values)
        {
            target.Lock.Dispose();
        }

        _targets.Clear();
        _host.Dispose();
    }

    /// <summary>A process that is locked.</summary>
    private sealed class Target(MeasuringLock taken)
    {
        internal MeasuringLock Lock { get; } = taken;

        /// <summary>The last pass that it was part of; 0 for none.</summary>
        internal long Pass { get; set; }

        /// <summary>How many windows there are beside those of the passes.</summary>
        internal int Windows { get; set; }
    }

    /// <summary>A window that somebody asked for. The process is locked until it ends.</summary>
    private sealed class LockedWindow(LockedTargets owner, ProcessIdentity process, Target target, IWorkingSetWindow window) : IWorkingSetWindow
    {
        private bool _isDisposed;

        public ReadOutcome Complete(out WorkingSetSample sample) => window.Complete(out sample);

        public void Dispose()
        {
            if (!_isDisposed)
            {
                _isDisposed = true;
                window.Dispose();
                owner.EndWindow(process, target);
            }
        }
    }
}
