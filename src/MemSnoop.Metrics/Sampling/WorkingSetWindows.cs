using MemSnoop.Containers;
using MemSnoop.Disturbances;
using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;

namespace MemSnoop.Metrics.Sampling;

/// <summary>
/// The last complete window of each process. The window sampler writes it at the end of each pass, and adds what it saw of new processes between the passes. A
/// collection only reads it, so scrapers can never mark, clear or shorten a window. A pass that ends during a collection shows in the next one: all that one
/// scrape tells of windows, what the pass cost and whom it skipped included, is of the same pass.
/// </summary>
/// <param name="collections">Numbers the collections.</param>
/// <param name="sampled">Accounts for the measurement.</param>
/// <param name="watchList">Knows which processes have series in a collection. Default value: null, all have.</param>
/// <param name="clock">Tells when a pass ended. Default value: null, the system's clock.</param>
internal sealed class WorkingSetWindows(CollectionNumber collections, SampledMeasurement sampled, WatchList? watchList = null, TimeProvider? clock = null) : IProcessSamples<WorkingSetSample>, IWorkingSetSink
{
    private readonly List<ProcessSample<WorkingSetSample>> _passing = [];
    private readonly HashSet<TrackedProcess> _lost = [];
    private readonly Dictionary<TrackedProcess, WatchedProcess> _watched = [];
    private readonly Dictionary<string, WatchedProcess> _members = new(StringComparer.Ordinal);
    private readonly List<ContainerSample<WorkingSetSample>> _groups = [];
    private readonly List<GroupSample> _processGroups = [];
    private readonly List<ContainerSample<ContainerMemorySample>> _containers = [];
    private readonly List<ProcessSample<ReaccessedSample>> _reaccessed = [];
    private readonly List<ContainerSample<ReaccessedSample>> _groupsReaccessed = [];
    private SampledContainerMemory? _containerMemory;
    private WorkingSetRound _complete = WorkingSetRound.None;
    private WorkingSetRound _shown = WorkingSetRound.None;
    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private long _collection = -1;
    private long _rounds;

    /// <inheritdoc/>
    public object Gate { get; } = new();

    /// <summary>Whether what each process accesses again is kept; of containers it is in any case.</summary>
    internal bool KeepsReaccessesOfProcesses { get; set; }

    /// <inheritdoc/>
    public ArraySegment<ProcessSample<WorkingSetSample>> Current()
    {
        // A scrape may ask for working sets alone, and then nobody else has begun the collection.
        watchList?.Current();
        return Shown().Processes;
    }

    /// <summary>What the current collection shows.</summary>
    internal WorkingSetRound Shown()
    {
        lock (Gate)
        {
            long collection = collections.Current;
            if (collection != _collection)
            {
                _collection = collection;
                _shown = AreOverdue() ? _complete.WithoutWindows() : _complete;
            }

            return _shown;
        }
    }

    /// <summary>Whether the windows are too old to say anything of now, because no pass has ended for too long.</summary>
    internal Func<bool> AreOverdue { get; set; } = static () => false;

    /// <summary>Called when a pass or a look has published something: on the thread of the passes, which must not wait.</summary>
    internal Action? Published { get; set; }

    /// <summary>What the last pass and the looks since then found, whatever collection is under way; no windows if they are too old.</summary>
    internal WorkingSetRound Valid => AreOverdue() ? Latest.WithoutWindows() : Latest;

    /// <summary>The same, however old.</summary>
    private WorkingSetRound Latest
    {
        get
        {
            lock (Gate)
            {
                return _complete;
            }
        }
    }

    /// <summary>Has the memory that is charged to containers accounted for by a measurement of its own. Before the first pass.</summary>
    internal void AccountTo(SampledContainerMemory containerMemory) => _containerMemory = containerMemory;

    /// <summary>Begins a pass over these processes, or continues one that comes in parts.</summary>
    internal void Begin(ReadOnlySpan<WatchedProcess> processes, bool isNew)
    {
        if (isNew)
        {
            _passing.Clear();
            _groups.Clear();
            _processGroups.Clear();
            _containers.Clear();
            _reaccessed.Clear();
            _groupsReaccessed.Clear();
        }

        Watch(processes);
    }

