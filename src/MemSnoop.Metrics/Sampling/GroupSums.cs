using System.Runtime.InteropServices;
using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.ProcFs;

namespace MemSnoop.Metrics.Sampling;

/// <summary>
/// What the processes of each group hold and have used, by the readings of the process table: once in each collection. What a process has used stays in the sum when it ends. A group
/// without processes is forgotten.
/// </summary>
internal sealed class GroupSums
{
    private readonly WatchList _watchList;
    private readonly CollectionNumber _collections;
    private readonly KernelUnits _units;
    private readonly TimeProvider _clock;
    private readonly double _uptime;
    private readonly Dictionary<string, GroupSum> _groups = new(StringComparer.Ordinal);
    private readonly Dictionary<TrackedProcess, Member> _members = [];
    private long _collection = -1;
    private long _round;

    /// <param name="watchList">The processes, with their groups.</param>
    /// <param name="collections">Numbers the collections.</param>
    /// <param name="host">The host, whose uptime tells which processes begin later.</param>
    /// <param name="clock">The clock.</param>
    internal GroupSums(WatchList watchList, CollectionNumber collections, MeasuredHost host, TimeProvider clock)
    {
        _watchList = watchList;
        _collections = collections;
        _units = host.Units;
        _clock = clock;
        host.SystemClock.Refresh();
        _uptime = host.SystemClock.UptimeSeconds;
    }

    /// <summary>Held while what <see cref="Current"/> returned is read.</summary>
    internal object Gate { get; } = new();

    /// <summary>The groups of the current collection. Call it and read them under <see cref="Gate"/>.</summary>
    internal IReadOnlyCollection<GroupSum> Current()
    {
        WatchedProcess[] watched = _watchList.Current();
        long collection = _collections.Current;
        if (collection != _collection)
        {
            _collection = collection;
            Sum(watched);
        }

        return _groups.Values;
    }

    /// <summary>When a group's sums began to grow, in seconds since the Unix epoch; null if there is no such group.</summary>
    internal double? CreatedOf(string group)
    {
        lock (Gate)
        {
            return _groups.GetValueOrDefault(group)?.Created;
        }
    }

    private void Sum(WatchedProcess[] watched)
    {
        _round++;
        foreach (WatchedProcess process in watched)
        {
            if (!process.HasLeft && process.Process.Group is { } group)
            {
                Add(group.Name, process.Process);
            }
        }

        foreach ((TrackedProcess process, Member member) in _members)
        {
            if (member.Round != _round)
            {
                _members.Remove(process);
            }
        }

        foreach ((string name, GroupSum sum) in _groups)
        {
            if (sum.Round != _round)
            {
                _groups.Remove(name);
            }
        }
    }

    private void Add(string name, TrackedProcess process)
    {
        ref GroupSum? sum = ref CollectionsMarshal.GetValueRefOrAddDefault(_groups, name, out _);
        sum ??= new GroupSum(name, (_clock.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds);
        if (sum.Round != _round)
        {
            sum.Begin(_round);
        }

        Stat stat = process.Stat;
        ref Member member = ref CollectionsMarshal.GetValueRefOrAddDefault(_members, process, out bool isKnown);
        if (!isKnown && !IsYoung(stat))
        {
            // What it used before anybody looked at it is no news.
            member = new Member(stat.UserTicks, stat.SystemTicks, _round);
        }

        sum.Add(stat, Grown(stat.UserTicks, member.UserTicks), Grown(stat.SystemTicks, member.SystemTicks));
        member = new Member(stat.UserTicks, stat.SystemTicks, _round);
    }

    /// <summary>Whether it began while processes were watched. Where the uptime is not known, nobody did.</summary>
    private bool IsYoung(in Stat stat) => _units.Seconds(stat.StartTicks) >= _uptime;

    // The kernel's division of time between user and system can shift a tick from one to the other.
    private static ulong Grown(ulong now, ulong before) => now > before ? now - before : 0;

    private readonly record struct Member(ulong UserTicks, ulong SystemTicks, long Round);
}

/// <summary>The sums of one group.</summary>
/// <param name="name">Its name.</param>
/// <param name="created">When it was first seen, in seconds since the Unix epoch.</param>
internal sealed class GroupSum(string name, double created)
{
    internal string Name => name;

    internal double Created => created;

    /// <summary>The last round in which it had a process.</summary>
    internal long Round { get; private set; }

    /// <summary>How many processes it has.</summary>
    internal int Processes { get; private set; }

    /// <summary>Resident pages of all, those that they share counted for each.</summary>
    internal ulong ResidentPages { get; private set; }

    /// <summary>CPU time in user mode, in clock ticks.</summary>
    internal ulong UserTicks { get; private set; }

    /// <summary>CPU time in the kernel, in clock ticks.</summary>
    internal ulong SystemTicks { get; private set; }

    internal void Begin(long round) => (Round, Processes, ResidentPages) = (round, 0, 0);

    internal void Add(in Stat stat, ulong userTicks, ulong systemTicks)
    {
        Processes++;
        ResidentPages += stat.ResidentPages;
        UserTicks += userTicks;
        SystemTicks += systemTicks;
    }
}
