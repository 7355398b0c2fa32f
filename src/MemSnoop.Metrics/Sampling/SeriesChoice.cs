using MemSnoop.Processes;

namespace MemSnoop.Metrics.Sampling;

/// <summary>
/// Decides which processes have series of their own: the largest, as many as options and budget allow. A process that has series ranks 25 % higher than its size, as in the list of
/// those that are watched, so that the choice does not flap.
/// </summary>
/// <param name="most">How many the options allow.</param>
/// <param name="budget">How many series there may be; null without a limit.</param>
internal sealed class SeriesChoice(int most, SeriesBudget? budget)
{
    /// <summary>The options do not want series of so many processes.</summary>
    internal const string PerProcess = "per_process";

    /// <summary>There would be more series than the budget.</summary>
    internal const string MaxSeries = "max_series";

    private readonly List<(ulong Weight, WatchedProcess Process)> _ranked = [];

    /// <summary>Every process.</summary>
    internal static SeriesChoice All { get; } = new(int.MaxValue, null);

    /// <summary>Whether some processes may have no series.</summary>
    internal bool IsLimited => most < int.MaxValue || budget is not null;

    /// <summary>The budget; null without a limit.</summary>
    internal SeriesBudget? Budget => budget;

    /// <summary>Begins a collection, for which the budget is shared out anew.</summary>
    internal void Begin(int processes) => budget?.Begin(Math.Min(processes, most));

    /// <summary>Decides anew, for the collections to come.</summary>
    internal void Choose(WatchedProcess[] processes)
    {
        if (!IsLimited)
        {
            return;
        }

        int allowed = Math.Min(most, budget?.Processes ?? int.MaxValue);
        if (processes.Length <= allowed)
        {
            foreach (WatchedProcess process in processes)
            {
                process.Verdict = null;
            }

            return;
        }

        foreach (WatchedProcess process in processes)
        {
            ulong pages = process.Process.Stat.ResidentPages;
            _ranked.Add((process.Verdict is null ? pages + (pages / 4) : pages, process));
        }

        _ranked.Sort(Compare);
        for (int i = 0; i < _ranked.Count; i++)
        {
            _ranked[i].Process.Verdict = i < allowed ? null : i < most ? MaxSeries : PerProcess;
        }

        _ranked.Clear();
    }

    /// <summary>The largest first; of equals those that have series, then those with lower pids, so that it is always the same ones.</summary>
    private static int Compare((ulong Weight, WatchedProcess Process) one, (ulong Weight, WatchedProcess Process) other) =>
        one.Weight != other.Weight ? other.Weight.CompareTo(one.Weight)
        : (one.Process.Verdict is null) != (other.Process.Verdict is null) ? (one.Process.Verdict is null ? -1 : 1)
        : one.Process.Process.Identity.Pid.CompareTo(other.Process.Process.Identity.Pid);
}
