using MemSnoop.Exporter.View.History;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;

namespace MemSnoop.Exporter.View;

/// <summary>Makes the views of one process, container or group.</summary>
/// <param name="last">What is sampled.</param>
/// <param name="rings">The last hour.</param>
/// <param name="bands">The bands of idle memory.</param>
/// <param name="clock">The clock.</param>
internal sealed class DetailBuilder(LastSamples last, HistoryRings rings, IdleBands bands, TimeProvider clock)
{
    private const int MostMembers = 20;

    private double Now => (clock.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;

    /// <summary>The watched process with this identity; null if there is none.</summary>
    internal WatchedProcess? Find(ProcessIdentity identity) => Array.Find(last.Processes, process => process.Process.Identity == identity && !process.HasLeft);

    /// <summary>A process.</summary>
    internal DetailView OfProcess(WatchedProcess process, RowView row)
    {
        ProcessSample<WorkingSetSample>? found = null;
        foreach (ProcessSample<WorkingSetSample> entry in last.Round.Processes)
        {
            found = entry.Process.Process == process.Process ? entry : found;
        }

        return Of(row, found?.Sample, rings.Processes.Find(process.Process.Identity), SubjectKind.Process);
    }

    /// <summary>A container.</summary>
    internal DetailView OfContainer(RowView row, IEnumerable<RowView> processes)
    {
        ContainerSample<WorkingSetSample>? found = null;
        foreach (ContainerSample<WorkingSetSample> entry in last.Round.Groups)
        {
            found = entry.Id == row.Id ? entry : found;
        }

        return Of(row, found?.Sample, rings.Containers.Find(row.Id), SubjectKind.Container) with
        {
            Members = Members(processes.Where(process => process.ContainerId == row.Id)),
        };
    }

    /// <summary>A group.</summary>
    internal DetailView OfGroup(RowView row, IEnumerable<RowView> processes)
    {
        GroupSample? found = null;
        foreach (GroupSample entry in last.Round.ProcessGroups)
        {
            found = entry.Name == row.Id ? entry : found;
        }

        return Of(row, found?.Sample, rings.Groups.Find(row.Id), SubjectKind.Group) with
        {
            Members = Members(processes.Where(process => process.Group == row.Id)),
        };
    }

    private DetailView Of(RowView row, in WorkingSetSample? window, HistoryRing? ring, SubjectKind kind)
    {
        DetailView view = new()
        {
            Round = last.Round.Number,
            At = Now,
            Row = row,
            History = HistoryView.Of(ring, rings, bands, kind, Now),
            HistoryReason = ring is null ? (rings.Moment < 0 ? "too_early" : "not_among_largest") : null,
        };
        return window is not { } sample ? view : view with
        {
            Kinds = new KindsView(Bounds(sample, PageKind.Anon), Bounds(sample, PageKind.File), Bounds(sample, PageKind.Shmem)),
            Idle = bands.View(sample),
            UntrackedBytes = sample.UntrackedBytes,
            HugetlbBytes = sample.HugetlbBytes,
        };
    }

    private static BoundsView Bounds(in WorkingSetSample sample, PageKind kind) => new(sample.Bytes(kind), sample.UpperBytes(kind));

    private static RowView[] Members(IEnumerable<RowView> processes) => [.. processes.OrderByDescending(static process => process.ResidentBytes).Take(MostMembers)];
}
