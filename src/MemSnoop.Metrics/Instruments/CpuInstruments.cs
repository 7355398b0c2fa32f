using MemSnoop.Metrics.Sampling;
using MemSnoop.Measurements;
using static MemSnoop.Metrics.Instruments.InstrumentScope;

namespace MemSnoop.Metrics.Instruments;

/// <summary>CPU time, faults, threads and age (stat).</summary>
internal static class CpuInstruments
{
    internal static void Create(InstrumentScope scope, IProcessSamples<CpuSample> cpu)
    {
        scope.Counter<CpuSample, double>(
            cpu, "memsnoop.process.cpu.time", "s", "CPU time of all threads, those that have ended included.",
            new("mode", "user", static (in s) => s.UserSeconds),
            new("mode", "system", static (in s) => s.SystemSeconds));
        scope.Counter<CpuSample, long>(
            cpu, "memsnoop.process.page_faults", "{fault}", "Page faults: minor ones found the page in memory, major ones waited for storage.",
            new("fault", "minor", static (in s) => Clamp(s.MinorFaults)),
            new("fault", "major", static (in s) => Clamp(s.MajorFaults)));
        scope.Gauge(cpu, "memsnoop.process.threads", "{thread}", "Threads of the process.", static (in s) => (long?)s.Threads);
        scope.Gauge(cpu, "memsnoop.process.start_time", "s", "When the process started, in seconds since the Unix epoch.", static (in s) => Known(s.StartTimeSeconds));
        scope.Gauge(cpu, "memsnoop.process.uptime", "s", "How long the process has been running.", static (in s) => Known(s.UptimeSeconds));
    }

    private static double? Known(double value) => double.IsNaN(value) ? null : value;
}
