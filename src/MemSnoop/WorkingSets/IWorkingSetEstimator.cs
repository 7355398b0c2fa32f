using MemSnoop.Kernel;
using MemSnoop.Paging;
using MemSnoop.Processes;

namespace MemSnoop.WorkingSets;

/// <summary>
/// A way of finding out what processes touch. One pass ends the window that the pass before it began, and begins the
/// next; it serves all processes at once, because pages are shared and some methods mark whole page frames.
/// </summary>
public interface IWorkingSetEstimator : IDisposable
{
    /// <summary>The method's name in options and metrics, like <c>referenced</c>.</summary>
    string Method { get; }

    /// <summary>
    /// Into how many calls, evenly spread over the interval, a pass is divided. Each page's window still is one interval.
    /// </summary>
    int Parts => 1;

    /// <summary>
    /// Ends the current window of each process and begins its next one. A process seen for the first time only begins one.
    /// What is remembered of processes that are not in the list is forgotten.
    /// </summary>
    /// <param name="processes">The watched processes.</param>
    /// <param name="part">Which of the <see cref="Parts"/>, from 0.</param>
    /// <param name="sink">Takes the windows that are complete.</param>
    void Pass(IReadOnlyList<TrackedProcess> processes, int part, IWorkingSetSink sink);
}

/// <summary>Takes what a pass found. Each process of a pass is reported once at most.</summary>
public interface IWorkingSetSink
{
    /// <summary>A window is complete.</summary>
    void Completed(TrackedProcess process, in WorkingSetSample sample);

    /// <summary>The windows of all processes of a group are complete; see <see cref="EstimatorOptions.GroupOf"/>.</summary>
    void GroupCompleted(string group, in WorkingSetSample sample)
    {
    }

    /// <summary>The working set of this process could not be measured; there is no number for it.</summary>
    void Skipped(TrackedProcess process, ReadOutcome reason);
}

/// <summary>What estimators need to know.</summary>
public sealed record EstimatorOptions
{
    /// <summary>The ages at which idle memory is reported.</summary>
    public IdleAges IdleAges { get; init; } = IdleAges.Default;

    /// <summary>Which areas count. Default value: all. Heeded by the page_idle method.</summary>
    public AreaFilter Areas { get; init; } = AreaFilter.All;

    /// <summary>
    /// Into how many parts a pass is divided, to be spread over the interval. Default value: 1, the whole pass at once.
    /// Heeded by the page_idle method.
    /// </summary>
    public int Parts { get; init; } = 1;

    /// <summary>
    /// The group a process belongs to, such as its container, or null; the working set of a group counts a page once
    /// however many of its processes map it. Default value: null, no groups. Heeded by the page_idle method.
    /// </summary>
    public Func<TrackedProcess, string?>? GroupOf { get; init; }

    /// <summary>
    /// The referenced method leaves larger processes alone. Unit: bytes of resident memory. Default value: 4 GiB, about
    /// 50 ms during which a write to clear_refs holds the process's mmap lock.
    /// </summary>
    public ulong ReferencedMaxResidentBytes { get; init; } = 4UL << 30;
}
