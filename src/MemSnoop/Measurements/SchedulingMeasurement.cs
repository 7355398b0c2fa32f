using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.ProcFs;

namespace MemSnoop.Measurements;

/// <summary>How often and how long the threads of a process gave up the CPU.</summary>
/// <param name="VoluntarySwitches">Context switches because a thread waited for something.</param>
/// <param name="InvoluntarySwitches">Context switches because the time slice of a thread ended.</param>
/// <param name="BlockIoDelaySeconds">Time spent waiting for block IO; null if the kernel does not account for it.</param>
public readonly record struct SchedulingSample(ulong VoluntarySwitches, ulong InvoluntarySwitches, double? BlockIoDelaySeconds);

/// <summary>
/// Reads <c>status</c> of every thread. <c>/proc/PID/status</c> has the switches of the main thread only, and <c>/proc/PID/stat</c> its block IO delay only.
/// The last reading of a thread stays in the total after the thread ends, so totals never fall. What it did after that reading is lost.
/// </summary>
public sealed class SchedulingMeasurement : IMeasurement<SchedulingSample>
{
    /// <summary>The measurement's name.</summary>
    public const string MeasurementName = "scheduling";

    private readonly KernelPaths _paths;
    private readonly KernelUnits _units;
    private readonly KernelBuffer _buffer = new();
    private readonly Dictionary<ProcessIdentity, ThreadTotals> _totals = [];
    private long _round;

    /// <summary>A measurement that asks once whether delays are accounted for.</summary>
    public SchedulingMeasurement(KernelPaths paths, KernelUnits units)
    {
        ArgumentNullException.ThrowIfNull(paths);
        _paths = paths;
        _units = units;
        AccountsDelays = Sysctl.AccountsDelays(paths);
    }

    /// <inheritdoc/>
    public string Name => MeasurementName;

    /// <summary>Whether <c>kernel.task_delayacct</c> is on: it is off by default since Linux 5.14, and then all delays read 0.</summary>
    public bool AccountsDelays { get; }

    /// <inheritdoc/>
    public ReadOutcome Measure(TrackedProcess process, out SchedulingSample sample)
    {
        ArgumentNullException.ThrowIfNull(process);
        sample = default;

        // One thread now, and never more than one so far: the process's own files are enough, and their handles are kept.
        if (!_totals.TryGetValue(process.Identity, out ThreadTotals? totals))
        {
            if (process.Stat.Threads == 1)
            {
                return MeasureMainThread(process, out sample);
            }

            totals = new ThreadTotals();
            _totals.Add(process.Identity, totals);
        }

        totals.Round = _round;
        ReadOutcome outcome = ReadThreads(process, totals);
        sample = Sample(totals.Sum());
        return outcome;
    }

    /// <summary>Forgets the threads of processes that were not measured in the round.</summary>
    public void EndRound()
    {
        foreach ((ProcessIdentity identity, ThreadTotals totals) in _totals)
        {
            if (totals.Round != _round)
            {
                _totals.Remove(identity);
            }
        }

        _round++;
    }

    private ReadOutcome MeasureMainThread(TrackedProcess process, out SchedulingSample sample)
    {
        ReadOutcome outcome = process.ReadStatus(_buffer, out Status status);
        if (outcome == ReadOutcome.Success && !status.HasContextSwitches)
        {
            outcome = ReadOutcome.NotSupported;
        }

        sample = Sample(new ThreadCounts(status.VoluntaryContextSwitches, status.InvoluntaryContextSwitches, process.Stat.BlockIoDelayTicks));
        return outcome;
    }

    private ReadOutcome ReadThreads(TrackedProcess process, ThreadTotals totals)
    {
        ReadOutcome outcome = process.Enter(out ProcessDirectory directory);
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        try
        {
            return totals.Refresh(directory, _paths, process.Identity.Pid, _buffer, AccountsDelays);
        }
        finally
        {
            process.Leave(directory);
        }
    }

    private SchedulingSample Sample(ThreadCounts counts) => new(
        counts.VoluntarySwitches,
        counts.InvoluntarySwitches,
        AccountsDelays ? _units.Seconds(counts.BlockIoDelayTicks) : null);
}
