using MemSnoop.Measurements;
using MemSnoop.Metrics.Tracing;

namespace MemSnoop.Metrics.Descriptors;

/// <summary>Uptime of the machine beside CPU time and page faults of the process, in traces only.</summary>
internal sealed class UptimeDescriptor : MeasurementDescriptor
{
    private static readonly TraceField<UptimeSample>[] Fields =
    [
        new("system_seconds", static uptime => uptime.SystemSeconds),
        new("process_seconds", static uptime => uptime.Process.UptimeSeconds),
        new("user_seconds", static uptime => uptime.Process.UserSeconds),
        new("kernel_seconds", static uptime => uptime.Process.SystemSeconds),
        new("minor_faults", static uptime => uptime.Process.MinorFaults),
        new("major_faults", static uptime => uptime.Process.MajorFaults),
        new("threads", static uptime => (ulong)uptime.Process.Threads),
        new("block_io_delay_seconds", static uptime => uptime.BlockIoDelaySeconds),
    ];

    internal override string Name => UptimeMeasurement.MeasurementName;

    internal override string Help => "uptime of the machine, CPU time and page faults";

    internal override IReadOnlyList<KernelSource> Sources { get; } =
    [
        new("/proc/PID/stat", KernelAccess.Read),
        new("/proc/stat", KernelAccess.Read),
        new("/proc/uptime", KernelAccess.Read),
        new("/proc/sys/kernel/task_delayacct", KernelAccess.Read),
    ];

    internal override TraceOutputColumn OpenColumn(TraceContext context, string name) =>
        new TraceOutputColumn<UptimeSample>(name, new UptimeMeasurement(context.Host.Paths, context.Host.Units), Fields);
}