    /// <summary>Begins a look at some processes between two passes.</summary>
    internal void BeginGlance(ReadOnlySpan<WatchedProcess> processes)
    {
        _passing.Clear();
        _groups.Clear();
        _processGroups.Clear();
        _lost.Clear();
        Watch(processes);
    }

    private void Watch(ReadOnlySpan<WatchedProcess> processes)
    {
        _watched.Clear();
        _members.Clear();
        foreach (WatchedProcess process in processes)
        {
            _watched.Add(process.Process, process);
            if (process.Container.Id.Length > 0)
            {
                _members[process.Container.Id] = process;
            }
        }
    }

    /// <summary>Publishes the results of the pass. A process that it could not measure has no numbers any more.</summary>
    /// <param name="cost">What the pass cost.</param>
    /// <param name="succeeded">Whether it succeeded as a whole; null if it only began windows.</param>
    /// <param name="longestStall">The longest time for which it held up a process; null if the method does not.</param>
    /// <param name="share">The share of memory that it measured.</param>
    internal void Publish(ReadingCost cost, bool? succeeded, TimeSpan? longestStall = null, double? share = null)
    {
        TimeSpan spread = default;
        foreach (ProcessSample<WorkingSetSample> entry in _passing)
        {
            spread = entry.Sample.WindowSpread > spread ? entry.Sample.WindowSpread : spread;
        }

        _containerMemory?.EndPass();
        Publish(new WorkingSetRound
        {
            Number = ++_rounds,
            Ended = (_clock.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds,
            Processes = [.. _passing],
            Groups = [.. _groups],
            ProcessGroups = [.. _processGroups],
            Containers = [.. _containers],
            Reaccessed = [.. _reaccessed],
            GroupsReaccessed = [.. _groupsReaccessed],
            ContainerSkips = _containerMemory?.Skipped.ToArray() ?? [],
            Skips = sampled.Skipped.ToArray(),
            Cost = cost,
            Succeeded = succeeded,
            WindowSpread = _passing.Count > 0 ? spread : null,
            LongestStall = longestStall,
            Share = share,
        });
    }

    /// <summary>Adds the results of a look between two passes to what is published. Other processes keep their windows.</summary>
    internal void PublishGlance()
    {
        foreach (ProcessSample<WorkingSetSample> entry in _passing)
        {
            _lost.Add(entry.Process.Process);
        }

        if (_lost.Count > 0)
        {
            WorkingSetRound before = Latest;
            Publish(before with
            {
                Processes = [.. before.Processes.Where(entry => !_lost.Contains(entry.Process.Process)), .. _passing],
                Skips = sampled.Skipped.ToArray(),
            });
        }
    }

    private void Publish(WorkingSetRound complete)
    {
        lock (Gate)
        {
            _complete = complete;
        }

        Published?.Invoke();
    }

    /// <inheritdoc/>
    public void Completed(TrackedProcess process, in WorkingSetSample sample)
    {
        if (!sample.IsWhole)
        {
            sampled.Skipped.Add(sample.Disturbance.ToReason());
        }

        _passing.Add(new(_watched[process], sample));
    }

    /// <inheritdoc/>
    public void GroupCompleted(string group, in WorkingSetSample sample)
    {
        if (ProcessGroup.NameIn(group) is { } name)
        {
            _processGroups.Add(new(name, sample));
        }
        else
        {
            _groups.Add(new(group, _members.GetValueOrDefault(group), sample));
        }
    }

    /// <inheritdoc/>
    void IWorkingSetSink.ContainerCompleted(string container, in ContainerMemorySample sample)
    {
        for (int kind = 0; kind < ChargedKinds.Count; kind++)
        {
            if (!sample.Kinds[kind].IsWhole)
            {
                _containerMemory?.Skipped.Add(sample.Kinds[kind].Disturbance.ToReason());
                break;
            }
        }

        _containers.Add(new(container, _members.GetValueOrDefault(container), sample));
    }

    /// <inheritdoc/>
    void IWorkingSetSink.ContainerSkipped(string container, ReadOutcome reason) => _containerMemory?.Count(reason);

    /// <inheritdoc/>
    void IWorkingSetSink.Reaccessed(TrackedProcess process, in ReaccessedSample sample)
    {
        if (KeepsReaccessesOfProcesses)
        {
            _reaccessed.Add(new(_watched[process], sample));
        }
    }

    /// <inheritdoc/>
    void IWorkingSetSink.GroupReaccessed(string group, in ReaccessedSample sample)
    {
        // Groups of processes have no such series.
        if (ProcessGroup.NameIn(group) is null)
        {
            _groupsReaccessed.Add(new(group, _members.GetValueOrDefault(group), sample));
        }
    }

    /// <inheritdoc/>
    public void Skipped(TrackedProcess process, ReadOutcome reason)
    {
        _lost.Add(process);
        sampled.Count(reason);
    }
}

/// <summary>The window of a container.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Member">One of its processes, which knows the container's names; null if none is watched any more.</param>
/// <param name="Sample">What was found.</param>
internal readonly record struct ContainerSample<T>(string Id, WatchedProcess? Member, T Sample)
{
    /// <summary>The names of the container, as far as they are known by now.</summary>
    internal ContainerNames Names => Member?.Container.Names ?? ContainerNames.None;
}

/// <summary>The window of a group of processes.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Sample">What was found.</param>
internal readonly record struct GroupSample(string Name, WorkingSetSample Sample);

/// <summary>What one pass found, and the looks between it and the next; never changed once it is published.</summary>
internal sealed record WorkingSetRound
{
    /// <summary>Before the first pass.</summary>
    internal static WorkingSetRound None { get; } = new() { Processes = [], Groups = [], ProcessGroups = [], Containers = [], Reaccessed = [], GroupsReaccessed = [], Skips = [], ContainerSkips = [], Cost = ReadingCost.Unknown };

