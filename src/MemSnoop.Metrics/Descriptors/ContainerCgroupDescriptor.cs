using System.Globalization;
using MemSnoop.Containers;
using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Metrics.Checks;
using MemSnoop.Metrics.Instruments;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Metrics.Tracing;
using Microsoft.Extensions.Logging;
using static MemSnoop.Metrics.Instruments.InstrumentScope;

namespace MemSnoop.Metrics.Descriptors;

/// <summary>What the control groups of containers say of their memory: limits, what is charged, and what it costs to take memory away.</summary>
internal sealed class ContainerCgroupDescriptor : PublishedMeasurementDescriptor
{
    internal override string Name => ContainerCgroupMeasurement.MeasurementName;

    internal override string Help => "limits, usage, pressure and refaults of containers; with --container-labels";

    internal override IReadOnlyList<KernelSource> Sources { get; } = [new("/sys/fs/cgroup", KernelAccess.Read)];

    /// <summary>It is about containers, and a trace is about one process.</summary>
    internal override bool IsColumn => false;

    protected override string Method => SampledContainerCgroups.MethodName;

    protected override SampledMeasurement OnStart(SamplingContext context)
    {
        if (!context.Labels.HasContainers)
        {
            return new SampledMeasurement(Name, new MethodState(Method, MethodState.Off, "no_container_labels"));
        }

        SampledContainerCgroups sampled = new(
            () => new ContainerCgroupMeasurement(context.Host.Paths, context.Labels.ContainerOf), context.WatchList, context.Schedule(Name), context.Clock,
            context.Loggers.CreateLogger<SampledContainerCgroups>());
        AddInstruments(context.Scope(sampled), sampled, context.Labels);
        return sampled;
    }

    private static void AddInstruments(InstrumentScope scope, SampledContainerCgroups sampled, ProcessLabels labels)
    {
        Gauge("usage", "Memory charged to the container, of all kinds, the kernel's own for it included.", static (in s) => Number(s.Sample.UsageBytes));
        Gauge("limit", "The least memory limit of the container's control group and those above it; absent without a limit.", static (in s) => Number(s.Sample.LimitBytes));
        Gauge("high", "The least bound of these groups beyond which processes are held up until memory is reclaimed (memory.high); absent without one.", static (in s) => Number(s.Sample.HighBytes));
        Gauge("request", "Memory that the container asks for, as a source of names tells it (resources.requests.memory); absent if it does not.", (in s) => Number(labels.MemoryRequestOf(s.Id)));
        Gauge("kernel", "Memory that the kernel takes for the container: page tables, stacks, slab, buffers of sockets.", static (in s) => Number(s.Sample.KernelBytes));
        scope.Gauge(
            "memsnoop.container.memory.reclaimable", "By", "Charged memory that the kernel can take away without swap: page cache by list, and slab.",
            new ContainerObserver<long>(
                sampled, "kind",
                new("active_file", static (in s) => Number(s.Sample.ActiveFileBytes)),
                new("inactive_file", static (in s) => Number(s.Sample.InactiveFileBytes)),
                new("slab", static (in s) => Number(s.Sample.ReclaimableSlabBytes))).Observe);
        Gauge("swap", "Memory of the container in swap, compressed in memory or not.", static (in s) => Number(s.Sample.SwapBytes));
        Gauge("zswap", "Memory that compressed pages of the container take (zswap).", static (in s) => Number(s.Sample.ZswapBytes));
        scope.Counter(
            "memsnoop.container.memory.refaults", "By", "Memory that came back soon after it had been evicted, so that evicting it gained nothing.",
            new ContainerObserver<long>(
                sampled, "type",
                new("anon", static (in s) => Number(s.Sample.RefaultedAnonBytes)),
                new("file", static (in s) => Number(s.Sample.RefaultedFileBytes))).Observe);
        scope.Counter(
            "memsnoop.container.memory.events", "{event}", "How often the container ran into a bound of its memory; oom_kill counts killed processes.",
            new ContainerObserver<long>(
                sampled, "event",
                new("low", static (in s) => Number(s.Sample.Events.Low)),
                new("high", static (in s) => Number(s.Sample.Events.High)),
                new("max", static (in s) => Number(s.Sample.Events.Max)),
                new("oom", static (in s) => Number(s.Sample.Events.Oom)),
                new("oom_kill", static (in s) => Number(s.Sample.Events.OomKill))).Observe);
        scope.Counter(
            "memsnoop.container.memory.pressure", "s", "Time in which processes of the container waited for memory: some of them, or all that had something to do (full).",
            new ContainerObserver<double>(
                sampled, "type",
                new("some", static (in s) => s.Sample.SomeWaitedSeconds),
                new("full", static (in s) => s.Sample.AllWaitedSeconds)).Observe);

        void Gauge(string part, string description, Selector<ContainerSample<ContainerCgroupSample>, long> select) =>
            scope.Gauge($"memsnoop.container.memory.{part}", "By", description, new ContainerObserver<long>(sampled, null, new ContainerSeries<long>(null, select)).Observe);
    }

    private static long? Number(ulong? value) => value is { } number ? Clamp(number) : null;

    internal override IEnumerable<HostFinding> Check(CheckContext context)
    {
        KernelPaths paths = context.Host.Paths;
        using ContainerCgroupMeasurement measurement = new(paths, static path => ContainerIdentity.OfPath(path).Id is { Length: > 0 } id ? id : null);
        if (!measurement.Begin())
        {
            yield return new HostFinding(
                HostFinding.Missing, Name, SampledContainerCgroups.NoHierarchy, $"the host's hierarchy of memory control groups is not mounted below {paths.Sys("fs/cgroup")}",
                "mount the host's /sys/fs/cgroup, or run with the host's pids and CAP_SYS_PTRACE");
            yield break;
        }

        foreach ((_, byte[] path) in measurement.Containers)
        {
            measurement.Measure(path, out _);
        }

        string found = string.Create(
            CultureInfo.InvariantCulture, $"control groups of version {(measurement.IsUnified ? 2 : 1)} below {measurement.Mount}; containers: {measurement.Containers.Count}");
        string[] missing = [.. CgroupParts.All.Where(part => measurement.OutcomeOf(part) is not (null or ReadOutcome.Success)).Select(static part => part.ToWord())];
        yield return HostFinding.Fine(Name, missing.Length == 0 ? found : $"{found}; this kernel does not tell {string.Join(", ", missing)}");
    }

    internal override TraceOutputColumn OpenColumn(TraceContext context, string name) => throw new InvalidOperationException($"{Name} is no column of a trace.");
}
