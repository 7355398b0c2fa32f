using MemSnoop.Measurements;
using MemSnoop.Metrics.Instruments;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Metrics.Tracing;
using static MemSnoop.Metrics.Instruments.InstrumentScope;

namespace MemSnoop.Metrics.Descriptors;

/// <summary>IO of processes.</summary>
internal sealed class ProcessIoDescriptor : ProcessMeasurementDescriptor<IoSample>
{
    internal override string Name => ProcessIoMeasurement.MeasurementName;

    internal override string Help => "characters, system calls and storage bytes";

    internal override IReadOnlyList<KernelSource> Sources { get; } = [new("/proc/PID/io", KernelAccess.Read, Capability.DacReadSearch, Capability.SysPtrace)];

    protected override string Method => "io";

    protected override IReadOnlyList<TraceField<IoSample>> Fields { get; } =
    [
        new("read_characters", static io => io.ReadCharacters),
        new("written_characters", static io => io.WrittenCharacters),
        new("read_calls", static io => io.ReadCalls),
        new("write_calls", static io => io.WriteCalls),
        new("storage_read_bytes", static io => io.StorageReadBytes),
        new("storage_written_bytes", static io => io.StorageWrittenBytes),
        new("cancelled_bytes", static io => io.CancelledBytes),
    ];

    protected override IMeasurement<IoSample> Create(MeasuredHost host) => new ProcessIoMeasurement();

    protected override void AddInstruments(InstrumentScope scope, IProcessSamples<IoSample> samples)
    {
        scope.Counter<IoSample, long>(
            samples, "memsnoop.process.io.characters", "By", "Bytes of read and write calls to anything: files, caches, pipes, terminals.",
            new("direction", "read", static (in s) => Clamp(s.ReadCharacters)),
            new("direction", "write", static (in s) => Clamp(s.WrittenCharacters)));
        scope.Counter<IoSample, long>(
            samples, "memsnoop.process.io.syscalls", "{call}", "Read and write system calls.",
            new("direction", "read", static (in s) => Clamp(s.ReadCalls)),
            new("direction", "write", static (in s) => Clamp(s.WriteCalls)));
        scope.Counter<IoSample, long>(
            samples, "memsnoop.process.io.storage", new ConventionName("process.disk.io", "By", "disk.io.direction"), "By", "Bytes fetched from storage, and bytes that were or will be written to it.",
            new("direction", "read", static (in s) => Clamp(s.StorageReadBytes)),
            new("direction", "write", static (in s) => Clamp(s.StorageWrittenBytes)));
        scope.Counter<IoSample, long>(
            samples, "memsnoop.process.io.cancelled", "By", "Bytes that were counted as written and never had to be, because the file was truncated or deleted.",
            new ProcessSeries<IoSample, long>(null, null, static (in s) => Clamp(s.CancelledBytes)));
    }
}
