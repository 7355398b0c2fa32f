using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.Measurements;

/// <summary>Uptime of the host, and resources that a process has used since it started.</summary>
/// <param name="SystemSeconds">Seconds since boot.</param>
/// <param name="Process">CPU time, page faults, threads, start and age of the process.</param>
/// <param name="BlockIoDelaySeconds">
/// Time its main thread waited for block IO; null if the kernel does not account for it.
/// </param>
public readonly record struct UptimeSample(double SystemSeconds, CpuSample Process, double? BlockIoDelaySeconds);

/// <summary>Reads <c>/proc/uptime</c> and puts it beside the last reading of <c>/proc/PID/stat</c>.</summary>
public sealed class UptimeMeasurement : IMeasurement<UptimeSample>
{
    /// <summary>The measurement's name.</summary>
    public const string MeasurementName = "uptime";

    private readonly SystemClock _clock;
    private readonly KernelUnits _units;
    private readonly StatMeasurement _stat;
    private readonly bool _accountsDelays;

    /// <summary>A measurement that reads the boot time once.</summary>
    public UptimeMeasurement(KernelPaths paths, KernelUnits units)
    {
        _clock = new SystemClock(paths);
        _units = units;
        _stat = new StatMeasurement(_clock, units);
        _accountsDelays = Sysctl.AccountsDelays(paths);
    }

    /// <inheritdoc/>
    public string Name => MeasurementName;

    /// <inheritdoc/>
    public ReadOutcome Measure(TrackedProcess process, out UptimeSample sample)
    {
        ArgumentNullException.ThrowIfNull(process);
        _clock.Refresh();
        ReadOutcome outcome = _stat.Measure(process, out CpuSample cpu);
        sample = new UptimeSample(_clock.UptimeSeconds, cpu, _accountsDelays ? _units.Seconds(process.Stat.BlockIoDelayTicks) : null);
        return outcome;
    }
}
