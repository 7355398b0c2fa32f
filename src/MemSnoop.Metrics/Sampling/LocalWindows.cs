using MemSnoop.Kernel;
using MemSnoop.Paging;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;

namespace MemSnoop.Metrics.Sampling;

/// <summary>Windows for who asks on this host, beside those of the passes: nobody but the sampler's estimator marks or clears.</summary>
/// <param name="turns">The estimator.</param>
/// <param name="windows">What the passes publish.</param>
/// <param name="host">The host.</param>
/// <param name="clock">The clock.</param>
/// <param name="hasPassed">Whether the first windows have ended.</param>
internal sealed class LocalWindows(EstimatorTurns turns, WorkingSetWindows windows, MeasuredHost host, TimeProvider clock, Func<bool> hasPassed)
{
    /// <summary>For how long whoever counts the memory of the host waits for a pass to end.</summary>
    private static readonly TimeSpan CountPatience = TimeSpan.FromMilliseconds(250);

    /// <summary>The method that measures.</summary>
    internal string Method => turns.Estimator.Method;

    /// <summary>Whether the memory charged to containers is measured, or why not.</summary>
    internal ContainerMemoryState ContainerMemory => turns.Estimator.ContainerMemory;

    /// <summary>What was charged to each container at the end of the last window.</summary>
    internal ContainerSample<ContainerMemorySample>[] LastContainers => windows.Valid.Containers;

    /// <summary>The last window of a watched process; false when it has none yet.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="sample">Its last window, whole or disturbed.</param>
    internal bool TryFindLast(int pid, out WorkingSetSample sample)
    {
        foreach (ProcessSample<WorkingSetSample> entry in windows.Valid.Processes)
        {
            if (entry.Process.Process.Identity.Pid == pid && !entry.Process.HasLeft)
            {
                sample = entry.Sample;
                return true;
            }
        }

        sample = default;
        return false;
    }

    /// <summary>Follows a process, watched or not; <see cref="ReadOutcome.Hung"/> if it does not answer.</summary>
    internal ReadOutcome TryTrack(int pid, out TrackedProcess? process)
    {
        TrackedProcess? tracked = null;
        ReadOutcome outcome = Ask(() => TrackedProcess.TryTrack(host.Paths, host.Budget, pid, out tracked));
        process = tracked;
        return outcome;
    }