    /// <summary>What there is to say once its windows are too old: who was skipped so far, and that the pass which should have replaced them does not succeed.</summary>
    internal WorkingSetRound WithoutWindows() => None with { Number = Number, Ended = Ended, Skips = Skips, ContainerSkips = ContainerSkips, Succeeded = false };

    /// <summary>Which pass it was, from 1; 0 before the first.</summary>
    internal long Number { get; init; }

    /// <summary>When the pass ended, in seconds since the Unix epoch.</summary>
    internal double Ended { get; init; }

    /// <summary>The last window of each process.</summary>
    internal required ProcessSample<WorkingSetSample>[] Processes { get; init; }

    /// <summary>The last window of each container, by its id.</summary>
    internal required ContainerSample<WorkingSetSample>[] Groups { get; init; }

    /// <summary>The last window of each group of processes.</summary>
    internal required GroupSample[] ProcessGroups { get; init; }

    /// <summary>What was charged to each container at the end of the last window, by its id.</summary>
    internal required ContainerSample<ContainerMemorySample>[] Containers { get; init; }

    /// <summary>What each process has accessed again since it is watched; a look between two passes ends no window, and adds nothing.</summary>
    internal required ProcessSample<ReaccessedSample>[] Reaccessed { get; init; }

    /// <summary>What the processes of each container have accessed again, by the container's id.</summary>
    internal required ContainerSample<ReaccessedSample>[] GroupsReaccessed { get; init; }

    /// <summary>How often windows of what is charged to a container were disturbed so far, by reason.</summary>
    internal required KeyValuePair<string, long>[] ContainerSkips { get; init; }

    /// <summary>How often processes were skipped so far, and windows disturbed, by reason.</summary>
    internal required KeyValuePair<string, long>[] Skips { get; init; }

    /// <summary>What the pass cost.</summary>
    internal required ReadingCost Cost { get; init; }

    /// <summary>Whether it succeeded as a whole; null until a pass could end windows.</summary>
    internal bool? Succeeded { get; init; }

    /// <summary>The largest difference between the windows of two page frames of one process; null without a window.</summary>
    internal TimeSpan? WindowSpread { get; init; }

    /// <summary>The longest time for which the pass held up a process; null if the method does not.</summary>
    internal TimeSpan? LongestStall { get; init; }

    /// <summary>The share of memory that the pass measured, from 0 to 1; null before the first.</summary>
    internal double? Share { get; init; }
}
