using MemSnoop.Measurements;
using MemSnoop.Metrics.Instruments;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Metrics.Tracing;
using static MemSnoop.Metrics.Instruments.InstrumentScope;

namespace MemSnoop.Metrics.Descriptors;

/// <summary>Open file descriptors.</summary>
internal sealed class OpenFilesDescriptor : ProcessMeasurementDescriptor<OpenFilesSample>
{
    internal override string Name => OpenFilesMeasurement.MeasurementName;

    internal override string Help => "number of open files";

    /// <summary>A directory that is listed on kernels before 6.2; since then its size is the number, and nobody is kept from asking for that.</summary>
    internal override IReadOnlyList<KernelSource> Sources { get; } =
    [
        new("/proc/PID/fd", KernelAccess.Read, Capability.DacReadSearch, Capability.SysPtrace) { CapabilitiesUntil = new Version(6, 2) },
    ];

    protected override string Method => "fd";

    protected override IReadOnlyList<TraceField<OpenFilesSample>> Fields { get; } = [new("", static files => files.Count)];

    protected override IMeasurement<OpenFilesSample> Create(MeasuredHost host) => new OpenFilesMeasurement();

    protected override void AddInstruments(InstrumentScope scope, IProcessSamples<OpenFilesSample> samples) =>
        scope.Gauge(
            samples, "memsnoop.process.open_files", new ConventionName("process.unix.file_descriptor.count", "{file_descriptor}", IsSum: true), "{file}", "Open file descriptors.",
            static (in s) => Clamp(s.Count));
}
