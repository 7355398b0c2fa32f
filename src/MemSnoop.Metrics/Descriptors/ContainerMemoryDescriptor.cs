using System.Diagnostics.Metrics;
using System.Globalization;
using MemSnoop.Containers;
using MemSnoop.Kernel;
using MemSnoop.Metrics.Checks;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Instruments;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Metrics.Tracing;
using MemSnoop.Paging;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.PageIdle;
using Microsoft.Extensions.Logging;
using static MemSnoop.Metrics.Instruments.InstrumentScope;

namespace MemSnoop.Metrics.Descriptors;

/// <summary>Memory as the kernel charges it to containers: used within the window, and idle, by kind. The passes of the working sets measure it.</summary>
internal sealed class ContainerMemoryDescriptor : PublishedMeasurementDescriptor
{
    private const string MeasurementName = "container-memory";

    /// <summary>Bytes of one kind, or null where there is no such number.</summary>
    private delegate ulong? BytesOf(in ChargedMemory memory);

    internal override string Name => MeasurementName;

    internal override string Help => "memory charged to containers, used and idle; with --container-labels, by the method page_idle";

    internal override bool IsWindow => true;

    internal override bool IsColumn => false;

    internal override IReadOnlyList<KernelSource> Sources { get; } =
    [
        new("/proc/kpagecgroup", KernelAccess.Read) { Method = PageIdleEstimator.MethodName },
        new("/proc/kpageflags", KernelAccess.Read) { Method = PageIdleEstimator.MethodName },
        new("/proc/zoneinfo", KernelAccess.Read) { Method = PageIdleEstimator.MethodName },
        new("/sys/kernel/mm/page_idle/bitmap", KernelAccess.ReadWrite) { Method = PageIdleEstimator.MethodName },
        new("/sys/fs/cgroup", KernelAccess.Read) { Method = PageIdleEstimator.MethodName },
    ];

    protected override string Method => "kpagecgroup";

    /// <summary>Whether the passes are to look at what is charged to containers.</summary>
    internal static bool IsWanted(SamplingContext context) =>
        context.Labels.HasContainers && context.Host.Options.Readings.IsEnabled(MeasurementName, isOnByDefault: true);

    protected override bool MayUse(string method, MeasuredHost host) => WorkingSetChoice.MayChoose(method, host);

    protected override SampledMeasurement OnStart(SamplingContext context)
    {
        if (!context.Labels.HasContainers)
        {
            return new SampledMeasurement(Name, new MethodState(Method, MethodState.Off, "no_container_labels"));
        }

        SampledContainerMemory sampled = new(Name, Method, context.WorkingSets, context.Loggers.CreateLogger<SampledContainerMemory>());
        context.WorkingSets?.Windows.AccountTo(sampled);
        AddInstruments(context.Scope(sampled), sampled, new IdleAges([.. context.Host.Options.WorkingSet.IdleAges]), context.Host.Options.WorkingSet.Interval);
        return sampled;
    }

    private static void AddInstruments(InstrumentScope scope, SampledContainerMemory sampled, IdleAges ages, TimeSpan interval)
    {
        scope.Gauge(
            "memsnoop.container.memory.used", "By",
            "Memory charged to the container that was accessed at least once within the last window, whoever did; absent if something disturbed the window.",
            () => Used(sampled, static (in ChargedMemory m) => m.IsWhole ? m.UsedBytes : null));
        scope.Gauge(
            "memsnoop.container.memory.used.lower", "By", "The least that can have been accessed of the memory charged to the container; only if something disturbed the window.",
            () => Used(sampled, static (in ChargedMemory m) => m.IsWhole ? null : m.UsedBytes));
        scope.Gauge(
            "memsnoop.container.memory.used.upper", "By", "The most that can have been accessed of the memory charged to the container; only if something disturbed the window.",
            () => Used(sampled, static (in ChargedMemory m) => m.IsWhole ? null : m.UsedBytes + m.DoubtfulBytes));
        scope.Gauge(
            "memsnoop.container.memory.used.error", "By",
            "Half the width of the 95 % interval around the memory used; only where a share of the memory was looked at.",
            () => Used(sampled, static (in ChargedMemory m) => m.IsWhole ? m.ErrorBytes : null));
        scope.Gauge(
            "memsnoop.container.memory.idle", "By",
            "Memory charged to the container that was not accessed for at least the age in seconds; age 0 is all that it holds. Each age contains those above it: do not sum them.",
            () => Idle(sampled, ages, interval));
    }

