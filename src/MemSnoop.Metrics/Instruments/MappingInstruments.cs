using MemSnoop.Metrics.Sampling;
using MemSnoop.Measurements;
using static MemSnoop.Metrics.Instruments.InstrumentScope;

namespace MemSnoop.Metrics.Instruments;

/// <summary>Memory as a walk over the page tables tells it (smaps_rollup).</summary>
internal static class MappingInstruments
{
    internal static void Create(InstrumentScope scope, IProcessSamples<MappingSample> mappings)
    {
        scope.Gauge(mappings, "memsnoop.process.memory.proportional", "By", "Proportional set size: each resident page divided by the number of processes that map it.", static (in s) => Clamp(s.ProportionalBytes));
        scope.Gauge(mappings, "memsnoop.process.memory.swap", "By", "Memory of the process that is in swap.", static (in s) => Clamp(s.SwapBytes));
        scope.Gauge(mappings, "memsnoop.process.memory.swap_proportional", "By", "Memory in swap, each page divided by the number of processes that share it.", static (in s) => Clamp(s.ProportionalSwapBytes));
        scope.Gauge(mappings, "memsnoop.process.memory.huge", "By", "Resident memory in huge pages, transparent ones and those of hugetlbfs.", static (in s) => Clamp(s.HugeBytes));
    }
}
