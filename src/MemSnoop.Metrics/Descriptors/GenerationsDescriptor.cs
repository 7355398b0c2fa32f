using System.Diagnostics.Metrics;
using System.Globalization;
using MemSnoop.Kernel;
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
    internal override string Name => HostGenerations.MeasurementName;

    internal override string Help => "memory of control groups by the age of its generation";

    internal override IReadOnlyList<KernelSource> Sources { get; } =
    [
        new("/sys/kernel/debug/lru_gen", KernelAccess.Read, Capability.SysAdmin),
        new("/sys/kernel/mm/lru_gen/enabled", KernelAccess.Read),
        new("/sys/fs/cgroup", KernelAccess.Read),
        new("/proc/swaps", KernelAccess.Read),
        new("/proc/sys/vm/swappiness", KernelAccess.Read),
    ];

    /// <summary>The generations belong to control groups, which a trace of a process does not follow.</summary>
    internal override bool IsColumn => false;

    protected override string Method => HostGenerations.MethodName;

    protected override SampledMeasurement OnStart(SamplingContext context)
    {
        MemSnoopOptions options = context.Host.Options;

        // An application that measures itself does not want the groups of the whole host, unless it says so.
        if (context.Host.IsEmbedded && options.Readings.Measurements.GetValueOrDefault(Name)?.Enabled != true)
        {
            return new SampledMeasurement(Name, MethodState.Disabled(Method));
        }

        IdleAges ages = new([.. options.WorkingSet.IdleAges]);
        HostGenerations generations = HostGenerations.Open(context.Host.Paths, ages, options.Generations.MaxCgroups);
        SampledGenerations sampled = new(generations, context.Schedule(Name), context.Clock, context.Loggers.CreateLogger<SampledGenerations>());
        AddInstruments(context.Scope(sampled), sampled, ages);
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
        using HostGenerations generations = HostGenerations.Open(context.Host.Paths, IdleAges.Default, int.MaxValue);
        ProbeResult support = generations.Support;
        if (!support.IsSupported)
        {
            yield return new HostFinding(HostFinding.Missing, Name, support.Reason, support.Explanation, support.Advice);
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

    internal override TraceOutputColumn OpenColumn(TraceContext context, string name) => throw new UsageException("--measure", $"{Name} is no measurement of a process", "another one");
}
