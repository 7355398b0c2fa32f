using System.Runtime.InteropServices;
using MemSnoop.Containers;
using MemSnoop.Disturbances;
using MemSnoop.Exporter.View.History;
using MemSnoop.Metrics;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;

namespace MemSnoop.Exporter.View;

/// <summary>Makes overviews of what was sampled last. The numbers are those that a scrape gets between the same two passes.</summary>
/// <param name="last">What is sampled.</param>
/// <param name="rings">The last hour.</param>
/// <param name="bands">The bands of idle memory.</param>
/// <param name="clock">The clock.</param>
internal sealed class OverviewBuilder(LastSamples last, HistoryRings rings, IdleBands bands, TimeProvider clock)
{
    private readonly HostView _host = new(last.Host.Paths, bands);
    private readonly MethodWords _method = new(last, clock);
    private HostMemorySample? _together;
    private long _togetherRound = -1;

    private double Now => (clock.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;

    /// <summary>The largest first. Not for two threads at once.</summary>
    internal Overview Build()
    {
        WatchedProcess[] watched = last.Processes;
        WorkingSetRound round = last.Round;
        TimeSpan? window = round.Processes.Length == 0 ? null : round.Processes.Max(static entry => entry.Sample.Window);
        return new Overview
        {
            Exporter = BuildInfo.Version,
            Round = round.Number,
            At = Now,
            Host = ReadHost(round.Number, hasEnded: window is not null),
            Method = _method.Describe(window),
            Windows = new WindowTimesView
            {
                IntervalSeconds = last.Interval.TotalSeconds,
                HasEnded = window is not null,
                Ended = window is null ? null : round.Ended,
                Next = last.NextWindow,
                PassStarted = last.PassStarted,
            },
            Processes = Table(Processes(watched, round)),
            Containers = Table(Containers(watched, round)),
            Groups = Table(Groups(watched, round)),
        };
    }

    private HostMemory ReadHost(long round, bool hasEnded)
    {
        if (!hasEnded || !last.TellsPages)
        {
            return _host.Read(null, last.Method is null ? HostReason.NoMethod : last.TellsPages ? HostReason.NoWindow : HostReason.NoSum);
        }

        // Once a round, by the first who asks: the numbers stay those of its windows.
        if (_togetherRound != round || _together is null)
        {
            (_togetherRound, _together) = (round, last.Windows!.CountHost());
        }

        return _host.Read(_together, last.Round.Share < 1 ? HostReason.Share : HostReason.NoWindow);
    }

    private static TableView Table(List<RowView> rows) => TableQuery.All.Apply(new TableView(rows.Count, rows.Count, rows));

    private List<RowView> Processes(WatchedProcess[] watched, WorkingSetRound round)
    {
        Dictionary<TrackedProcess, WorkingSetSample> windows = new(round.Processes.Length);
        foreach (ProcessSample<WorkingSetSample> entry in round.Processes)
        {
            windows[entry.Process.Process] = entry.Sample;
        }

        List<RowView> rows = new(watched.Length);
        double boot = last.Host.SystemClock.BootTimeSeconds;
        foreach (WatchedProcess process in watched)
        {
            if (!process.HasLeft)
            {
                WorkingSetSample? window = windows.TryGetValue(process.Process, out WorkingSetSample found) ? found : null;
                rows.Add(With(Row(process, window, boot), rings.Processes.Find(process.Process.Identity)));
            }
        }

        return rows;
    }

    private RowView Row(WatchedProcess process, in WorkingSetSample? window, double boot)
    {
        ProcessIdentity identity = process.Process.Identity;
        NamedContainer container = process.Container;
        double started = boot + last.Host.Units.Seconds(identity.StartTicks);
        return new RowView
        {
            Id = SubjectId.Of(identity),
            Name = process.Comm,
            Pid = identity.Pid,
            Started = double.IsNaN(started) ? null : started,
            StartTicks = identity.StartTicks,
            ContainerId = Known(container.Id),
            Namespace = Known(container.Names.Namespace),
            Pod = Known(container.Names.Pod),
            Container = Known(container.Names.Container),
            Group = process.Process.Group?.Name,
            Unit = Known(process.Process.Membership.Unit),
            ResidentBytes = process.Process.Stat.ResidentPages * last.Host.Units.PageBytes,
        }.With(window);
    }

    private List<RowView> Containers(WatchedProcess[] watched, WorkingSetRound round)
    {
        Dictionary<string, Members> containers = new(StringComparer.Ordinal);
        foreach (WatchedProcess process in watched)
        {
            if (!process.HasLeft && process.Container.Id.Length > 0)
            {
                Add(containers, process.Container.Id, process);
            }
        }

        Dictionary<string, WorkingSetSample> windows = new(StringComparer.Ordinal);
        foreach (ContainerSample<WorkingSetSample> entry in round.Groups)
        {
            windows[entry.Id] = entry.Sample;
        }

        Dictionary<string, ContainerSample<ContainerMemorySample>> charged = new(StringComparer.Ordinal);
        foreach (ContainerSample<ContainerMemorySample> entry in round.Containers)
        {
            charged[entry.Id] = entry;

            // One without processes, whose page cache is still there.
            CollectionsMarshal.GetValueRefOrAddDefault(containers, entry.Id, out _);
        }

        List<RowView> rows = new(containers.Count);
        foreach ((string id, Members members) in containers)
        {
            bool isCharged = charged.TryGetValue(id, out ContainerSample<ContainerMemorySample> memory);
            ContainerNames names = members.One?.Container.Names ?? memory.Names;
            rows.Add(With(new RowView
            {
                Id = id,
                Name = ContainerName.Short(id, names),
                ContainerId = id,
                Namespace = Known(names.Namespace),
                Pod = Known(names.Pod),
                Container = Known(names.Container),
                Processes = members.Count,
                ResidentBytes = members.ResidentBytes,
                Charged = isCharged ? Of(memory.Sample) : null,
            }.With(windows.TryGetValue(id, out WorkingSetSample window) ? window : null), rings.Containers.Find(id)));
        }

        return rows;
    }

    private List<RowView> Groups(WatchedProcess[] watched, WorkingSetRound round)
    {
        Dictionary<string, Members> groups = new(StringComparer.Ordinal);
        foreach (WatchedProcess process in watched)
        {
            if (!process.HasLeft && process.Process.Group is { } group)
            {
                Add(groups, group.Name, process);
            }
        }

        Dictionary<string, WorkingSetSample> windows = new(StringComparer.Ordinal);
        foreach (GroupSample entry in round.ProcessGroups)
        {
            windows[entry.Name] = entry.Sample;
        }

        List<RowView> rows = new(groups.Count);
        foreach ((string name, Members members) in groups)
        {
            rows.Add(With(new RowView
            {
                Id = name,
                Name = name,
                Processes = members.Count,
                ResidentBytes = members.ResidentBytes,
            }.With(windows.TryGetValue(name, out WorkingSetSample window) ? window : null), rings.Groups.Find(name)));
        }

        return rows;
    }

    private RowView With(RowView row, HistoryRing? ring) => ring is null ? row : row with { Spark = SparkView.Of(ring, rings, Now), GrowthBytesPerHour = Growth.Of(ring, rings, Now) };

    private void Add(Dictionary<string, Members> all, string name, WatchedProcess process)
    {
        ref Members members = ref CollectionsMarshal.GetValueRefOrAddDefault(all, name, out _);
        members = new Members(process, members.Count + 1, members.ResidentBytes + (process.Process.Stat.ResidentPages * last.Host.Units.PageBytes));
    }

    private static ChargedView Of(in ContainerMemorySample sample)
    {
        ChargedSum sum = ChargedSum.Of(sample);
        return new ChargedView(sample.HeldBytes, sum.UsedBytes, sum.ErrorBytes, sum.LowerBytes, sum.UpperBytes, sum.IdleBytes, sum.Disturbance.ToReason());
    }

    private static string? Known(string text) => text.Length == 0 ? null : text;

    /// <summary>The processes of a container or a group.</summary>
    private readonly record struct Members(WatchedProcess? One, int Count, ulong ResidentBytes);
}
