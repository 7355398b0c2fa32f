using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.Metrics.Sampling;

/// <summary>The watched processes with their attributes, refreshed once in each collection.</summary>
/// <param name="table">The processes.</param>
/// <param name="collections">Numbers the collections.</param>
/// <param name="labels">What series say of a process.</param>
/// <param name="choice">Which processes have series of their own. Default value: null, all.</param>
/// <param name="groups">Puts processes in groups. Default value: null, there are none.</param>
internal sealed class WatchList(ProcessTable table, CollectionNumber collections, ProcessLabels labels, SeriesChoice? choice = null, ProcessGroups? groups = null) : IDisposable
{
    private readonly SeriesChoice _choice = choice ?? SeriesChoice.All;
    private readonly WatchedThread _thread = new("memsnoop reader", table.Hung);
    private readonly Lock _gate = new();
    private IReadOnlyList<TrackedProcess> _known = [];
    private WatchedProcess[] _watched = [];
    private Dictionary<int, WatchedProcess> _byPid = [];
    private long _seen = -1;
    private bool _isDisposed;

    /// <summary>Selected processes that are not watched, as of the last refresh.</summary>
    internal IReadOnlyList<DroppedProcess> Dropped => table.Dropped;

    /// <summary>Processes that do not answer.</summary>
    internal HungProcesses Hung => table.Hung;

    /// <summary>What reads files of processes for collections, since they may hang.</summary>
    internal WatchedThread Thread => _thread;

    /// <summary>Which processes have series of their own.</summary>
    internal SeriesChoice Choice => _choice;

    /// <summary>Processes skipped since the start, by reason.</summary>
    internal SkipCounts Skipped => table.Skipped;

    /// <summary>The watched processes of the current collection: an array that is replaced and never changed.</summary>
    internal WatchedProcess[] Current()
    {
        long collection = collections.Current;
        lock (_gate)
        {
            if (collection != _seen)
            {
                Look(collection, isCollection: true);
                Renew();
            }

            return _watched;
        }
    }

    /// <summary>The watched processes as of the last look, whoever looked: nothing is read for it. An array that is replaced and never changed.</summary>
    internal WatchedProcess[] Known => Volatile.Read(ref _watched);

    /// <summary>
    /// The watched processes as of now, for use outside a collection. A running collection keeps its own list.
    /// </summary>
    internal WatchedProcess[] Refresh()
    {
        lock (_gate)
        {
            return Look(_seen, isCollection: false);
        }
    }

    private WatchedProcess[] Look(long collection, bool isCollection)
    {
        // A meter of a factory outlives its pipeline for a moment, and who collects then must not open files anew.
        if (_isDisposed)
        {
            return [];
        }

        try
        {
            table.Refresh(_thread);
        }
        catch (OperationCanceledException)
        {
            return [];
        }

        Adopt();
        groups?.Assign(_watched);
        if (isCollection)
        {
            _choice.Begin(_watched.Length);
        }

        _choice.Choose(_watched);
        _seen = collection;
        return _watched;
    }

    /// <summary>Watches one more process, and its children, from the next collection on.</summary>
    internal void Add(int pid) => table.Add(pid);

    /// <summary>When a watched process started, in clock ticks since boot; null when it is not watched.</summary>
    internal ulong? StartTicksOf(int pid) => Volatile.Read(ref _byPid).TryGetValue(pid, out WatchedProcess? watched) ? watched.Process.Identity.StartTicks : null;

    /// <summary>Whether a process has had series of its own before, and none in between.</summary>
    internal bool HasReturned(int pid) => Volatile.Read(ref _byPid).TryGetValue(pid, out WatchedProcess? watched) && watched.HasReturned;

    private void Renew()
    {
        foreach (WatchedProcess watched in _watched)
        {
            watched.ShowVerdict();
            if (watched.MayHaveChanged)
            {
                watched.Renew();
            }
        }
    }

    private void Adopt()
    {
        IReadOnlyList<TrackedProcess> current = table.Watched;
        if (ReferenceEquals(current, _known) && !Array.Exists(_watched, static watched => !ReferenceEquals(watched.Comm, watched.Process.Comm)))
        {
            return;
        }

        Dictionary<TrackedProcess, WatchedProcess> previous = _watched.ToDictionary(static watched => watched.Process);
        WatchedProcess[] watched = new WatchedProcess[current.Count];
        for (int i = 0; i < watched.Length; i++)
        {
            TrackedProcess process = current[i];
            watched[i] = !previous.TryGetValue(process, out WatchedProcess? same) ? New(process)
                : ReferenceEquals(same.Comm, process.Comm) ? same
                : new WatchedProcess(same, labels);
        }

        _known = current;
        _watched = watched;
        Volatile.Write(ref _byPid, watched.ToDictionary(static process => process.Process.Identity.Pid));
    }

    private WatchedProcess New(TrackedProcess process)
    {
        WatchedProcess watched = new(process, labels);
        if (_choice.IsLimited)
        {
            // One that is found between two collections is in no collection's count.
            watched.Withhold(SeriesChoice.PerProcess);
            watched.Verdict = SeriesChoice.PerProcess;
        }

        return watched;
    }

    public void Dispose()
    {
        _thread.Stop();
        lock (_gate)
        {
            _isDisposed = true;
            _watched = [];
            table.Dispose();
        }

        _thread.Dispose();
    }
}
