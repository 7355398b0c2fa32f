using System.Runtime.InteropServices;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Processes;
using MemSnoop.ProcFs;
using MemSnoop.WorkingSets;

namespace MemSnoop.Exporter.View.History;

/// <summary>Puts what was sampled last into the rings. In steady state it allocates nothing for a process. Not for two threads at once.</summary>
/// <param name="last">What is sampled.</param>
/// <param name="rings">The rings.</param>
/// <param name="bands">The bands of idle memory.</param>
internal sealed class HistoryRecorder(LastSamples last, HistoryRings rings, IdleBands bands)
{
    private readonly Dictionary<string, ulong> _containers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ulong> _groups = new(StringComparer.Ordinal);

    /// <summary>Notes a moment, if it is time for one.</summary>
    /// <param name="now">When, in seconds since the Unix epoch.</param>
    internal void Record(double now)
    {
        if (!rings.IsDue(now))
        {
            return;
        }

        WatchedProcess[] watched = last.Processes;
        WorkingSetRound round = last.Round;
        rings.Begin(now);
        RecordProcesses(watched, round, now);
        Sum(watched);
        RecordContainers(round);
        RecordGroups(round);
    }

    // Where a method has no windows of containers and groups, there still is what their processes hold.
    private void Sum(WatchedProcess[] watched)
    {
        _containers.Clear();
        _groups.Clear();
        foreach (WatchedProcess process in watched)
        {
            if (process.HasLeft)
            {
                continue;
            }

            ulong resident = last.Host.Units.PageBytes * process.Process.Stat.ResidentPages;
            if (process.Container.Id is { Length: > 0 } container)
            {
                CollectionsMarshal.GetValueRefOrAddDefault(_containers, container, out _) += resident;
            }

            if (process.Process.Group is { } group)
            {
                CollectionsMarshal.GetValueRefOrAddDefault(_groups, group.Name, out _) += resident;
            }
        }
    }

    private static void Choose(HistoryTable<string> table, Dictionary<string, ulong> resident, long moment)
    {
        foreach ((string name, ulong bytes) in resident)
        {
            table.Propose(name, bytes);
        }

        table.Choose(moment);
        foreach ((string name, ulong bytes) in resident)
        {
            table.Find(name)?.Set(HistorySeries.Resident, bytes);
        }
    }

    private void RecordProcesses(WatchedProcess[] watched, WorkingSetRound round, double now)
    {
        foreach (WatchedProcess process in watched)
        {
            if (!process.HasLeft)
            {
                rings.Processes.Propose(process.Process.Identity, last.Host.Units.PageBytes * process.Process.Stat.ResidentPages);
            }
        }

        rings.Processes.Choose(rings.Moment);
        foreach (WatchedProcess process in watched)
        {
            if (!process.HasLeft && rings.Processes.Find(process.Process.Identity) is { } ring)
            {
                Stat stat = process.Process.Stat;
                ring.Set(HistorySeries.Resident, last.Host.Units.PageBytes * stat.ResidentPages);
                Count(ring, new HistoryTotals(now, stat.MinorFaults, stat.MajorFaults, stat.UserTicks + stat.SystemTicks));
            }
        }

        foreach (ProcessSample<WorkingSetSample> entry in round.Processes)
        {
            if (rings.Processes.Find(entry.Process.Process.Identity) is { } ring)
            {
                Set(ring, entry.Sample);
            }
        }
    }

    private void RecordContainers(WorkingSetRound round)
    {
        Choose(rings.Containers, _containers, rings.Moment);
        foreach (ContainerSample<WorkingSetSample> entry in round.Groups)
        {
            if (rings.Containers.Find(entry.Id) is { } ring)
            {
                Set(ring, entry.Sample);
            }
        }

        foreach (ContainerSample<ContainerMemorySample> entry in round.Containers)
        {
            if (rings.Containers.Find(entry.Id) is { } ring)
            {
                ring.Set(HistorySeries.Charged, entry.Sample.HeldBytes);
                ring.Set(HistorySeries.ChargedUsed, ChargedSum.Of(entry.Sample).UpperBytes);
            }
        }
    }

    private void RecordGroups(WorkingSetRound round)
    {
        Choose(rings.Groups, _groups, rings.Moment);
        foreach (GroupSample entry in round.ProcessGroups)
        {
            if (rings.Groups.Find(entry.Name) is { } ring)
            {
                Set(ring, entry.Sample);
            }
        }
    }

    private void Set(HistoryRing ring, in WorkingSetSample sample)
    {
        ring.Set(HistorySeries.Resident, sample.ResidentBytes);
        ring.Set(HistorySeries.Lower, sample.TotalBytes);
        ring.Set(HistorySeries.Upper, sample.UpperTotalBytes);
        for (int band = 0; band < bands.Count; band++)
        {
            if (bands.In(sample, band) is { } bytes)
            {
                ring.Set(HistorySeries.Fixed + band, bytes);
            }
        }
    }

    private void Count(HistoryRing ring, in HistoryTotals totals)
    {
        HistoryTotals before = ring.Totals;
        ring.Totals = totals;
        double seconds = totals.At - before.At;
        if (before.At == 0 || seconds <= 0)
        {
            return;
        }

        ring.Set(HistorySeries.MinorFaults, PerSecond(totals.MinorFaults, before.MinorFaults, seconds));
        ring.Set(HistorySeries.MajorFaults, PerSecond(totals.MajorFaults, before.MajorFaults, seconds));
        ring.Set(HistorySeries.Cpu, (ulong)(last.Host.Units.Seconds(Grown(totals.CpuTicks, before.CpuTicks)) * 1000 / seconds));
    }

    private static ulong PerSecond(ulong now, ulong before, double seconds) => (ulong)(Grown(now, before) * 1000 / seconds);

    private static ulong Grown(ulong now, ulong before) => now > before ? now - before : 0;
}
