using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.ProcFs;

namespace MemSnoop.Measurements;

/// <summary>CPU time, page faults and start time of a process.</summary>
/// <param name="UserSeconds">CPU time in user mode, of all threads, including ended ones.</param>
/// <param name="SystemSeconds">CPU time in the kernel.</param>
/// <param name="MinorFaults">Page faults that needed no IO.</param>
/// <param name="MajorFaults">Page faults that waited for storage.</param>
/// <param name="Threads">Threads now.</param>
/// <param name="StartTimeSeconds">Start in seconds since the Unix epoch; NaN when the boot time could not be read.</param>
/// <param name="UptimeSeconds">Age in seconds; NaN when the system's uptime could not be read.</param>
public readonly record struct CpuSample(
    double UserSeconds,
    double SystemSeconds,
    ulong MinorFaults,
    ulong MajorFaults,
    int Threads,
    double StartTimeSeconds,
    double UptimeSeconds);

/// <summary>
/// Uses the stat reading that the process table has just taken: no file is read twice.
/// </summary>
public sealed class StatMeasurement(SystemClock clock, KernelUnits units) : IMeasurement<CpuSample>
{
    /// <summary>The measurement's name.</summary>
    public const string MeasurementName = "stat";

    private bool _knowsUptime;

    /// <inheritdoc/>
    public string Name => MeasurementName;

    /// <inheritdoc/>
    public ReadOutcome Measure(TrackedProcess process, out CpuSample sample)
    {
        ArgumentNullException.ThrowIfNull(process);
        if (!_knowsUptime)
        {
            clock.Refresh();
            _knowsUptime = true;
        }

        Stat stat = process.Stat;
        double started = units.Seconds(stat.StartTicks);
        sample = new CpuSample(
            units.Seconds(stat.UserTicks),
            units.Seconds(stat.SystemTicks),
            stat.MinorFaults,
            stat.MajorFaults,
            stat.Threads,
            clock.BootTimeSeconds + started,
            Math.Max(0, clock.UptimeSeconds - started));
        return process.HasLeft ? ReadOutcome.ProcessGone : process.Hangs ? ReadOutcome.Hung : ReadOutcome.Success;
    }

    /// <summary>Ages are counted up to the round: the next one asks for the host's uptime again.</summary>
    public void EndRound() => _knowsUptime = false;
}
