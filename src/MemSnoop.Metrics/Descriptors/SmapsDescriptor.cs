using MemSnoop.Measurements;
using MemSnoop.Metrics.Instruments;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Metrics.Tracing;
using static MemSnoop.Metrics.Instruments.InstrumentScope;

namespace MemSnoop.Metrics.Descriptors;

/// <summary>Memory as a walk over the page tables tells it.</summary>
internal sealed class SmapsDescriptor : ProcessMeasurementDescriptor<MappingSample>
{
    internal override string Name => SmapsMeasurement.MeasurementName;

    internal override string Help => "proportional memory and swap; stalls large processes";

    internal override IReadOnlyList<KernelSource> Sources { get; } = [new("/proc/PID/smaps_rollup", KernelAccess.Read, Capability.SysPtrace)];

    /// <summary>Walks all page tables of the target under its mmap lock: seconds for a process of 100 GB.</summary>
    internal override bool IsOnByDefault => false;

    protected override string Method => "smaps_rollup";

    protected override IReadOnlyList<TraceField<MappingSample>> Fields { get; } =
    [
        new("resident_bytes", static memory => memory.ResidentBytes),
        new("proportional_bytes", static memory => memory.ProportionalBytes),
        new("swap_bytes", static memory => memory.SwapBytes),
        new("proportional_swap_bytes", static memory => memory.ProportionalSwapBytes),
        new("huge_bytes", static memory => memory.HugeBytes),
    ];

    protected override IMeasurement<MappingSample> Create(MeasuredHost host) => new SmapsMeasurement();

    protected override void AddInstruments(InstrumentScope scope, IProcessSamples<MappingSample> samples)
    {
        scope.Gauge(samples, "memsnoop.process.memory.proportional", "By", "Proportional set size: each resident page divided by the number of processes that map it.", static (in s) => Clamp(s.ProportionalBytes));
        scope.Gauge(samples, "memsnoop.process.memory.swap", "By", "Memory of the process that is in swap.", static (in s) => Clamp(s.SwapBytes));
        scope.Gauge(samples, "memsnoop.process.memory.swap_proportional", "By", "Memory in swap, each page divided by the number of processes that share it.", static (in s) => Clamp(s.ProportionalSwapBytes));
        scope.Gauge(samples, "memsnoop.process.memory.huge", "By", "Resident memory in huge pages, both transparent and from hugetlbfs.", static (in s) => Clamp(s.HugeBytes));
    }
}
