using MemSnoop.Kernel;
using MemSnoop.Paging;
using MemSnoop.Processes;

namespace MemSnoop.WorkingSets;

/// <summary>
/// A method to measure working sets. One pass ends the window that the pass before began, and begins the next one. It covers all processes at once, because
/// pages are shared and some methods mark page frames.
/// </summary>
public interface IWorkingSetEstimator : IDisposable
{
    /// <summary>The method's name in options and metrics, like <c>referenced</c>.</summary>
    string Method { get; }

    /// <summary>
    /// The number of calls, spread evenly over the interval, into which a pass is divided. The window of each page is still one interval.
    /// </summary>
    int Parts => 1;

    /// <summary>
    /// Which share of memory the next pass is to measure, from 0 for none to 1 for all; a method that cannot measure a share measures all. Of processes that are so small that little could be
    /// told from a share, more is measured.
    /// </summary>
    internal double Share
    {
        get => 1;
        set
        {
        }
    }

    /// <summary>
    /// The longest time for which the last pass, or a look or window since, held up a process that wanted to change its address space; null if the method does
    /// not hold up anybody worth measuring.
    /// </summary>
    TimeSpan? LongestStall => null;

    /// <summary>Whether the memory charged to containers is measured, or why not.</summary>
    internal ContainerMemoryState ContainerMemory => ContainerMemoryState.Off;

    /// <summary>What was taken up of the ages that an exporter before knew; null if that was not asked for, or cannot be.</summary>
    internal AgesTaken? AgesTaken => null;

    /// <summary>Leaves the ages to an exporter that starts soon, and ends the measuring: no pass may follow. To be called between two passes.</summary>
    /// <returns>What became of it, for people.</returns>
    internal AgesLeft LeaveAges() => default;

    /// <summary>
    /// Ends the current window of each process and begins the next one. A new process only begins one. The state of processes that are not in the list is
    /// dropped.
    /// </summary>
    /// <param name="processes">The watched processes.</param>
    /// <param name="part">Which of the <see cref="Parts"/>, from 0.</param>
    /// <param name="sink">Takes the windows that are complete.</param>
    void Pass(IReadOnlyList<TrackedProcess> processes, int part, IWorkingSetSink sink);

    /// <summary>
    /// Looks at processes that have no whole window yet, without ending the window of any other: one that has been there before is reported with its window so
    /// far, one that was not begins its first. For the first minute, and for processes that do not live longer than a window.
    /// </summary>
    void Glance(IReadOnlyList<TrackedProcess> processes, IWorkingSetSink sink);

    /// <summary>
    /// Takes over from a thread that was abandoned in the middle of a call, since the process that it was at does not answer: that process is skipped, and the pass or look
    /// goes on behind it. What was half done for a window on request is forgotten.
    /// </summary>
    /// <param name="sink">As of the pass or look.</param>
    /// <returns>Whether it could; else the pass has failed.</returns>
    internal bool Resume(IWorkingSetSink sink) => false;

    /// <summary>
    /// Begins a window of one process beside those of the passes, which stay whole. The caller lets some time pass and calls
    /// <see cref="IWorkingSetWindow.Complete"/>. Calls on the estimator and on its windows must not overlap.
    /// </summary>
    /// <param name="process">The process; it need not be among those of the passes.</param>
    /// <param name="outcome">How the beginning ended; unless it is <see cref="ReadOutcome.Success"/>, there is no window.</param>
    /// <returns>The window, or null.</returns>
    IWorkingSetWindow? BeginWindow(TrackedProcess process, out ReadOutcome outcome);

    /// <summary>The same, and tells what was used of each area.</summary>
    /// <param name="process">The process.</param>
    /// <param name="areas">Has the areas when the window is complete; null if they are not asked for.</param>
    /// <param name="outcome">How the beginning ended; <see cref="ReadOutcome.NotSupported"/> if the method does not know areas.</param>
    internal IWorkingSetWindow? BeginWindow(TrackedProcess process, AreaUses? areas, out ReadOutcome outcome)
    {
        if (areas is null)
        {
            return BeginWindow(process, out outcome);
        }

        outcome = ReadOutcome.NotSupported;
        return null;
    }

    /// <summary>Begins the first of several windows of one process, in the same way, to find out what it accesses again.</summary>
    /// <param name="process">The process.</param>
    /// <param name="ages">The ages by which that is told.</param>
    /// <param name="outcome">How the beginning ended; <see cref="ReadOutcome.NotSupported"/> if the method does not know which pages were idle.</param>
    internal IReaccessRun? BeginReaccessRun(TrackedProcess process, IdleAges ages, out ReadOutcome outcome)
    {
        outcome = ReadOutcome.NotSupported;
        return null;
    }

