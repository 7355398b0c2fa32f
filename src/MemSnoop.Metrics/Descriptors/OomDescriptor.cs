using MemSnoop.Measurements;
using MemSnoop.Metrics.Instruments;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Metrics.Tracing;

namespace MemSnoop.Metrics.Descriptors;

/// <summary>Who would be killed first.</summary>
internal sealed class OomDescriptor : ProcessMeasurementDescriptor<OomSample>
{
    internal override string Name => OomMeasurement.MeasurementName;

    internal override string Help => "which process the kernel kills first when memory runs out";

    internal override IReadOnlyList<KernelSource> Sources { get; } =
    [
        new("/proc/PID/oom_score", KernelAccess.Read),
        new("/proc/PID/oom_score_adj", KernelAccess.Read),
    ];

    /// <summary>Two files are opened for each process: 10 µs of CPU time, and all readings that are on by default together take 7.</summary>
    internal override bool IsOnByDefault => false;

    protected override string Method => "oom_score";

    protected override IReadOnlyList<TraceField<OomSample>> Fields { get; } =
    [
        new("score", static oom => (double)oom.Score),
        new("score_adj", static oom => (double)oom.Adjustment),
    ];

    protected override IMeasurement<OomSample> Create(MeasuredHost host) => new OomMeasurement();

    protected override void AddInstruments(InstrumentScope scope, IProcessSamples<OomSample> samples)
    {
        scope.Gauge(samples, "memsnoop.process.oom_score", "1", "How soon the kernel would kill the process if memory ran out: the one with the highest score is first.", static (in s) => (long?)s.Score);
        scope.Gauge(samples, "memsnoop.process.oom_score_adj", "1", "What was added to the score: -1000 for a process that is never killed, 1000 for one that is killed first.", static (in s) => (long?)s.Adjustment);
    }
}
