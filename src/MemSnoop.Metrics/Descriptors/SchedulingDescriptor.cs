using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Metrics.Checks;
using MemSnoop.Metrics.Instruments;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Metrics.Tracing;
using static MemSnoop.Metrics.Instruments.InstrumentScope;

namespace MemSnoop.Metrics.Descriptors;

/// <summary>Context switches and block IO delay, of all threads.</summary>
internal sealed class SchedulingDescriptor : ProcessMeasurementDescriptor<SchedulingSample>
{
    private const string DelaysOff = "task_delayacct_off";

    internal override string Name => SchedulingMeasurement.MeasurementName;

    internal override string Help => "context switches and block I/O delay";

    internal override IReadOnlyList<KernelSource> Sources { get; } =
    [
        new("/proc/PID/status", KernelAccess.Read),
        new("/proc/PID/task", KernelAccess.Read),
        new("/proc/PID/task/TID/status", KernelAccess.Read),
        new("/proc/PID/task/TID/stat", KernelAccess.Read),
        new("/proc/sys/kernel/task_delayacct", KernelAccess.Read),
    ];

    protected override string Method => "status";

    protected override IReadOnlyList<TraceField<SchedulingSample>> Fields { get; } =
    [
        new("voluntary_switches", static switches => switches.VoluntarySwitches),
        new("involuntary_switches", static switches => switches.InvoluntarySwitches),
        new("block_io_delay_seconds", static switches => switches.BlockIoDelaySeconds),
    ];

    protected override IMeasurement<SchedulingSample> Create(MeasuredHost host) => new SchedulingMeasurement(host.Paths, host.Units);

    protected override void AddInstruments(InstrumentScope scope, IProcessSamples<SchedulingSample> samples)
    {
        scope.Counter<SchedulingSample, long>(
            samples, "memsnoop.process.context_switches", new ConventionName("process.context_switches", "{context_switch}", "process.context_switch.type"), "{switch}",
            "Context switches of all threads: voluntary (the thread waited for something) and involuntary (its time was up).",
            new("switch", "voluntary", static (in s) => Clamp(s.VoluntarySwitches)),
            new("switch", "involuntary", static (in s) => Clamp(s.InvoluntarySwitches)));
        scope.Counter<SchedulingSample, double>(
            samples, "memsnoop.process.block_io_delay", "s", "Time the threads have waited for block IO; present only while the kernel accounts for delays (sysctl kernel.task_delayacct).",
            new ProcessSeries<SchedulingSample, double>(null, null, static (in s) => s.BlockIoDelaySeconds));
    }

    protected override IEnumerable<MethodState> FurtherMethods(MeasuredHost host) =>
        Sysctl.AccountsDelays(host.Paths) ? [] : [new MethodState("delay_accounting", MethodState.Unavailable, DelaysOff)];

    internal override IEnumerable<HostFinding> Check(CheckContext context) =>
        base.Check(context).Append(Sysctl.AccountsDelays(context.Host.Paths)
            ? HostFinding.Fine("block IO delay", "delay accounting is on")
            : new HostFinding(
                HostFinding.Missing, "block IO delay", DelaysOff, "the kernel does not count it: kernel.task_delayacct is 0",
                "sysctl kernel.task_delayacct=1; it costs a little time in every context switch"));
}
