using System.Runtime.InteropServices;
using MemSnoop.Containers;
using MemSnoop.Kernel;
using MemSnoop.ProcFs;

namespace MemSnoop.Processes;

/// <summary>
/// The selected processes that are alive. Each <see cref="Refresh()"/> checks every watched process once, so a process that has exited is not in
/// <see cref="Watched"/> when it returns. Used by one thread at a time; its properties may be read by any thread.
/// </summary>
public sealed class ProcessTable : IWatchedWork, IDisposable
{
    /// <summary>
    /// An exec may make a process match the selection. A process that does not match is checked again, after as much time as it has been known, and at least
    /// this often: young processes exec, old ones rarely do.
    /// </summary>
    private static readonly TimeSpan LongestRecheck = TimeSpan.FromSeconds(10);

    /// <summary>
    /// A process can be moved to another control group at any time, and no event tells. Those who start containers and units do so before they exec, which changes the name
    /// of the process: its groups are read again then. A login (pam_systemd) and an administrator move a process that goes on running, mostly a young one. So they are read
    /// again after as much time as the process has been known, and at least this often: to read the file takes a few µs.
    /// </summary>
    private static readonly TimeSpan LongestCgroupRecheck = TimeSpan.FromMinutes(1);

    private readonly KernelPaths _paths;
    private ProcessSelection _selection;
    private readonly HandleBudget _budget;
    private readonly TimeProvider _clock;
    private SelectionMatcher _matcher;
    private readonly KernelBuffer _buffer = new();
    private readonly Dictionary<int, Selected> _selected = [];
    private readonly Dictionary<int, Rejected> _rejected = [];
    private readonly HashSet<int> _added = [];
    private readonly WatchLimits _limits;
    private readonly bool _wantsCgroup;
    private TrackedProcess[] _watched = [];
    private IEnumerator<int>? _candidates;
    private bool _hasChanged;
    private bool _hasListed;
    private long _round;

