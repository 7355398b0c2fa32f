using MemSnoop.Measurements;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Instruments;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Metrics.Tracing;

namespace MemSnoop.Metrics.Descriptors;

/// <summary>What describes a process, once: so that ten processes of one name can be told apart without labels on every series.</summary>
internal sealed class InfoDescriptor : ProcessMeasurementDescriptor<InfoSample>
{
    internal override string Name => InfoMeasurement.MeasurementName;

    internal override string Help => "program file and user of each process";

    internal override IReadOnlyList<KernelSource> Sources { get; } =
    [
        new("/proc/PID/exe", KernelAccess.Read, Capability.SysPtrace),
        new("/proc/PID/status", KernelAccess.Read),
        new("/proc/PID/cmdline", KernelAccess.Read),
    ];

    /// <summary>Who can reach the endpoint learns no file names unless somebody wants that.</summary>
    internal override bool IsOnByDefault => false;

    internal override bool IsEnabled(MemSnoopOptions options) => options.IsInfoEnabled;

    protected override string Method => "exe";

    protected override IReadOnlyList<TraceField<InfoSample>> Fields { get; } = [new("user_id", static info => (ulong)info.UserId)];

    protected override IMeasurement<InfoSample> Create(MeasuredHost host) => new InfoMeasurement(host.Options.Series.InfoLabels);

    protected override void AddInstruments(InstrumentScope scope, IProcessSamples<InfoSample> samples) =>
        scope.Gauge<long>("memsnoop.process.info", "1", "Always 1. The program file and the user of a process.", new InfoObserver(samples).Observe);
}