    /// <summary>Measures one window of a process beside the windows of the passes, which stay whole. The process need not be watched.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="window">How long the window is to be; its true length is in the sample.</param>
    /// <param name="areas">Takes what was used of each area; null if that is not asked for.</param>
    /// <param name="end">Ends the window before its time.</param>
    /// <param name="stop">Gives the window up.</param>
    /// <returns>How it ended, and the window if that was a success.</returns>
    internal async Task<(ReadOutcome Outcome, WorkingSetSample Sample)> MeasureAsync(int pid, TimeSpan window, AreaUses? areas, CancellationToken end, CancellationToken stop)
    {
        ReadOutcome outcome = TryTrack(pid, out TrackedProcess? process);
        if (outcome != ReadOutcome.Success)
        {
            return (outcome, default);
        }

        IWorkingSetWindow? begun = null;
        try
        {
            outcome = Ask(() =>
            {
                begun = turns.Estimator.BeginWindow(process!, areas, out ReadOutcome began);
                return began;
            });
            if (begun is null)
            {
                return (outcome == ReadOutcome.Success ? ReadOutcome.Failed : outcome, default);
            }

            using (CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(end, stop))
            {
                await Task.Delay(window, clock, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            stop.ThrowIfCancellationRequested();
            WorkingSetSample sample = default;
            outcome = Ask(() => begun.Complete(out sample));
            return (outcome, sample);
        }
        finally
        {
            lock (turns.Gate)
            {
                begun?.Dispose();
                process!.Dispose();
            }
        }
    }

    /// <summary>Measures windows of a process in a row, in the same way, and what it accesses again in them.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="length">How long all windows are together.</param>
    /// <param name="ages">The ages; the shortest but 0 is the length of a window.</param>
    /// <param name="end">Ends the last window before its time.</param>
    /// <param name="stop">Gives it up.</param>
    internal async Task<(ReadOutcome Outcome, ReaccessRun? Run)> MeasureReaccessedAsync(int pid, TimeSpan length, IdleAges ages, CancellationToken end, CancellationToken stop)
    {
        ReadOutcome outcome = TryTrack(pid, out TrackedProcess? process);
        if (outcome != ReadOutcome.Success)
        {
            return (outcome, null);
        }

        IReaccessRun? begun = null;
        try
        {
            outcome = Ask(() =>
            {
                begun = turns.Estimator.BeginReaccessRun(process!, ages, out ReadOutcome began);
                return began;
            });
            return begun is null
                ? (outcome == ReadOutcome.Success ? ReadOutcome.Failed : outcome, null)
                : await ReaccessRun.MeasureAsync(begun, ages, length, Turn, clock, end, stop).ConfigureAwait(false);
        }
        finally
        {
            lock (turns.Gate)
            {
                begun?.Dispose();
                process!.Dispose();
            }
        }
    }

    /// <summary>Measures windows of a process in a row, in the same way, and which pages it accesses in each.</summary>
    /// <param name="process">The process; another one under its pid is not measured.</param>
    /// <param name="window">How long a window is.</param>
    /// <param name="windows">How many windows there are.</param>
    /// <param name="pages">Takes the pages, and is told of the end of each window.</param>
    /// <param name="stop">Gives it up.</param>
    /// <returns>How it ended: <see cref="ReadOutcome.NotSupported"/> if the method does not tell pages apart.</returns>
    internal async Task<ReadOutcome> RecordPagesAsync(ProcessIdentity process, TimeSpan window, int windows, IRecordedPages pages, CancellationToken stop)
    {
        ReadOutcome outcome = TryTrack(process.Pid, out TrackedProcess? tracked);
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        IReaccessRun? begun = null;
        try
        {
            outcome = tracked!.Identity != process ? ReadOutcome.ProcessGone : Ask(() =>
            {
                begun = turns.Estimator.BeginPageRun(tracked, pages, out ReadOutcome began);
                return began;
            });
            long begin = clock.GetTimestamp();
            for (int ended = 1; outcome == ReadOutcome.Success && ended <= windows; ended++)
            {
                TimeSpan wait = (ended * window) - clock.GetElapsedTime(begin);
                if (wait > TimeSpan.Zero)
                {
                    await Task.Delay(wait, clock, stop).ConfigureAwait(false);
                }

                outcome = Turn(begun!, out WorkingSetSample sample, out _);
                if (outcome == ReadOutcome.Success)
                {
                    pages.EndWindow(sample.Window);
                }
            }

            return outcome;
        }
        finally
        {
            lock (turns.Gate)
            {
                begun?.Dispose();
                tracked!.Dispose();
            }
        }
    }

    /// <summary>Counts the memory of all watched processes together, each page once; null if the method cannot, or the first windows have not ended.</summary>
    internal HostMemorySample? CountHost()
    {
        // Whoever looks at the host must not wait for a long pass.
        if (!turns.Gate.TryEnter(CountPatience))
        {
            return null;
        }

        try
        {
            return turns.AreOver || !hasPassed() ? null : turns.Estimator.CountHost();
        }
        finally
        {
            turns.Gate.Exit();
        }
    }

    private ReadOutcome Turn(IReaccessRun run, out WorkingSetSample sample, out ReaccessedSample reaccessed)
    {
        WorkingSetSample window = default;
        ReaccessedSample again = default;
        ReadOutcome outcome = Ask(() => run.Turn(out window, out again));
        (sample, reaccessed) = (window, again);
        return outcome;
    }

    /// <summary>Has something done for who asks on this host, between passes.</summary>
    private ReadOutcome Ask(Func<ReadOutcome> question)
    {
        lock (turns.Gate)
        {
            if (turns.AreOver)
            {
                return ReadOutcome.Failed;
            }

            ReadOutcome outcome = ReadOutcome.Failed;
            bool hangs = turns.Run(() => outcome = question(), windows).HasSkipped;
            return hangs ? ReadOutcome.Hung : outcome;
        }
    }
}
