using System.Diagnostics.Metrics;
using MemSnoop.Metrics.Checks;
using MemSnoop.Metrics.Instruments;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Metrics.Tracing;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.PageIdle;
using static MemSnoop.Metrics.Instruments.InstrumentScope;

namespace MemSnoop.Metrics.Descriptors;

/// <summary>Memory that was accessed after it had been idle, by the age that it had reached: what taking away cold memory would cost. The passes of the working sets count it.</summary>
internal sealed class ReaccessedDescriptor : PublishedMeasurementDescriptor
{
    private const string MeasurementName = "reaccessed";

    private const string Certain =
        "that was accessed after it had been idle for at least the age in seconds, each time it was. Each age contains those above it: do not sum them.";

    private const string Doubtful = "that may have been accessed after it had been idle for at least the age, beside what is certain; only since something disturbed a window.";

    internal override string Name => MeasurementName;

    internal override string Help => "memory accessed after it had been idle, by age, of containers; by the method page_idle";

    internal override bool IsWindow => true;

    internal override bool IsColumn => false;

    internal override IReadOnlyList<KernelSource> Sources => WorkingSetDescriptor.PageIdleSources;

    protected override string Method => PageIdleEstimator.MethodName;

    /// <summary>Whether the passes are to count it.</summary>
    internal static bool IsWanted(SamplingContext context) =>
        context.Host.Options.Readings.IsEnabled(MeasurementName, isOnByDefault: true) && (context.Labels.HasContainers || context.Host.Options.WorkingSet.ProcessReaccessed);

    protected override bool MayUse(string method, MeasuredHost host) => WorkingSetChoice.MayChoose(method, host);

    protected override SampledMeasurement OnStart(SamplingContext context)
    {
        if (!IsWanted(context))
        {
            return new SampledMeasurement(Name, new MethodState(Method, MethodState.Off, "no_container_labels"));
        }

        WorkingSetWindows? windows = context.WorkingSets is { } workingSets && workingSets.Estimator.Method == PageIdleEstimator.MethodName ? workingSets.Windows : null;
        SampledReaccesses sampled = new(Name, Method, windows);
        InstrumentScope scope = context.Scope(sampled);
        IdleAges ages = new([.. context.Host.Options.WorkingSet.IdleAges]);
        TimeSpan interval = context.Host.Options.WorkingSet.Interval;
        if (context.Host.Options.WorkingSet.ProcessReaccessed)
        {
            sampled.KeepProcesses();
            scope.Counter(sampled, "memsnoop.process.reaccessed", "By", $"Memory of the process {Certain}", Series(ages, interval, isCertain: true));
            scope.Counter(sampled, "memsnoop.process.reaccessed.doubtful", "By", $"Memory of the process {Doubtful}", Series(ages, interval, isCertain: false));
        }

        if (context.Labels.HasContainers)
        {
            scope.Counter(
                "memsnoop.container.reaccessed", "By", $"Memory of the container's processes, a page that they share once, {Certain}", () => Containers(sampled, ages, interval, isCertain: true));
            scope.Counter(
                "memsnoop.container.reaccessed.doubtful", "By", $"Memory of the container's processes {Doubtful}", () => Containers(sampled, ages, interval, isCertain: false));
        }

        return sampled;
    }

    /// <summary>The series of a process, one for each age that is not 0; of doubts only where there were any.</summary>
    private static ProcessSeries<ReaccessedSample, long>[] Series(IdleAges ages, TimeSpan interval, bool isCertain) =>
    [
        .. from band in Enumerable.Range(1, ages.Count - 1)
           where WorkingSetDescriptor.CanBeTold(ages[band], interval)
           select new ProcessSeries<ReaccessedSample, long>("age", WorkingSetDescriptor.Word(ages[band]), (in s) => ValueOf(s, band, isCertain)),
    ];

    private static IEnumerable<Measurement<long>> Containers(SampledReaccesses sampled, IdleAges ages, TimeSpan interval, bool isCertain) =>
        from container in sampled.Containers
        from band in Enumerable.Range(1, ages.Count - 1)
        where WorkingSetDescriptor.CanBeTold(ages[band], interval)
        let bytes = ValueOf(container.Sample, band, isCertain)
        where bytes is not null
        select new Measurement<long>(
            bytes.Value,
            new KeyValuePair<string, object?>("age", WorkingSetDescriptor.Word(ages[band])),
            new KeyValuePair<string, object?>("container", container.Names.Container),
            new KeyValuePair<string, object?>("container_id", container.Id),
            new KeyValuePair<string, object?>("namespace", container.Names.Namespace),
            new KeyValuePair<string, object?>("pod", container.Names.Pod));

    private static long? ValueOf(in ReaccessedSample sample, int band, bool isCertain) =>
        band >= sample.KnownAges ? null
            : isCertain ? Clamp(sample.Bytes[band])
            : sample.DoubtfulBytes[band] > 0 ? Clamp(sample.DoubtfulBytes[band])
            : null;

    internal override IEnumerable<HostFinding> Check(CheckContext context)
    {
        string? chosen = WorkingSetMethods.Choose(WorkingSetChoice.NameOf(context.Host.Options.WorkingSet.Method), WorkingSetMethods.Probe(context.Host.Paths));
        yield return chosen == PageIdleEstimator.MethodName
            ? HostFinding.Fine(Name, "memory that is accessed after it had been idle is counted, of containers and with --process-reaccessed of processes")
            : HostFinding.Lacking(
                (ProcessLabels.WantContainers(context.Host) || context.Host.Options.WorkingSet.ProcessReaccessed) && IsEnabled(context.Host.Options), Name, "no_page_idle",
                "only the method page_idle knows which pages were idle, and so which are accessed again", "see what the method page_idle needs");
    }

    /// <summary>It counts since the exporter began, and a trace shows each window.</summary>
    internal override TraceOutputColumn OpenColumn(TraceContext context, string name) => throw new InvalidOperationException($"{Name} is no column of a trace.");
}
