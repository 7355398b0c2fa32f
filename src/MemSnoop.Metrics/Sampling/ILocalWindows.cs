using MemSnoop.Kernel;
using MemSnoop.Paging;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;

namespace MemSnoop.Metrics.Sampling;

/// <summary>The windows of the sampler, for who asks on this host: nobody but the sampler marks or clears.</summary>
internal interface ILocalWindows
{
    /// <summary>The method that measures.</summary>
    string Method { get; }

    /// <summary>Follows a process, watched or not; <see cref="ReadOutcome.Hung"/> if it does not answer.</summary>
    ReadOutcome TryTrack(int pid, out TrackedProcess? process);

    /// <summary>The last window of a watched process; false when it has none yet.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="sample">Its last window, whole or disturbed.</param>
    bool TryFindLast(int pid, out WorkingSetSample sample);

    /// <summary>Whether the memory charged to containers is measured, or why not.</summary>
    ContainerMemoryState ContainerMemory { get; }

    /// <summary>What was charged to each container at the end of the last window.</summary>
    ContainerSample<ContainerMemorySample>[] LastContainers { get; }

    /// <summary>Measures one window of a process beside the windows of the passes, which stay whole. The process need not be watched.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="window">How long the window is to be; its true length is in the sample.</param>
    /// <param name="areas">Takes what was used of each area; null if that is not asked for.</param>
    /// <param name="end">Ends the window before its time.</param>
    /// <param name="stop">Gives the window up.</param>
    /// <returns>How it ended, and the window if that was a success.</returns>
    Task<(ReadOutcome Outcome, WorkingSetSample Sample)> MeasureAsync(int pid, TimeSpan window, AreaUses? areas, CancellationToken end, CancellationToken stop);

    /// <summary>Measures windows of a process in a row, in the same way, and what it accesses again in them.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="length">How long all windows are together.</param>
    /// <param name="ages">The ages; the shortest but 0 is the length of a window.</param>
    /// <param name="end">Ends the last window before its time.</param>
    /// <param name="stop">Gives it up.</param>
    Task<(ReadOutcome Outcome, ReaccessRun? Run)> MeasureReaccessedAsync(int pid, TimeSpan length, IdleAges ages, CancellationToken end, CancellationToken stop);

    /// <summary>Measures windows of a process in a row, in the same way, and which pages it accesses in each.</summary>
    /// <param name="process">The process; another one under its pid is not measured.</param>
    /// <param name="window">How long a window is.</param>
    /// <param name="windows">How many windows there are.</param>
    /// <param name="pages">Takes the pages, and is told of the end of each window.</param>
    /// <param name="stop">Gives it up.</param>
    /// <returns>How it ended: <see cref="ReadOutcome.NotSupported"/> if the method does not tell pages apart.</returns>
    Task<ReadOutcome> RecordPagesAsync(ProcessIdentity process, TimeSpan window, int windows, IRecordedPages pages, CancellationToken stop);

    /// <summary>Counts the memory of all watched processes together, each page once; null if the method cannot, or the first windows have not ended.</summary>
    HostMemorySample? CountHost();
}

/// <summary>Takes active pages, window after window.</summary>
internal interface IRecordedPages : IActivePages
{
    /// <summary>A window has ended, and its pages have been taken.</summary>
    /// <param name="window">Its length.</param>
    void EndWindow(TimeSpan window);
}
