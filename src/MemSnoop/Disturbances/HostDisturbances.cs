using MemSnoop.Containers;
using MemSnoop.Kernel;
using MemSnoop.ProcFs;

namespace MemSnoop.Disturbances;

/// <summary>
/// Watches all that is known to take accessed bits on this host. What cannot be watched: <c>/proc/PID/clear_refs</c> written by others, another instance of
/// sysfs (<see cref="BitmapUsers"/>), and MADV_COLD for inactive pages of the classic LRU (<see cref="GroupEvents"/>). Automatic NUMA balancing does no harm:
/// migration carries the idle flag, and from Linux 6.2 on the accessed bit.
/// </summary>
/// <remarks>For one thread at a time. A report is valid until the next comparison. In steady state nothing is allocated while nothing is reclaimed.</remarks>
internal sealed class HostDisturbances : IDisturbanceWatch
{
    private static readonly HiddenPages Unbounded = new(HiddenPages.Unbounded, HiddenPages.Unbounded, Disturbance.None);

    private readonly TimeProvider _clock;
    private readonly long _started;
    private readonly KernelText _vmStat;
    private readonly GenerationsWatch _generations;
    private readonly ControlGroups _groups;
    private readonly GroupEvents _events;
    private readonly AgedMemory _aged;
    private readonly MovedContent _moved;
    private readonly DamonWatch _damon;
    private readonly BitmapUsers _bitmap;
    private readonly List<HostMoment> _moments = [];
    private readonly DisturbanceReport _report = new();

    private HostDisturbances(KernelPaths paths, TimeProvider clock, bool isReal, bool hasOwnKdamond)
    {
        KernelBuffer buffer = new();
        _clock = clock;
        _started = clock.GetTimestamp();
        _vmStat = new KernelText(paths.Proc("vmstat"), new KernelBuffer(16384));
        _generations = GenerationsWatch.Open(paths, isReal, buffer);
        _groups = new ControlGroups(paths, isReal);
        _events = new GroupEvents(_groups);
        _aged = new AgedMemory(_groups);
        _moved = new MovedContent(paths, buffer);
        _damon = new DamonWatch(paths, buffer, hasOwnKdamond);
        _bitmap = new BitmapUsers(paths);
        _events.Update(ReadHost(), _generations.IsOn());
    }

    /// <summary>Begins to watch. What this host or these rights do not show is not watched; nothing is thrown for it. Open the idle bitmap before.</summary>
    internal static HostDisturbances Open(KernelPaths paths, TimeProvider clock) => new(paths, clock, HostMounts.AreReal(paths), hasOwnKdamond: false);

    /// <summary>The same for whoever has set up the only kdamond of this host, which does not disturb itself.</summary>
    internal static HostDisturbances OpenBesideKdamond(KernelPaths paths, TimeProvider clock) => new(paths, clock, HostMounts.AreReal(paths), hasOwnKdamond: true);

    /// <summary>Whether this kernel has the multi-generational LRU, whether it is on, and why its generations cannot be read (<c>ok</c> if they can).</summary>
    internal (bool IsBuilt, bool IsOn, string Reason) Generations => (_generations.IsBuilt, _generations.IsOn(), _generations.Reason);

    /// <summary>Whether this kernel has DAMON, and whether it is at work.</summary>
    internal (bool Exists, bool IsOn) Damon => (_damon.Exists, _damon.Read().IsOn);

    /// <inheritdoc/>
    public IDisturbanceMoment Now()
    {
        HostMoment moment = Rent();

        // Counters before generations: what is counted after this has its generations in what is read after this.
        moment.At = _clock.GetElapsedTime(_started);
        moment.Host = ReadHost();
        moment.HasGenerations = _generations.IsOn();
        _events.Update(moment.Host, moment.HasGenerations);
        moment.Reading = _events.Reading;
        _generations.Read(moment.Generations);
        moment.Merged = _moved.Read();
        moment.Damon = _damon.Read();
        moment.Bitmap = _bitmap.Read();
        return moment;
    }

