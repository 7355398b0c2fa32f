using MemSnoop.Metrics.Sampling;
using MemSnoop.Measurements;
using static MemSnoop.Metrics.Instruments.InstrumentScope;

namespace MemSnoop.Metrics.Instruments;

/// <summary>Context switches and block IO delay (status and stat of all threads).</summary>
internal static class SchedulingInstruments
{
    internal static void Create(InstrumentScope scope, IProcessSamples<SchedulingSample> scheduling)
    {
        scope.Counter<SchedulingSample, long>(
            scheduling, "memsnoop.process.context_switches", "{switch}", "Context switches of all threads: voluntary ones to wait for something, involuntary ones because the time was up.",
            new("switch", "voluntary", static (in s) => Clamp(s.VoluntarySwitches)),
            new("switch", "involuntary", static (in s) => Clamp(s.InvoluntarySwitches)));
        scope.Counter<SchedulingSample, double>(
            scheduling, "memsnoop.process.block_io_delay", "s", "Time the threads have waited for block IO; present only while the kernel accounts for delays (sysctl kernel.task_delayacct).",
            new ProcessSeries<SchedulingSample, double>(null, null, static (in s) => s.BlockIoDelaySeconds));
    }
}
