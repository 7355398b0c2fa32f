using System.Diagnostics.Metrics;
using System.Globalization;
using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Metrics.Checks;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Instruments;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Metrics.Tracing;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.Generations;
using Microsoft.Extensions.Logging;
using static MemSnoop.Metrics.Instruments.InstrumentScope;

namespace MemSnoop.Metrics.Descriptors;

/// <summary>Memory of control groups by the age of its generations: of the host, not of a process.</summary>
internal sealed class GenerationsDescriptor : PublishedMeasurementDescriptor
{
    /// <summary>The generations themselves. Where debugfs is not mounted, it is mounted to read them.</summary>
    internal static readonly KernelSource Listing = new("/sys/kernel/debug/lru_gen", KernelAccess.Read, Capability.SysAdmin) { Sign = "kernel/mm/lru_gen" };

    internal override string Name => HostGenerations.MeasurementName;

    internal override string Help => "memory of control groups by the age of its generation";

    internal override IReadOnlyList<KernelSource> Sources { get; } =
    [
        Listing,
        new("/sys/kernel/mm/lru_gen/enabled", KernelAccess.Read),
        new("/sys/fs/cgroup", KernelAccess.Read),
        new("/proc/swaps", KernelAccess.Read),
        new("/proc/sys/vm/swappiness", KernelAccess.Read),
        new("/proc/1/root/run/memsnoop", KernelAccess.ReadWrite, Capability.SysPtrace) { Method = HostAging.MethodName },
    ];

    protected override bool MayUse(string method, MeasuredHost host) => method != HostAging.MethodName || AgingChoice.IsWanted(host);

    /// <summary>The generations belong to control groups, which a trace of a process does not follow.</summary>
    internal override bool IsColumn => false;

    protected override string Method => HostGenerations.MethodName;

    protected override SampledMeasurement OnStart(SamplingContext context)
    {
        MemSnoopOptions options = context.Host.Options;
        if (!AgingChoice.IsRead(context.Host))
        {
            return new SampledMeasurement(Name, MethodState.Disabled(Method));
        }

        AgingChoice.RefuseBoth(context.Host);
        IdleAges ages = new([.. options.WorkingSet.IdleAges]);
        HostGenerations generations = HostGenerations.Open(context.Host.Paths, ages, options.Generations.MaxCgroups);
        GenerationAger? ager = options.Generations.Age
            ? new GenerationAger(
                HostAging.Open(context.Host.Paths, options.Generations.MaxCgroups), options.Generations.AgeInterval, () => context.WorkingSets?.Estimator.Method,
                context.Clock, context.Loggers.CreateLogger<GenerationAger>())
            : null;
        SampledGenerations sampled = new(generations, ager, context.Schedule(Name), context.Clock, context.Loggers.CreateLogger<SampledGenerations>());
        InstrumentScope scope = context.Scope(sampled);
        AddInstruments(scope, sampled, ages);
        AddAgingInstruments(scope, ager);
        return sampled;
    }

    private static void AddInstruments(InstrumentScope scope, SampledGenerations sampled, IdleAges ages)
    {
        string[] words = [.. Enumerable.Range(0, ages.Count).Select(index => ages[index].TotalSeconds.ToString(CultureInfo.InvariantCulture)), "+Inf"];
        scope.Gauge(
            "memsnoop.cgroup.generation", "By",
            "Memory charged to the control group itself, by the kernel's generations: last noticed in use between age_min and age_max seconds ago. Use since the last aging is not noticed yet.",
            () => Bands(sampled, words));
        scope.Gauge(
            "memsnoop.cgroups.dropped", "{cgroup}", "Number of control groups with memory that have no series of generations, because of the limit.",
            () => Known(sampled, static generations => generations.Dropped));
        scope.Gauge(
            "memsnoop.cgroups.dropped_memory", "By", "Memory in the generations of those control groups.",
            () => Known(sampled, static generations => Clamp(generations.DroppedBytes)));
    }

