using MemSnoop.Measurements;
using MemSnoop.Metrics.Instruments;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Metrics.Tracing;
using static MemSnoop.Metrics.Instruments.InstrumentScope;

namespace MemSnoop.Metrics.Descriptors;

/// <summary>Memory held.</summary>
internal sealed class StatmDescriptor : ProcessMeasurementDescriptor<MemorySample>
{
    internal override string Name => StatmMeasurement.MeasurementName;

    internal override string Help => "virtual, resident, shared, text and data memory";

    internal override IReadOnlyList<KernelSource> Sources { get; } = [new("/proc/PID/statm", KernelAccess.Read)];

    protected override string Method => "statm";

    protected override IReadOnlyList<TraceField<MemorySample>> Fields { get; } =
    [
        new("virtual_bytes", static memory => memory.VirtualBytes),
        new("resident_bytes", static memory => memory.ResidentBytes),
        new("shared_bytes", static memory => memory.SharedBytes),
        new("text_bytes", static memory => memory.TextBytes),
        new("data_bytes", static memory => memory.DataBytes),
    ];

    protected override IMeasurement<MemorySample> Create(MeasuredHost host) => new StatmMeasurement(host.Units);

    protected override void AddInstruments(InstrumentScope scope, IProcessSamples<MemorySample> samples)
    {
        scope.Gauge(
            samples, "memsnoop.process.memory.virtual", new ConventionName("process.memory.virtual", "By", IsSum: true), "By", "Address space the process has mapped, used or not.",
            static (in s) => Clamp(s.VirtualBytes));
        scope.Gauge(
            samples, "memsnoop.process.memory.resident", new ConventionName("process.memory.usage", "By", IsSum: true), "By", "Physical memory the process holds.",
            static (in s) => Clamp(s.ResidentBytes));
        scope.Gauge(samples, "memsnoop.process.memory.shared", "By", "Resident pages of files and shared memory, which other processes may hold too.", static (in s) => Clamp(s.SharedBytes));
        scope.Gauge(samples, "memsnoop.process.memory.text", "By", "Size of the program's code.", static (in s) => Clamp(s.TextBytes));
        scope.Gauge(samples, "memsnoop.process.memory.data", "By", "Size of data and stack areas, resident or not.", static (in s) => Clamp(s.DataBytes));
    }
}
