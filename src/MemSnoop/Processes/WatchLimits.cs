namespace MemSnoop.Processes;

/// <summary>A selected process that is not watched.</summary>
/// <param name="Process">The process.</param>
/// <param name="Reason"><see cref="SkipReasons.BelowMinimum"/> or <see cref="SkipReasons.Limit"/>.</param>
public readonly record struct DroppedProcess(TrackedProcess Process, string Reason);

/// <summary>
/// Applies the minimum of resident memory and the maximum number of processes. Watched processes rank 25 % higher than their size, so the list does not flap.
/// </summary>
internal sealed class WatchLimits(ulong minResidentPages, int maxProcesses)
{
    private readonly List<ProcessTable.Selected> _ranked = [];

    internal bool AreActive { get; private set; } = minResidentPages > 0;

    internal (TrackedProcess[] Watched, DroppedProcess[] Dropped) Apply(IReadOnlyCollection<ProcessTable.Selected> selected)
    {
        AreActive = minResidentPages > 0 || selected.Count > maxProcesses;
        if (!AreActive)
        {
            // The processes that are watched first have this advantage over later ones.
            foreach (ProcessTable.Selected entry in selected)
            {
                entry.IsWatched = true;
            }

            return ([.. selected.Select(static entry => entry.Process)], []);
        }

        _ranked.Clear();
        _ranked.AddRange(selected);
        _ranked.Sort(static (left, right) => Weight(right).CompareTo(Weight(left)));
        int watched = 0;
        while (watched < _ranked.Count && watched < maxProcesses && Weight(_ranked[watched]) >= minResidentPages)
        {
            watched++;
        }

        TrackedProcess[] kept = new TrackedProcess[watched];
        DroppedProcess[] dropped = new DroppedProcess[_ranked.Count - watched];
        for (int i = 0; i < _ranked.Count; i++)
        {
            ProcessTable.Selected entry = _ranked[i];
            if (i < watched)
            {
                kept[i] = entry.Process;
            }
            else
            {
                string reason = Weight(entry) < minResidentPages ? SkipReasons.BelowMinimum : SkipReasons.Limit;
                dropped[i - watched] = new DroppedProcess(entry.Process, reason);
            }

            entry.IsWatched = i < watched;
        }

        return (kept, dropped);
    }

    private static ulong Weight(ProcessTable.Selected entry)
    {
        ulong resident = entry.Process.Stat.ResidentPages;
        return entry.IsWatched ? resident + (resident / 4) : resident;
    }
}
