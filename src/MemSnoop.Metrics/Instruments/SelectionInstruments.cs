using System.Diagnostics.Metrics;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.Metrics.Instruments;

/// <summary>Which processes are watched, and which are not because of the limits.</summary>
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
        scope.Gauge("memsnoop.process.dropped_resident", "By", "Resident memory of the hundred largest selected processes that are not watched.", () => Named(watchList));
    }

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
        foreach (DroppedProcess dropped in watchList.Dropped.Take(MostNamed))
        {
            TrackedProcess process = dropped.Process;
            yield return new Measurement<long>(
                InstrumentScope.Clamp(KernelUnits.Current.Bytes(process.Stat.ResidentPages)),
                new KeyValuePair<string, object?>("comm", process.Comm),
                new KeyValuePair<string, object?>("pid", process.Identity.Pid),
                new KeyValuePair<string, object?>("reason", dropped.Reason));
        }
    }
}
