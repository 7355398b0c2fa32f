using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;

namespace MemSnoop.Measurements;

/// <summary>What the last pass reported of the one process that it was over.</summary>
internal sealed class LastWindow : IWorkingSetSink
{
    private WorkingSetSample _sample;

    internal WorkingSetSample Sample => _sample;

    /// <summary>Whether the last pass completed a window; the first one, and one after an exec, only begins it.</summary>
    internal bool IsComplete { get; private set; }

    internal ReadOutcome Outcome { get; private set; }

    internal void Begin()
    {
        _sample = default;
        IsComplete = false;
        Outcome = ReadOutcome.Success;
    }

    public void Completed(TrackedProcess process, in WorkingSetSample sample)
    {
        _sample = sample;
        IsComplete = true;
    }

    public void Skipped(TrackedProcess process, ReadOutcome reason) => Outcome = reason;
}
