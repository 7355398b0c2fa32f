using System.Diagnostics.Metrics;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.Metrics.Instruments;

/// <summary>Which processes are watched and have series, and which do not because of the limits.</summary>
internal static class SelectionInstruments
{
    /// <summary>
    /// If every dropped process had a series, the limit on processes would limit nothing. The largest hundred have one, and the totals count all.
    /// </summary>
    private const int MostNamed = 100;

    internal static void Create(InstrumentScope scope, WatchList watchList)
    {
        scope.Gauge("memsnoop.processes.watched", "{process}", "Number of watched processes.", () => Watched(watchList));
        scope.Gauge("memsnoop.processes.dropped", "{process}", "Number of selected processes that are not watched: below the minimum resident memory, or beyond the maximum number.", () => Dropped(watchList));
        scope.Gauge<long>("memsnoop.processes.hung", "{process}", "Number of processes whose files do not answer.", () => [new(watchList.Hung.Count)]);
        scope.Gauge("memsnoop.process.dropped_resident", "By", "Resident memory of the hundred largest selected processes that are not watched.", () => Named(watchList));

        // Those are there only where the number of series is not limited.
        scope.NeverTogether(1);
        scope.Gauge(
            "memsnoop.processes.without_series", "{process}", "Number of watched processes that have no series of their own: not among the largest, or beyond the maximum number of series.",
            () => WithoutSeries(watchList, static _ => 1));
        scope.Gauge(
            "memsnoop.processes.without_series_resident", "By", "Resident memory of those processes, pages that they share counted for each.",
            () => WithoutSeries(watchList, static process => Resident(process.Process)));
        scope.Gauge("memsnoop.series.limit", "{series}", "The maximum number of series; absent without one.", () => Limit(watchList.Choice.Budget));
        scope.Gauge(
            "memsnoop.series.left_out", "{subject}", "Number of processes, control groups, groups and containers that have no series because of that maximum; absent without one.",
            () => LeftOut(watchList.Choice.Budget));
    }

    private static IEnumerable<Measurement<long>> WithoutSeries(WatchList watchList, Func<WatchedProcess, long> select)
    {
        WatchedProcess[] watched = watchList.Current();
        foreach (string reason in (string[])[SeriesChoice.PerProcess, SeriesChoice.MaxSeries])
        {
            long sum = 0;
            foreach (WatchedProcess process in watched)
            {
                sum += process.Withheld == reason ? select(process) : 0;
            }

            yield return new Measurement<long>(sum, new KeyValuePair<string, object?>("reason", reason));
        }
    }

    private static IEnumerable<Measurement<long>> Limit(SeriesBudget? budget) => budget is null ? [] : [new Measurement<long>(budget.Limit)];

    private static IEnumerable<Measurement<long>> LeftOut(SeriesBudget? budget) =>
        budget is null ? []
        : from subject in Enum.GetValues<SeriesSubject>()
          where subject != SeriesSubject.Host
          select new Measurement<long>(budget.LeftOut(subject), new KeyValuePair<string, object?>("subject", subject.ToWord()));

    private static long Resident(TrackedProcess process) => InstrumentScope.Clamp(KernelUnits.Current.Bytes(process.Stat.ResidentPages));

    private static IEnumerable<Measurement<long>> Watched(WatchList watchList)
    {
        yield return new Measurement<long>(watchList.Current().Length);
    }

    private static IEnumerable<Measurement<long>> Dropped(WatchList watchList)
    {
        watchList.Current();
        foreach (string reason in (string[])[SkipReasons.BelowMinimum, SkipReasons.Limit])
        {
            yield return new Measurement<long>(watchList.Dropped.Count(dropped => dropped.Reason == reason), new KeyValuePair<string, object?>("reason", reason));
        }
    }

    private static IEnumerable<Measurement<long>> Named(WatchList watchList)
    {
        watchList.Current();
        if (watchList.Choice.IsLimited)
        {
            // Who wants few series of processes does not want those of others instead.
            yield break;
        }

        foreach (DroppedProcess dropped in watchList.Dropped.Take(MostNamed))
        {
            TrackedProcess process = dropped.Process;
            yield return new Measurement<long>(
                Resident(process),
                new KeyValuePair<string, object?>("comm", process.Comm),
                new KeyValuePair<string, object?>("pid", process.Identity.Pid),
                new KeyValuePair<string, object?>("reason", dropped.Reason));
        }
    }
}
