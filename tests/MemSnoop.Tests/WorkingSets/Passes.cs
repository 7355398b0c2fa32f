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
    private readonly Dictionary<string, WorkingSetSample> _groups = [];
    private readonly Dictionary<string, ContainerMemorySample> _containers = [];
    private readonly Dictionary<string, ReadOutcome> _containersSkipped = [];
    private readonly Dictionary<TrackedProcess, ReaccessedSample> _reaccessed = [];
    private readonly Dictionary<string, ReaccessedSample> _groupsReaccessed = [];

    /// <summary>Looks at each process, as the table does before a pass, and passes.</summary>
    public void Run(params IReadOnlyList<TrackedProcess> processes)
    {
        _completed.Clear();
        _skipped.Clear();
        _groups.Clear();
        _containers.Clear();
        _containersSkipped.Clear();
        _reaccessed.Clear();
        _groupsReaccessed.Clear();
        foreach (TrackedProcess process in processes)
        {
            process.Look(_buffer, out _);
        }

        for (int part = 0; part < estimator.Parts; part++)
        {
            estimator.Pass(processes, part, this);
        }
    }

    /// <summary>Looks at these processes between two passes.</summary>
    public void Glance(params IReadOnlyList<TrackedProcess> processes)
    {
        _completed.Clear();
        _skipped.Clear();
        estimator.Glance(processes, this);
    }

    public IReadOnlyDictionary<TrackedProcess, WorkingSetSample> AllCompleted => _completed;

    public IReadOnlyDictionary<TrackedProcess, ReadOutcome> AllSkipped => _skipped;

    /// <summary>The groups of processes of the last pass.</summary>
    public IReadOnlyDictionary<string, WorkingSetSample> Groups => _groups;

    /// <summary>The memory charged to containers, of the last pass.</summary>
    public IReadOnlyDictionary<string, ContainerMemorySample> Containers => _containers;

    /// <summary>The containers of which there is no number, and why.</summary>
    public IReadOnlyDictionary<string, ReadOutcome> ContainersSkipped => _containersSkipped;

    /// <summary>What each process has accessed again, as of the last pass.</summary>
    public IReadOnlyDictionary<TrackedProcess, ReaccessedSample> Reaccessed => _reaccessed;

    /// <summary>The same of groups.</summary>
    public IReadOnlyDictionary<string, ReaccessedSample> GroupsReaccessed => _groupsReaccessed;

    public int Reported => _completed.Count + _skipped.Count;

    public WorkingSetSample Completed(TrackedProcess process)
    {
        Assert.False(_skipped.TryGetValue(process, out ReadOutcome reason), reason.ToReason());
        return Assert.Contains(process, (IReadOnlyDictionary<TrackedProcess, WorkingSetSample>)_completed);
    }

    public ReadOutcome Skipped(TrackedProcess process) => Assert.Contains(process, (IReadOnlyDictionary<TrackedProcess, ReadOutcome>)_skipped);

    void IWorkingSetSink.Completed(TrackedProcess process, in WorkingSetSample sample) => _completed.Add(process, sample);

    void IWorkingSetSink.GroupCompleted(string group, in WorkingSetSample sample) => _groups.Add(group, sample);

    void IWorkingSetSink.ContainerCompleted(string container, in ContainerMemorySample sample) => _containers.Add(container, sample);

    void IWorkingSetSink.ContainerSkipped(string container, ReadOutcome reason) => _containersSkipped.Add(container, reason);

    void IWorkingSetSink.Reaccessed(TrackedProcess process, in ReaccessedSample sample) => _reaccessed.Add(process, sample);

    void IWorkingSetSink.GroupReaccessed(string group, in ReaccessedSample sample) => _groupsReaccessed.Add(group, sample);

    void IWorkingSetSink.Skipped(TrackedProcess process, ReadOutcome reason) => _skipped.Add(process, reason);
}
