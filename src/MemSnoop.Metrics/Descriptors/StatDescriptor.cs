using MemSnoop.Measurements;
using MemSnoop.Metrics.Instruments;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Metrics.Tracing;
using static MemSnoop.Metrics.Instruments.InstrumentScope;

namespace MemSnoop.Metrics.Descriptors;

/// <summary>CPU time, page faults, threads and age.</summary>
internal sealed class StatDescriptor : ProcessMeasurementDescriptor<CpuSample>
{
    internal override string Name => StatMeasurement.MeasurementName;

    internal override string Help => "CPU time, page faults, threads, start time";

    internal override IReadOnlyList<KernelSource> Sources { get; } =
    [
        new("/proc/PID/stat", KernelAccess.Read),
        new("/proc/stat", KernelAccess.Read),
        new("/proc/uptime", KernelAccess.Read),
    ];

    protected override string Method => "stat";

    protected override IReadOnlyList<TraceField<CpuSample>> Fields { get; } =
    [
        new("user_seconds", static cpu => cpu.UserSeconds),
        new("system_seconds", static cpu => cpu.SystemSeconds),
        new("minor_faults", static cpu => cpu.MinorFaults),
        new("major_faults", static cpu => cpu.MajorFaults),
        new("threads", static cpu => (ulong)cpu.Threads),
        new("start_time_seconds", static cpu => cpu.StartTimeSeconds),
        new("uptime_seconds", static cpu => cpu.UptimeSeconds),
    ];

    protected override IMeasurement<CpuSample> Create(MeasuredHost host) => new StatMeasurement(host.SystemClock, host.Units);

    protected override void AddInstruments(InstrumentScope scope, IProcessSamples<CpuSample> samples)
    {
        scope.Counter<CpuSample, double>(
            samples, "memsnoop.process.cpu.time", new ConventionName("process.cpu.time", "s", "cpu.mode"), "s", "CPU time of all threads, including ended ones.",
            new("mode", "user", static (in s) => s.UserSeconds),
            new("mode", "system", static (in s) => s.SystemSeconds));
        scope.Counter<CpuSample, long>(
            samples, "memsnoop.process.page_faults", new ConventionName("process.paging.faults", "{fault}", "system.paging.fault.type"), "{fault}",
            "Page faults: minor ones found the page in memory, major ones waited for storage.",
            new("fault", "minor", static (in s) => Clamp(s.MinorFaults)),
            new("fault", "major", static (in s) => Clamp(s.MajorFaults)));
        scope.Gauge(samples, "memsnoop.process.threads", new ConventionName("process.thread.count", "{thread}", IsSum: true), "{thread}", "Number of threads of the process.", static (in s) => (long?)s.Threads);
        scope.Gauge(samples, "memsnoop.process.start_time", "s", "When the process started, in seconds since the Unix epoch.", static (in s) => Known(s.StartTimeSeconds));
        scope.Gauge(samples, "memsnoop.process.uptime", new ConventionName("process.uptime", "s"), "s", "How long the process has been running.", static (in s) => Known(s.UptimeSeconds));
    }

    private static double? Known(double value) => double.IsNaN(value) ? null : value;
}
