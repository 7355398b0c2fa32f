using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>A window of one process, or several in a row, by an estimator of its own on the same bitmap.</summary>
/// <param name="estimator">The estimator; disposed with this object.</param>
/// <param name="process">The process.</param>
/// <param name="held">Adds what is held to what the estimator tells of areas; null if they are not asked for.</param>
internal sealed class RequestedWindow(PageIdleEstimator estimator, TrackedProcess process, HeldAreas? held = null) : IWorkingSetWindow, IReaccessRun, IWorkingSetSink
{
    private ReadOutcome _outcome;
    private WorkingSetSample _sample;
    private ReaccessedSample _reaccessed;

    internal ReadOutcome Begin() => Pass();

    public ReadOutcome Complete(out WorkingSetSample sample)
    {
        ReadOutcome outcome = Pass();
        sample = _sample;
        return outcome == ReadOutcome.Success && held is not null ? held.Read(process) : outcome;
    }

    public ReadOutcome Turn(out WorkingSetSample sample, out ReaccessedSample reaccessed)
    {
        ReadOutcome outcome = Pass();
        (sample, reaccessed) = (_sample, _reaccessed);
        return outcome;
    }

    private ReadOutcome Pass()
    {
        _outcome = ReadOutcome.Success;
        estimator.Pass([process], 0, this);
        return _outcome;
    }

    public void Completed(TrackedProcess process, in WorkingSetSample sample) => _sample = sample;

    void IWorkingSetSink.Reaccessed(TrackedProcess process, in ReaccessedSample sample) => _reaccessed = sample;

    public void Skipped(TrackedProcess process, ReadOutcome reason) => _outcome = reason;

    public void Dispose() => estimator.Dispose();
}