    private static IEnumerable<Measurement<long>> Used(SampledContainerMemory sampled, BytesOf select) =>
        from container in sampled.Containers
        from kind in ChargedKinds.All
        let bytes = @select(container.Sample[kind])
        where bytes is not null
        select new Measurement<long>(
            Clamp(bytes.Value),
            new KeyValuePair<string, object?>("container", container.Names.Container),
            new KeyValuePair<string, object?>("container_id", container.Id),
            new KeyValuePair<string, object?>("kind", kind.ToWord()),
            new KeyValuePair<string, object?>("namespace", container.Names.Namespace),
            new KeyValuePair<string, object?>("pod", container.Names.Pod));

    private static IEnumerable<Measurement<long>> Idle(SampledContainerMemory sampled, IdleAges ages, TimeSpan interval) =>
        from container in sampled.Containers
        from kind in ChargedKinds.All
        let memory = container.Sample[kind]
        from band in Enumerable.Range(0, memory.KnownAges)
        where WorkingSetDescriptor.CanBeTold(ages[band], interval)
        select new Measurement<long>(
            Clamp(memory.Idle[band]),
            new KeyValuePair<string, object?>("age", ages[band].TotalSeconds.ToString(CultureInfo.InvariantCulture)),
            new KeyValuePair<string, object?>("container", container.Names.Container),
            new KeyValuePair<string, object?>("container_id", container.Id),
            new KeyValuePair<string, object?>("kind", kind.ToWord()),
            new KeyValuePair<string, object?>("namespace", container.Names.Namespace),
            new KeyValuePair<string, object?>("pod", container.Names.Pod));

    internal override IEnumerable<HostFinding> Check(CheckContext context)
    {
        KernelPaths paths = context.Host.Paths;
        string? chosen = WorkingSetMethods.Choose(WorkingSetChoice.NameOf(context.Host.Options.WorkingSet.Method), WorkingSetMethods.Probe(paths));
        yield return chosen == PageIdleEstimator.MethodName
            ? Find(paths)
            : HostFinding.Lacking(
                ProcessLabels.WantContainers(context.Host) && IsEnabled(context.Host.Options), Name, "no_page_idle",
                "only the method page_idle measures the memory that is charged to containers", "see what the method page_idle needs");
    }

    private HostFinding Find(KernelPaths paths)
    {
        ReadOutcome outcome = KpageCgroup.Open(paths, out KpageCgroup? cgroups);
        using (cgroups)
        {
            if (outcome != ReadOutcome.Success)
            {
                return outcome == ReadOutcome.Denied
                    ? new HostFinding(HostFinding.Missing, Name, "denied", $"{paths.Proc("kpagecgroup")} may not be read", "run as root")
                    : new HostFinding(
                        HostFinding.Missing, Name, ContainerMemoryState.NoFile.ToReason(), $"there is no {paths.Proc("kpagecgroup")}: this kernel has no memory control groups",
                        "boot a kernel with CONFIG_MEMCG=y, without cgroup_disable=memory");
            }
        }

        using ControlGroups groups = new(paths, HostMounts.AreReal(paths));
        return groups.Mount is { } mount
            ? HostFinding.Fine(Name, $"what is charged to containers is measured, by {paths.Proc("kpagecgroup")} and {mount}")
            : new HostFinding(
                HostFinding.Missing, Name, ContainerMemoryState.NoHierarchy.ToReason(), $"the host's hierarchy of memory control groups is not mounted below {paths.Sys("fs/cgroup")}",
                "mount the host's /sys/fs/cgroup, or run with the host's pids and CAP_SYS_PTRACE");
    }

    /// <summary>It is about containers, and a trace is about one process.</summary>
    internal override TraceOutputColumn OpenColumn(TraceContext context, string name) => throw new InvalidOperationException($"{Name} is no column of a trace.");
}