    /// <inheritdoc/>
    public DisturbanceReport Compare(IDisturbanceMoment start, IDisturbanceMoment end)
    {
        HostMoment from = (HostMoment)start;
        HostMoment to = (HostMoment)end;
        _report.Clear();
        ReadOnlySpan<GroupEvent> events = EventsBetween(from.Reading, to.Reading);
        bool hasGenerations = from.HasGenerations || to.HasGenerations;
        _report.FileReadsAreHidden = hasGenerations;
        _report.HugePagesCollapsed = MovedContent.Collapsed(from.Host, to.Host);
        _report.CollapsedPages = MovedContent.CollapsedPages(from.Host, to.Host);
        _report.PagesMerged = from.Merged != to.Merged;
        if (hasGenerations)
        {
            _aged.Report(from, to, events, _events.KnowsGroups, _report);
        }

        ReportAdvice(events);
        if (from.Damon.IsOn || to.Damon.IsOn || from.Damon.Changes != to.Damon.Changes)
        {
            _report.AddEverywhere(Unbounded with { Reason = Disturbance.Damon });
        }

        if (from.Bitmap.Open > 0 || to.Bitmap.Open > 0 || from.Bitmap.Uses != to.Bitmap.Uses)
        {
            _report.AddEverywhere(Unbounded with { Reason = Disturbance.Reader });
        }

        return _report;
    }

    /// <inheritdoc/>
    public byte[] Describe(IDisturbanceMoment moment) => MomentBytes.Write((HostMoment)moment, _clock.GetElapsedTime(_started));

    /// <inheritdoc/>
    public IDisturbanceMoment? Recall(ReadOnlySpan<byte> description, TimeSpan gap)
    {
        HostMoment moment = Rent();
        if (!MomentBytes.TryRead(description, moment, _clock.GetElapsedTime(_started) - gap))
        {
            moment.Dispose();
            return null;
        }

        // Before the first reading of the groups; what the host has counted until that is nobody's.
        moment.Reading = 0;
        _events.NoteSince(moment.Host);
        return moment;
    }

    /// <summary>Takes a moment back.</summary>
    internal void Return(HostMoment moment)
    {
        moment.IsHeld = false;
        long oldest = long.MaxValue;
        foreach (HostMoment other in _moments)
        {
            oldest = other.IsHeld ? Math.Min(oldest, other.Reading) : oldest;
        }

        _events.ForgetUpTo(oldest);
    }

    private void ReportAdvice(ReadOnlySpan<GroupEvent> events)
    {
        foreach (GroupEvent advice in events)
        {
            if (advice.Advised == 0)
            {
                continue;
            }

            // The counters do not tell what kind of memory it was.
            long pages = (long)Math.Min(advice.Advised, (ulong)HiddenPages.Unbounded);
            HiddenPages hidden = new(pages, pages, Disturbance.Advised);
            if (advice.Path is null)
            {
                _report.AddEverywhere(hidden);
            }
            else
            {
                _report.AddGroup(_groups.InodeOf(advice.Path), hidden);
            }
        }
    }

    private ReadOnlySpan<GroupEvent> EventsBetween(long start, long end)
    {
        ReadOnlySpan<GroupEvent> events = _events.Events;
        int first = 0;
        while (first < events.Length && events[first].Reading <= start)
        {
            first++;
        }

        int after = first;
        while (after < events.Length && events[after].Reading <= end)
        {
            after++;
        }

        return events[first..after];
    }

    private VmStat ReadHost() => VmStat.TryParse(_vmStat.Read(), out VmStat host) ? host : default;

    private HostMoment Rent()
    {
        foreach (HostMoment moment in _moments)
        {
            if (!moment.IsHeld)
            {
                moment.IsHeld = true;
                return moment;
            }
        }

        HostMoment made = new(this) { IsHeld = true };
        _moments.Add(made);
        return made;
    }

    public void Dispose()
    {
        _vmStat.Dispose();
        _generations.Dispose();
        _groups.Dispose();
        _moved.Dispose();
        _damon.Dispose();
        _bitmap.Dispose();
    }
}