    /// <summary>A table over a proc root.</summary>
    /// <param name="paths">Where the kernel files are.</param>
    /// <param name="selection">Which processes are selected.</param>
    /// <param name="budget">File descriptors that may be kept.</param>
    /// <param name="clock">Source of time for rechecks.</param>
    /// <param name="wantsCgroup">Whether the control groups of each process are to be read, for <see cref="TrackedProcess.CgroupPath"/>.</param>
    public ProcessTable(KernelPaths paths, ProcessSelection selection, HandleBudget budget, TimeProvider clock, bool wantsCgroup = false)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(selection);
        ArgumentNullException.ThrowIfNull(budget);
        ArgumentNullException.ThrowIfNull(clock);
        _paths = paths;
        _selection = selection;
        _budget = budget;
        _clock = clock;
        _matcher = new SelectionMatcher(selection);
        _limits = new WatchLimits(selection.MinResidentBytes / KernelUnits.Current.PageBytes, selection.MaxProcesses);
        _wantsCgroup = wantsCgroup || selection.HasCgroupFilters;
    }

    /// <summary>The processes that are watched, an array that is replaced and never changed.</summary>
    public IReadOnlyList<TrackedProcess> Watched => _watched;

    /// <summary>Selected processes that are not watched, and why, largest first.</summary>
    public IReadOnlyList<DroppedProcess> Dropped { get; private set; } = [];

    /// <summary>Processes that do not answer.</summary>
    internal HungProcesses Hung => _paths.Hung;

    /// <summary>How often a process was skipped since the start, by reason.</summary>
    public SkipCounts Skipped { get; } = new();

    /// <summary>Selects one more process by pid from the next refresh on, as for a child that was just started.</summary>
    public void Add(int pid)
    {
        lock (_added)
        {
            _added.Add(pid);
        }
    }

    /// <summary>Checks every selected process, adds new ones and removes ended ones.</summary>
    /// <exception cref="IOException">The proc root cannot be listed.</exception>
    /// <exception cref="UnauthorizedAccessException">The proc root may not be listed.</exception>
    public void Refresh()
    {
        // What an error has cut short is not gone on with.
        EndVisits();
        Do();
    }

    /// <summary>The same by a thread that may be lost to a process which does not answer. That one stays watched if it was.</summary>
    internal void Refresh(WatchedThread thread)
    {
        EndVisits();
        thread.Run(this);
    }

    private void Do()
    {
        if (_candidates is null)
        {
            _round++;
            AdoptAdded();
            _hasChanged = false;
            _hasListed = false;
            _candidates = Candidates().GetEnumerator();
        }

        while (_candidates.MoveNext())
        {
            _hasListed = true;
            _hasChanged |= Visit(_candidates.Current);
        }

        EndVisits();
        if (!_hasListed && !File.Exists(_paths.Proc("stat")))
        {
            // What was mounted there is gone. An empty list would look like a host without processes.
            throw new IOException($"{_paths.ProcRoot} is not a proc file system any more");
        }

        _hasChanged |= LetDepart();
        if (_hasChanged || _limits.AreActive)
        {
            Publish();
        }
    }

    private void EndVisits()
    {
        _candidates?.Dispose();
        _candidates = null;
    }

    void IWatchedWork.Do() => Do();

    void IWatchedWork.Skip(int pid)
    {
        Skipped.Add(ReadOutcome.Hung.ToReason());
        if (_selected.TryGetValue(pid, out Selected? known))
        {
            known.Process.Hangs = true;
            known.Round = _round;
        }
        else
        {
            Reject(pid, startTicks: 0);
        }
    }

    private void AdoptAdded()
    {
        lock (_added)
        {
            if (_added.Count > 0)
            {
                _selection = _selection with { Pids = new HashSet<int>(_selection.Pids.Concat(_added)) };
                _matcher = new SelectionMatcher(_selection);
                _added.Clear();

                // The process and its children may have been rejected before, and would be checked again only seconds from now.
                _rejected.Clear();
            }
        }
    }

    private IEnumerable<int> Candidates() =>
        _selection.HasFilters || _selection.All || _selection.IncludeChildren ? PidEnumerator.Enumerate(_paths.ProcRoot) : _selection.Pids;

    /// <summary>True when the set of selected processes changed.</summary>
    private bool Visit(int pid)
    {
        if (_selected.TryGetValue(pid, out Selected? known))
        {
            ReadOutcome outcome = known.Process.Look(_buffer, out bool renamed);
            if (outcome == ReadOutcome.Hung)
            {
                Skipped.Add(outcome.ToReason());
                known.Round = _round;
                return false;
            }

            bool moved = outcome == ReadOutcome.Success && _wantsCgroup && HasMoved(known, renamed);
            if (outcome == ReadOutcome.Success && !(renamed && _selection.HasFilters) && !(moved && _selection.HasCgroupFilters))
            {
                known.Round = _round;
                return false;
            }

            Remove(pid, known);
            Consider(pid);
            return true;
        }

        ref Rejected rejected = ref CollectionsMarshal.GetValueRefOrNullRef(_rejected, pid);
        if (!System.Runtime.CompilerServices.Unsafe.IsNullRef(ref rejected))
        {
            rejected.Round = _round;
            if (_clock.GetElapsedTime(rejected.Checked) < rejected.Patience)
            {
                return false;
            }
        }

        return Consider(pid);
    }

    /// <summary>Whether a process is in another control group than before; looks only now and then.</summary>
    private bool HasMoved(Selected known, bool renamed)
    {
        if (!renamed && _clock.GetElapsedTime(known.CgroupRead) < known.CgroupPatience)
        {
            return false;
        }

        known.CgroupIsRead(_clock, LongestCgroupRecheck);
        TrackedProcess process = known.Process;
        if (process.Enter(out ProcessDirectory directory) != ReadOutcome.Success)
        {
            return false;
        }

        ReadOutcome outcome = SelectionMatcher.ReadCgroup(directory, _buffer, out string path, out Membership membership);
        bool isEnding = IsEnding(directory, path);
        process.Leave(directory);
        if (outcome != ReadOutcome.Success || isEnding || (path == process.CgroupPath && membership == process.Membership))
        {
            return false;
        }

        process.CgroupPath = path;
        process.Membership = membership;
        return true;
    }

    /// <summary>
    /// Whether a process shows up in the root group only since it is about to end: with version 1 of the control groups a process that ends belongs to no other one
    /// (<c>proc_cgroup_show</c> in <c>kernel/cgroup/cgroup.c</c>). What it belonged to would be lost in its last reading.
    /// </summary>
    private bool IsEnding(ProcessDirectory directory, string path) =>
        path.Length <= 1 && (directory.Read("stat"u8, _buffer, Stat.TryParse, out Stat stat) != ReadOutcome.Success || stat.IsEnding);

    private bool Consider(int pid)
    {
        ReadOutcome outcome = ProcessDirectory.Open(_paths, pid, out ProcessDirectory? directory);
        if (outcome != ReadOutcome.Success)
        {
            Skipped.Add(outcome.ToReason());
            return false;
        }

        outcome = directory!.Read("stat"u8, _buffer, Stat.TryParse, out Stat stat);
        bool selected = false;
        string? skip = outcome != ReadOutcome.Success ? outcome.ToReason()
            : directory.Follow(ref stat, _buffer, out _) != ReadOutcome.Success ? SkipReasons.Zombie
            : stat.IsKernelThread ? SkipReasons.KernelThread
            : null;
        if (skip is null)
        {
            outcome = _matcher.Match(directory, stat, _selected.ContainsKey(stat.ParentPid), out selected);
            skip = outcome != ReadOutcome.Success ? outcome.ToReason() : null;
        }

        if (!selected)
        {
            directory.Dispose();
            Reject(pid, stat.StartTicks);
            if (skip is not null)
            {
                Skipped.Add(skip);
            }

            return false;
        }

        string cgroup = "";
        Membership membership = Membership.None;
        if (_wantsCgroup)
        {
            SelectionMatcher.ReadCgroup(directory, _buffer, out cgroup, out membership);
            if (IsEnding(directory, cgroup))
            {
                directory.Dispose();
                Reject(pid, stat.StartTicks);
                Skipped.Add(SkipReasons.Zombie);
                return false;
            }
        }

        TrackedProcess process = TrackedProcess.Track(_paths, _budget, directory, stat);
        process.CgroupPath = cgroup;
        process.Membership = membership;
        _rejected.Remove(pid);
        Selected entry = new(process) { Round = _round, FirstSeen = _clock.GetTimestamp() };
        entry.CgroupIsRead(_clock, LongestCgroupRecheck);
        _selected[pid] = entry;
        return true;
    }

    private void Reject(int pid, ulong startTicks)
    {
        long now = _clock.GetTimestamp();
        ref Rejected entry = ref CollectionsMarshal.GetValueRefOrAddDefault(_rejected, pid, out bool exists);
        if (!exists || entry.StartTicks != startTicks)
        {
            entry = new Rejected { StartTicks = startTicks, FirstSeen = now };
        }

        entry.Checked = now;
        entry.Round = _round;
        TimeSpan known = _clock.GetElapsedTime(entry.FirstSeen, now);
        entry.Patience = known < LongestRecheck ? known : LongestRecheck;
    }

    private bool LetDepart()
    {
        bool changed = false;
        foreach ((int pid, Selected entry) in _selected)
        {
            if (entry.Round != _round)
            {
                Remove(pid, entry);
                changed = true;
            }
        }

        foreach ((int pid, Rejected entry) in _rejected)
        {
            if (entry.Round != _round)
            {
                _rejected.Remove(pid);
            }
        }

        return changed;
    }

    private void Remove(int pid, Selected entry)
    {
        _selected.Remove(pid);
        entry.Process.Dispose();
    }

    private void Publish()
    {
        (TrackedProcess[] watched, DroppedProcess[] dropped) = _limits.Apply(_selected.Values);
        if (!watched.AsSpan().SequenceEqual(_watched))
        {
            _watched = watched;
        }

        Dropped = dropped;
    }

    /// <summary>Closes the handles of all processes.</summary>
    public void Dispose()
    {
        EndVisits();
        foreach (Selected entry in _selected.Values)
        {
            entry.Process.Dispose();
        }

        _selected.Clear();
        _watched = [];
    }

    /// <summary>A selected process and the last round in which it was alive.</summary>
    internal sealed class Selected(TrackedProcess process)
    {
        internal TrackedProcess Process { get; } = process;

        internal long Round { get; set; }

        internal bool IsWatched { get; set; }

        internal long FirstSeen { get; init; }

        /// <summary>When its control groups were read.</summary>
        internal long CgroupRead { get; private set; }

        /// <summary>How long until they are read again.</summary>
        internal TimeSpan CgroupPatience { get; private set; }

        internal void CgroupIsRead(TimeProvider clock, TimeSpan longest)
        {
            CgroupRead = clock.GetTimestamp();
            TimeSpan known = clock.GetElapsedTime(FirstSeen, CgroupRead);
            CgroupPatience = known < longest ? known : longest;
        }
    }

    private struct Rejected
    {
        internal ulong StartTicks;
        internal long FirstSeen;
        internal long Checked;
        internal long Round;
        internal TimeSpan Patience;
    }
}
