using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;

namespace MemSnoop.Tests.WorkingSets;

/// <summary>What the passes of an estimator reported of each process; the last pass only.</summary>
internal sealed class Passes(IWorkingSetEstimator estimator) : IWorkingSetSink
{
    private readonly KernelBuffer _buffer = new();
    private readonly Dictionary<TrackedProcess, WorkingSetSample> _completed = [];
    private readonly Dictionary<TrackedProcess, ReadOutcome> _skipped = [];

    /// <summary>Looks at each process, as the table does before a pass, and passes.</summary>
    public void Run(params IReadOnlyList<TrackedProcess> processes)
    {
        _completed.Clear();
        _skipped.Clear();
        foreach (TrackedProcess process in processes)
        {
            process.Look(_buffer, out _);
        }

        estimator.Pass(processes, 0, this);
    }

    public int Reported => _completed.Count + _skipped.Count;

    public WorkingSetSample Completed(TrackedProcess process)
    {
        Assert.False(_skipped.TryGetValue(process, out ReadOutcome reason), reason.ToReason());
        return Assert.Contains(process, (IReadOnlyDictionary<TrackedProcess, WorkingSetSample>)_completed);
    }

    public ReadOutcome Skipped(TrackedProcess process) => Assert.Contains(process, (IReadOnlyDictionary<TrackedProcess, ReadOutcome>)_skipped);

    void IWorkingSetSink.Completed(TrackedProcess process, in WorkingSetSample sample) => _completed.Add(process, sample);

    void IWorkingSetSink.Skipped(TrackedProcess process, ReadOutcome reason) => _skipped.Add(process, reason);
}