    private static void AddAgingInstruments(InstrumentScope scope, GenerationAger? ager)
    {
        scope.Counter<long>(
            "memsnoop.cgroup.agings", "{aging}", "Times that the kernel aged a control group on a memory node because memsnoop asked for it.",
            () => ager is null ? [] : [new Measurement<long>(ager.Agings)]);
        scope.Counter<double>(
            "memsnoop.cgroup.aging_time", "s", "Time that those agings took.",
            () => ager is null ? [] : [new Measurement<double>(ager.Time.TotalSeconds)]);
        scope.Counter<long>(
            "memsnoop.cgroup.agings_failed", "{aging}", "Times that the kernel did not age a control group that memsnoop asked it to age, by reason.",
            () => ager?.Failures.Select(static count => new Measurement<long>(count.Value, new KeyValuePair<string, object?>("reason", count.Key))) ?? []);
        scope.Gauge<long>(
            "memsnoop.cgroups.overdue", "{cgroup}", "Number of control groups, on each memory node, that were last aged longer ago than --age-interval.",
            () => ager is { State.State: MethodState.On } ? [new Measurement<long>(ager.Overdue)] : []);
    }

    private static IEnumerable<Measurement<long>> Bands(SampledGenerations sampled, string[] words)
    {
        // One array for the attributes of all: whoever observes reads them before it asks for the next measurement.
        var tags = new KeyValuePair<string, object?>[4];
        lock (sampled.Gate)
        {
            foreach (GroupGenerations group in sampled.Current().Shown)
            {
                tags[2] = new("cgroup", group.Path);
                for (int i = 0; i < group.Bands.Length; i++)
                {
                    AgeBand band = group.Bands[i];
                    tags[0] = new("age_max", words[band.Max]);
                    tags[1] = new("age_min", words[band.Min]);
                    tags[3] = new("type", band.IsFile ? "file" : "anon");
                    yield return SharedTags<long>.Measure(Clamp(band.Bytes), tags);
                }
            }
        }
    }

    private static IEnumerable<Measurement<long>> Known(SampledGenerations sampled, Func<HostGenerations, long> select)
    {
        lock (sampled.Gate)
        {
            HostGenerations generations = sampled.Current();
            return generations.IsKnown ? [new Measurement<long>(select(generations))] : [];
        }
    }

    internal override IEnumerable<HostFinding> Check(CheckContext context)
    {
        if (AgingChoice.IsWanted(context.Host))
        {
            yield return CheckAging(context.Host);
        }

        using HostGenerations generations = HostGenerations.Open(context.Host.Paths, IdleAges.Default, int.MaxValue);
        ProbeResult support = generations.Support;
        if (!support.IsSupported)
        {
            // On by default, as an addition: who has not asked for it misses nothing.
            yield return HostFinding.Lacking(context.Host.Options.Readings.IsEnabled(Name, isOnByDefault: false), Name, support.Reason, support.Explanation, support.Advice);
            yield break;
        }

        ReadOutcome outcome = generations.Read();
        if (outcome != ReadOutcome.Success)
        {
            yield return context.Find(Name, outcome, ReadOutcome.Success, support.Explanation);
            yield break;
        }

        string found = string.Create(CultureInfo.InvariantCulture, $"{support.Explanation}; control groups with memory: {generations.Shown.Count}");
        yield return generations.IsAnonAged ? HostFinding.Fine(Name, found) : new HostFinding(
            HostFinding.Limited, Name, "no_swap", $"{found}; without swap the kernel does not age anonymous memory, and its ages have no bounds",
            "nothing, or add swap (zram will do) with vm.swappiness above 0");
    }

    private static HostFinding CheckAging(MeasuredHost host)
    {
        const string Topic = $"{HostGenerations.MeasurementName} by {HostAging.MethodName}";
        ProbeResult support = host.Options.Readings.IsEnabled(WorkingSetMeasurement.MeasurementName, isOnByDefault: true)
            && WorkingSetChoice.ChooseFrom(host.Options.WorkingSet.Method, AgingChoice.Probe(host)) is { } rival
            ? AgingSupport.Rival(rival)
            : HostAging.ProbeNow(host.Paths);
        return new HostFinding(support.IsSupported ? HostFinding.Ok : HostFinding.Missing, Topic, support.Reason, support.Explanation, support.Advice)
        {
            MethodInUse = support.IsSupported ? HostAging.MethodName : null,
        };
    }

    internal override TraceOutputColumn OpenColumn(TraceContext context, string name) => throw new UsageException("--measure", $"{Name} is no measurement of a process", "another one");
}
