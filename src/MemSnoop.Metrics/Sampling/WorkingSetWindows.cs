using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;

namespace MemSnoop.Metrics.Sampling;

/// <summary>
/// The last complete window of each process. Written by the window sampler, at the end of each of its passes; a
/// collection only reads it, so that no number of scrapers can mark, clear or shorten a window. A pass that ends in the
/// middle of a collection shows in the next: working set and idle memory of one scrape are of one window.
/// </summary>
internal sealed class WorkingSetWindows(Collections collections, SampledMeasurement sampled) : IProcessSamples<WorkingSetSample>, IWorkingSetSink
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

    /// <summary>Starts to take in a pass over these processes, or goes on with one that comes in parts.</summary>
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

    /// <summary>Publishes what the pass found. A process that it could not measure has no number any more.</summary>
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
