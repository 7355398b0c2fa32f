using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;

namespace MemSnoop.Metrics.Sampling;

/// <summary>
/// The last complete window of each process. The window sampler writes it at the end of each pass. A collection only reads it, so scrapers can never mark,
/// clear or shorten a window. A pass that ends during a collection shows in the next one: working set and idle memory of one scrape are of the same window.
/// </summary>
internal sealed class WorkingSetWindows(CollectionNumber collections, SampledMeasurement sampled) : IProcessSamples<WorkingSetSample>, IWorkingSetSink
{
    private readonly List<ProcessSample<WorkingSetSample>> _passing = [];
    private readonly Dictionary<TrackedProcess, WatchedProcess> _watched = [];
    private readonly List<KeyValuePair<string, WorkingSetSample>> _groups = [];
    private Round _complete = new([], []);
    private Round _shown = new([], []);
    private long _collection = -1;

    /// <inheritdoc/>
    public object Gate { get; } = new();

    /// <inheritdoc/>
    public ArraySegment<ProcessSample<WorkingSetSample>> Current() => Shown().Processes;

    /// <summary>The last complete window of each container, by its id.</summary>
    internal KeyValuePair<string, WorkingSetSample>[] Groups()
    {
        lock (Gate)
        {
            return Shown().Groups;
        }
    }

    private Round Shown()
    {
        long collection = collections.Current;
        if (collection != _collection)
        {
            _collection = collection;
            _shown = _complete;
        }

        return _shown;
    }

    /// <summary>Begins a pass over these processes, or continues one that comes in parts.</summary>
    internal void Begin(IEnumerable<WatchedProcess> processes, bool isNew)
    {
        if (isNew)
        {
            _passing.Clear();
            _groups.Clear();
        }

        _watched.Clear();
        foreach (WatchedProcess process in processes)
        {
            _watched.Add(process.Process, process);
        }
    }

    /// <summary>Publishes the results of the pass. A process that it could not measure has no numbers any more.</summary>
    internal void Publish()
    {
        Round complete = new([.. _passing], [.. _groups]);
        lock (Gate)
        {
            _complete = complete;
        }
    }

    /// <inheritdoc/>
    public void Completed(TrackedProcess process, in WorkingSetSample sample) => _passing.Add(new(_watched[process], sample));

    /// <inheritdoc/>
    public void GroupCompleted(string group, in WorkingSetSample sample) => _groups.Add(new(group, sample));

    /// <inheritdoc/>
    public void Skipped(TrackedProcess process, ReadOutcome reason) => sampled.Count(reason);

    /// <summary>What one pass found.</summary>
    private sealed record Round(ProcessSample<WorkingSetSample>[] Processes, KeyValuePair<string, WorkingSetSample>[] Groups);
}
