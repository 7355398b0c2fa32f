using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;

namespace MemSnoop.Metrics.Sampling;

/// <summary>What was sampled last, for who shows it to people: the same as instruments publish, and nothing is measured for it.</summary>
/// <param name="host">The host.</param>
/// <param name="watchList">The processes.</param>
/// <param name="workingSets">Working sets; null if they are switched off.</param>
/// <param name="counters">Events that are counted; null if none are.</param>
internal sealed class LastSamples(MeasuredHost host, WatchList watchList, SampledWorkingSet? workingSets, SampledCounters? counters)
{
    /// <summary>The host.</summary>
    internal MeasuredHost Host => host;

    /// <summary>The watched processes as of the last look.</summary>
    internal WatchedProcess[] Processes => watchList.Known;

    /// <summary>What the last pass and the looks since then found; no windows if they are too old.</summary>
    internal WorkingSetRound Round => workingSets?.Published?.Valid ?? WorkingSetRound.None;

    /// <summary>The method in use; null if none is.</summary>
    internal string? Method => workingSets?.Method;

    /// <summary>Whether working sets are to be measured at all.</summary>
    internal bool IsEnabled => workingSets is not null;

    /// <summary>What each method says of this host; none if working sets are switched off.</summary>
    internal IReadOnlyList<ProbeResult> Probes => workingSets?.Probes ?? [];

    /// <summary>The length of a window, or of the time between two looks where there are no windows.</summary>
    internal TimeSpan Interval => host.Options.WorkingSet.Interval;

    /// <summary>The ages at which idle memory is reported.</summary>
    internal IReadOnlyList<TimeSpan> IdleAges => host.Options.WorkingSet.IdleAges;

    /// <summary>When the next window ends, in seconds since the Unix epoch; null when it is not known.</summary>
    internal double? NextWindow => workingSets?.NextWindow;

    /// <summary>Since when a pass is under way, in seconds since the Unix epoch; null if none is.</summary>
    internal double? PassStarted => workingSets?.PassStarted;

    /// <summary>Whether working sets are measured, so that there are passes which look at the processes.</summary>
    internal bool HasPasses => workingSets?.Published is not null;

    /// <summary>Whether the method in use tells pages apart, so that it can sum up processes and show single pages.</summary>
    internal bool TellsPages => WorkingSetMethods.All.Any(method => method.Name == Method && method.Estimates.HasFlag(MethodScope.Group));

    /// <summary>The windows themselves, for who wants some beside those of the passes; null when none are measured.</summary>
    internal LocalWindows? Windows => workingSets?.Windows;

    /// <summary>What was counted for a process as of the last collection, by event; null if nothing was.</summary>
    internal IReadOnlyDictionary<string, ulong>? CountersOf(ProcessIdentity process) => counters?.LastOf(process);

    /// <summary>Has something called after each pass and each look: on the thread of the passes, which must not wait.</summary>
    internal void Follow(Action published)
    {
        if (workingSets?.Published is { } windows)
        {
            windows.Published = published;
        }
    }

    /// <summary>Looks which processes there are, for hosts on which no pass does.</summary>
    internal WatchedProcess[] Look() => watchList.Refresh();
}