    /// <summary>Begins the first of several windows of one process, in the same way, whose active pages are wanted one by one.</summary>
    /// <param name="process">The process.</param>
    /// <param name="pages">Takes the pages of each window when it ends.</param>
    /// <param name="outcome">How the beginning ended; <see cref="ReadOutcome.NotSupported"/> if the method does not tell pages apart.</param>
    internal IReaccessRun? BeginPageRun(TrackedProcess process, IActivePages pages, out ReadOutcome outcome)
    {
        outcome = ReadOutcome.NotSupported;
        return null;
    }

    /// <summary>Counts the memory of all watched processes together, each page once, as of the last window; null if the method cannot.</summary>
    internal HostMemorySample? CountHost() => null;
}

/// <summary>A window of one process that somebody asked for.</summary>
public interface IWorkingSetWindow : IDisposable
{
    /// <summary>Ends the window.</summary>
    ReadOutcome Complete(out WorkingSetSample sample);
}

/// <summary>Receives the results of a pass. Each process is reported at most once per pass.</summary>
public interface IWorkingSetSink
{
    /// <summary>A window is complete.</summary>
    void Completed(TrackedProcess process, in WorkingSetSample sample);

    /// <summary>The windows of all processes of a group are complete; see <see cref="EstimatorOptions.GroupOf"/>.</summary>
    void GroupCompleted(string group, in WorkingSetSample sample)
    {
    }

    /// <summary>The windows of the memory that is charged to a container are complete; see <see cref="EstimatorOptions.ContainerOf"/>.</summary>
    internal void ContainerCompleted(string container, in ContainerMemorySample sample)
    {
    }

    /// <summary>There is no sample of a container.</summary>
    internal void ContainerSkipped(string container, ReadOutcome reason)
    {
    }

    /// <summary>What a process has accessed again so far; with the end of each of its windows, see <see cref="EstimatorOptions.CountsReaccesses"/>.</summary>
    internal void Reaccessed(TrackedProcess process, in ReaccessedSample sample)
    {
    }

    /// <summary>What all processes of a group have accessed again so far, each page once.</summary>
    internal void GroupReaccessed(string group, in ReaccessedSample sample)
    {
    }

    /// <summary>The working set of this process could not be measured; there is no number for it.</summary>
    void Skipped(TrackedProcess process, ReadOutcome reason);
}

/// <summary>Options of the estimators.</summary>
public sealed record EstimatorOptions
{
    /// <summary>The ages at which idle memory is reported.</summary>
    public IdleAges IdleAges { get; init; } = IdleAges.Default;

    /// <summary>Which areas count. Default value: all.</summary>
    public AreaFilter Areas { get; init; } = AreaFilter.All;

    /// <summary>
    /// Into how many parts a pass is divided, to be spread over the interval. Default value: 1, the whole pass at once.
    /// Only the page_idle method uses this.
    /// </summary>
    public int Parts { get; init; } = 1;

    /// <summary>
    /// The group of a process, such as its container, or null. The working set of a group counts a page once, however many of its processes map it. Default
    /// value: null, no groups. Only the page_idle method uses this.
    /// </summary>
    public Func<TrackedProcess, string?>? GroupOf { get; init; }

    /// <summary>
    /// The container of a control group by the group's path, or null. What is charged to the groups of a container is measured, each page frame once, mapped or not.
    /// Default value: null, which measures no such thing. Only the page_idle method uses this.
    /// </summary>
    internal Func<string, string?>? ContainerOf { get; init; }

    /// <summary>
    /// Whether memory is counted that is accessed after it had been idle, by the age that it had reached. Default value: false. Only the page_idle method knows.
    /// </summary>
    internal bool CountsReaccesses { get; init; }

    /// <summary>
    /// Ages are taken up that an exporter before has left, if that is no longer ago than this; and left to the next. Default value: null, neither. Only the page_idle method does.
    /// </summary>
    internal TimeSpan? AgesKeptFor { get; init; }

    /// <summary>
    /// What the choice of memory depends on where a share is measured. Default value: 0, so that an exporter chooses as the one before it; addresses are random as it is.
    /// </summary>
    internal ulong ShareSalt { get; init; }

    /// <summary>
    /// The referenced method skips processes that hold more resident memory, in bytes. Default value: 4 GiB, for which a write to clear_refs holds the
    /// process's mmap lock for about 50 ms.
    /// </summary>
    public ulong ReferencedMaxResidentBytes { get; init; } = 4UL << 30;

    /// <summary>
    /// The referenced method leaves out processes that it would hold up for longer: it is predicted from the size of their page tables, and measured at each
    /// pass. Default value: 10 ms.
    /// </summary>
    public TimeSpan MaxStall { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// The most pages that the damon method has DAMON watch, of all processes together, where the kernel does not count every page (before Linux 6.18). One process has at
    /// most an eighth of them. Default value: 8,192, which is an error of about 3 % of what a process holds, or less.
    /// </summary>
    internal int DamonSamples { get; init; } = 8192;
}
