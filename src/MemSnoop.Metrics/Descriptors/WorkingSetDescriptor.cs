using System.Diagnostics.Metrics;
using System.Globalization;
using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Metrics.Checks;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Instruments;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Metrics.Tracing;
using MemSnoop.Paging;
using MemSnoop.Processes;
using MemSnoop.Tracing;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.Damon;
using MemSnoop.WorkingSets.PageIdle;
using MemSnoop.WorkingSets.Referenced;
using static MemSnoop.Metrics.Instruments.InstrumentScope;

namespace MemSnoop.Metrics.Descriptors;

/// <summary>Working sets and idle memory of processes.</summary>
internal sealed class WorkingSetDescriptor : PublishedMeasurementDescriptor
{
    /// <summary>What the method page_idle needs.</summary>
    internal static readonly KernelSource[] PageIdleSources =
    [
        new("/sys/kernel/mm/page_idle/bitmap", KernelAccess.ReadWrite) { Method = PageIdleEstimator.MethodName },
        new("/proc/kpageflags", KernelAccess.Read) { Method = PageIdleEstimator.MethodName },
        new("/proc/PID/maps", KernelAccess.Read, Capability.SysPtrace) { Method = PageIdleEstimator.MethodName },
        new("/proc/PID/pagemap", KernelAccess.Read, Capability.DacReadSearch, Capability.SysPtrace, Capability.SysAdmin) { Method = PageIdleEstimator.MethodName },
    ];

    /// <summary>What the method damon needs.</summary>
    private static readonly KernelSource[] DamonSources =
    [
        new("/sys/kernel/mm/damon/admin/kdamonds/nr_kdamonds", KernelAccess.ReadWrite) { Method = DamonSupport.MethodName },
        new("/proc/kpageflags", KernelAccess.Read) { Method = DamonSupport.MethodName },
        new("/proc/PID/maps", KernelAccess.Read, Capability.SysPtrace) { Method = DamonSupport.MethodName },
        new("/proc/PID/pagemap", KernelAccess.Read, Capability.DacReadSearch, Capability.SysPtrace, Capability.SysAdmin) { Method = DamonSupport.MethodName },
        new("/proc/PID/fd", KernelAccess.Read, Capability.DacReadSearch, Capability.SysPtrace) { Method = DamonSupport.MethodName },
    ];

    /// <summary>What tells that something else takes accessed bits. What is missing makes a method less sure, not impossible.</summary>
    private static readonly KernelSource[] DisturbanceSources =
    [
        new("/proc/vmstat", KernelAccess.Read),
        new("/proc/PID/fd", KernelAccess.Read, Capability.DacReadSearch, Capability.SysPtrace) { Method = PageIdleEstimator.MethodName },
        new("/sys/fs/cgroup/memory.stat", KernelAccess.Read),
        GenerationsDescriptor.Listing,
        new("/sys/kernel/mm/lru_gen/enabled", KernelAccess.Read),
        new("/sys/kernel/mm/damon/admin/kdamonds", KernelAccess.Read),
        new("/sys/kernel/mm/ksm/pages_sharing", KernelAccess.Read),
        new("/sys/module/damon_stat/parameters/enabled", KernelAccess.Read),
    ];

    /// <summary>Bytes of one kind, or null where there is no such number.</summary>
    private delegate ulong? BytesOfKind(in WorkingSetSample sample, PageKind kind);

    private static readonly TraceField<WorkingSetSample>[] Fields =
    [
        new("window_seconds", static window => window.Window.TotalSeconds),
        new("used_bytes", static window => window.IsWhole ? window.TotalBytes : null),
        new("anon_bytes", static window => window.IsWhole ? window.AnonBytes : null),
        new("file_bytes", static window => window.IsWhole ? window.FileBytes : null),
        new("shmem_bytes", static window => window.IsWhole ? window.ShmemBytes : null),
        new("resident_bytes", static window => window.ResidentBytes),
        new("untracked_bytes", static window => window.UntrackedBytes),
        new("error_bytes", static window => window.IsWhole ? window.Error?.TotalBytes : null),
        new("lower_bytes", static window => window.IsWhole ? null : window.TotalBytes),
        new("upper_bytes", static window => window.IsWhole ? null : window.UpperTotalBytes),
    ];

    internal override string Name => WorkingSetMeasurement.MeasurementName;

    internal override string Help => "working set, and how long other memory has been idle";

    internal override bool IsWindow => true;

    internal override IReadOnlyList<KernelSource> Sources { get; } =
    [
        .. PageIdleSources,
        .. DamonSources,
        .. DisturbanceSources,
        new("/proc/PID/clear_refs", KernelAccess.Write, Capability.DacOverride) { Method = ReferencedEstimator.MethodName },
        new("/proc/PID/smaps", KernelAccess.Read, Capability.SysPtrace) { Method = ReferencedEstimator.MethodName },
        new("/proc/PID/status", KernelAccess.Read) { Method = ReferencedEstimator.MethodName },
        new("/proc/loadavg", KernelAccess.Read),
        new("/proc/1/root/run/memsnoop", KernelAccess.ReadWrite, Capability.SysPtrace),
    ];

    protected override bool MayUse(string method, MeasuredHost host) => WorkingSetChoice.MayChoose(method, host);

    protected override SampledMeasurement OnStart(SamplingContext context)
    {
        MemSnoopOptions options = context.Host.Options;
        IReadOnlyList<ProbeResult> probes = AgingChoice.Probe(context.Host);
        string? method = context.Host.IsEmbedded
            ? WorkingSetChoice.ChooseFrom(options.WorkingSet.Method, probes)
            : WorkingSetChoice.Choose(options.WorkingSet.Method, probes);
        CpuBudget? budget = BudgetFor(ref method, context);
        bool canSum = method is not null && WorkingSetMethods.All.Single(known => known.Name == method).Estimates.HasFlag(MethodScope.Group);
        SampledWorkingSet sampled = new(probes, method, options.WorkingSet.Interval) { WithoutSums = canSum ? null : WhoseSums(context) };
        if (method is null)
        {
            return sampled;
        }

        EstimatorOptions settings = WorkingSetChoice.Settings(options.WorkingSet, SumOf(context)) with
        {
            ContainerOf = ContainerMemoryDescriptor.IsWanted(context) ? context.Labels.ContainerOf : null,
            CountsReaccesses = method == PageIdleEstimator.MethodName && ReaccessedDescriptor.IsWanted(context),
            AgesKeptFor = context.Host.IsEmbedded ? null : AgesKept.For(options.WorkingSet.Interval),
        };
        WorkingSetWindows windows = new(context.CollectionNumber, sampled, context.WatchList, context.Clock);
        InstrumentScope scope = context.Scope(sampled);
        AddInstruments(scope, windows, settings.IdleAges, options.WorkingSet.Interval);
        if (context.Labels.HasContainers)
        {
            AddContainerInstruments(scope, windows, settings.IdleAges, options.WorkingSet.Interval);
        }

        if (options.Groups.AreOn)
        {
            AddGroupInstruments(scope, windows, settings.IdleAges, options.WorkingSet.Interval);
        }

        IWorkingSetEstimator estimator = WorkingSetMethods.Create(method, context.Host.Paths, settings, context.Clock);
        context.WorkingSets = (windows, estimator);
        bool hasSums = settings.GroupOf is not null && canSum;
        sampled.Run(
            estimator, context.Host, context.WatchList, windows, context.Loggers, context.Clock, hasSums ? process => settings.GroupOf!(process) is not null : null, budget);
        AddBudgetInstruments(scope, windows, budget);
        scope.Gauge<double>("memsnoop.working_set.next_window", "s", "When the next window ends, in seconds since the Unix epoch.", () => Known(sampled.NextWindow));
        scope.Gauge<long>(
            "memsnoop.working_set.ages.info", "1", "Whether idle ages go on that the exporter before knew, or why not; only with the method page_idle.",
            () => sampled.AgesTaken is { } ages ? [new Measurement<long>(1, new KeyValuePair<string, object?>("outcome", ages.Outcome.ToWord()))] : []);
        scope.Gauge<double>(
            "memsnoop.working_set.window_spread", "s", "How much longer the window of one page was than that of another of the same process, at most, in the last pass.",
            () => Known(windows.Shown().WindowSpread?.TotalSeconds));
        scope.Gauge<double>(
            "memsnoop.working_set.stall", "s", "The longest time for which the last pass held up a process that wanted to map memory; only with the methods referenced and damon.",
            () => Known(windows.Shown().LongestStall?.TotalSeconds));
        return sampled;
    }

    /// <summary>What bounds the cost, if anything is to. An application that embeds this has no working sets where the method that works cannot be bounded.</summary>
    /// <exception cref="UsageException">The method cannot be bounded.</exception>
    private static CpuBudget? BudgetFor(ref string? method, SamplingContext context)
    {
        if (method is null || context.Host.Options.WorkingSet.CpuBudget is not { } limit)
        {
            return null;
        }

        string chosen = method;
        if (WorkingSetMethods.All.Single(known => known.Name == chosen).CanMeasureShares)
        {
            return new CpuBudget(limit, context.Host.Options.WorkingSet.Interval, MemoryShare.LeastPages(context.Host.Units.PageBytes), () => context.SpentByReadings);
        }

        if (!context.Host.IsEmbedded)
        {
            string those = string.Join(" or ", WorkingSetMethods.All.Where(static known => known.CanMeasureShares).Select(static known => known.Name));
            throw new UsageException("--cpu-budget", $"the method {chosen}, which is used here, always measures all memory", $"a host where the method {those} works, or no budget");
        }

        method = null;
        return null;
    }

    private static void AddBudgetInstruments(InstrumentScope scope, WorkingSetWindows windows, CpuBudget? budget)
    {
        scope.Gauge<double>(
            "memsnoop.working_set.share", "1", "Share of memory that the last pass measured, from 0 to 1; of small processes more is measured.", () => Known(windows.Shown().Share));
        scope.Gauge<double>("memsnoop.cpu_budget.limit", "1", "Processor time that passes and readings may take together, in cores; only with a budget.", () => Known(budget?.Limit));
        scope.Gauge<double>(
            "memsnoop.cpu_budget.used", "1", "Processor time that passes and readings took between the last two passes, in cores; only with a budget.",
            () => Known(budget is { Used: var used } && !double.IsNaN(used) ? used : null));
        scope.Gauge<double>(
            "memsnoop.cpu_budget.needed", "1",
            "Processor time that it would take, in cores: to measure all memory, at most; and to measure anything, only where the budget is too small for that.",
            () => budget is null ? [] : Needed(budget));
    }

    private static IEnumerable<Measurement<double>> Needed(CpuBudget budget)
    {
        if (!double.IsNaN(budget.Whole))
        {
            yield return new Measurement<double>(budget.Whole, new KeyValuePair<string, object?>("for", "all"));
        }

        if (!double.IsNaN(budget.Least))
        {
            yield return new Measurement<double>(budget.Least, new KeyValuePair<string, object?>("for", "anything"));
        }
    }

    private static string? WhoseSums(SamplingContext context) => (context.Labels.HasContainers, context.Host.Options.Groups.AreOn) switch
    {
        (true, true) => "containers and groups",
        (true, false) => "containers",
        (false, true) => "groups",
        _ => null,
    };

    private static IEnumerable<Measurement<double>> Known(double? value) => value is { } known ? [new Measurement<double>(known)] : [];

    private static void AddInstruments(InstrumentScope scope, IProcessSamples<WorkingSetSample> windows, IdleAges ages, TimeSpan interval)
    {
        scope.Gauge(
            windows, "memsnoop.process.working_set", "By", "Resident memory that was accessed at least once within the last window; absent if something disturbed the window.",
            Kinds(static (in WorkingSetSample s, PageKind kind) => s.IsWhole ? s.Bytes(kind) : null));
        scope.Gauge(
            windows, "memsnoop.process.working_set.lower", "By", "The least that the working set can have been; only if something disturbed the window.",
            Kinds(static (in WorkingSetSample s, PageKind kind) => s.IsWhole ? null : s.Bytes(kind)));
        scope.Gauge(
            windows, "memsnoop.process.working_set.upper", "By", "The most that the working set can have been; only if something disturbed the window.",
            Kinds(static (in WorkingSetSample s, PageKind kind) => s.IsWhole ? null : s.UpperBytes(kind)));

        scope.Gauge(
            windows, "memsnoop.process.working_set.error", "By",
            "Half the width of the 95 % interval around the working set; only where a share of the memory was looked at. The sum of the kinds is off by at most the sum of their errors.",
            Kinds(static (in WorkingSetSample s, PageKind kind) => s.IsWhole ? s.Error?.Bytes(kind) : null));

        // A window is whole, perhaps with an error, or it has bounds.
        scope.NeverTogether(2 * Enum.GetValues<PageKind>().Length);
        scope.Gauge(
            windows, "memsnoop.process.idle", "By",
            "Resident memory that was not accessed for at least the age in seconds; age 0 is all resident memory. Each age contains those above it: do not sum them.", Bands(ages, interval));
        scope.Gauge(windows, "memsnoop.process.working_set.window", "s", "True length of the window in which the working set was measured.", static (in s) => (double?)s.Window.TotalSeconds);
        scope.Gauge<WorkingSetSample>(
            windows, "memsnoop.process.untracked", "By", "Memory of unknown use: hugetlb pages, which the kernel does not count as resident, and resident pages that the idle bitmap does not cover.",
            new("reason", "hugetlb", static (in s) => s.HugetlbBytes is { } bytes ? Clamp(bytes) : null),
            new("reason", "not_tracked", static (in s) => s.UntrackedBytes is { } bytes ? Clamp(bytes) : null));
    }

    /// <summary>Working set and idle memory of containers. Every page frame counts once, however many processes of the container map it.</summary>
    private static void AddContainerInstruments(InstrumentScope scope, WorkingSetWindows windows, IdleAges ages, TimeSpan interval)
    {
        scope.Gauge(
            "memsnoop.container.working_set", "By",
            "Resident memory of the container's processes that was accessed within the last window; a page that they share counts once. Absent if something disturbed the window.",
            () => ContainerSets(windows, static (in WorkingSetSample s, PageKind kind) => s.IsWhole ? s.Bytes(kind) : null));
        scope.Gauge(
            "memsnoop.container.working_set.lower", "By", "The least that the working set of the container's processes can have been; only if something disturbed the window.",
            () => ContainerSets(windows, static (in WorkingSetSample s, PageKind kind) => s.IsWhole ? null : s.Bytes(kind)));
        scope.Gauge(
            "memsnoop.container.working_set.upper", "By", "The most that the working set of the container's processes can have been; only if something disturbed the window.",
            () => ContainerSets(windows, static (in WorkingSetSample s, PageKind kind) => s.IsWhole ? null : s.UpperBytes(kind)));
        scope.Gauge(
            "memsnoop.container.working_set.error", "By",
            "Half the width of the 95 % interval around the working set of the container's processes; only where a share of the memory was looked at.",
            () => ContainerSets(windows, static (in WorkingSetSample s, PageKind kind) => s.IsWhole ? s.Error?.Bytes(kind) : null));
        scope.Gauge(
            "memsnoop.container.idle", "By",
            "Resident memory of the container's processes that was not accessed for at least the age in seconds; a page that they share counts once. Each age contains those above it: do not sum them.",
            () => ContainerIdle(windows, ages, interval));
    }

    /// <summary>Working set and idle memory of groups of processes, counted as those of containers.</summary>
    private static void AddGroupInstruments(InstrumentScope scope, WorkingSetWindows windows, IdleAges ages, TimeSpan interval)
    {
        scope.Gauge(
            "memsnoop.group.working_set", "By",
            "Resident memory of the group's processes that was accessed within the last window; a page that they share counts once. Absent if something disturbed the window.",
            () => GroupSets(windows, static (in WorkingSetSample s, PageKind kind) => s.IsWhole ? s.Bytes(kind) : null));
        scope.Gauge(
            "memsnoop.group.working_set.lower", "By", "The least that the working set of the group's processes can have been; only if something disturbed the window.",
            () => GroupSets(windows, static (in WorkingSetSample s, PageKind kind) => s.IsWhole ? null : s.Bytes(kind)));
        scope.Gauge(
            "memsnoop.group.working_set.upper", "By", "The most that the working set of the group's processes can have been; only if something disturbed the window.",
            () => GroupSets(windows, static (in WorkingSetSample s, PageKind kind) => s.IsWhole ? null : s.UpperBytes(kind)));
        scope.Gauge(
            "memsnoop.group.working_set.error", "By",
            "Half the width of the 95 % interval around the working set of the group's processes; only where a share of the memory was looked at.",
            () => GroupSets(windows, static (in WorkingSetSample s, PageKind kind) => s.IsWhole ? s.Error?.Bytes(kind) : null));
        scope.Gauge(
            "memsnoop.group.idle", "By",
            "Resident memory of the group's processes that was not accessed for at least the age in seconds; a page that they share counts once. Each age contains those above it: do not sum them.",
            () => GroupIdle(windows, ages, interval));
    }

    /// <summary>With whom the memory of a process is summed up, each page once: its container, or else its group.</summary>
    private static Func<TrackedProcess, string?>? SumOf(SamplingContext context)
    {
        ProcessLabels labels = context.Labels;
        return context.Host.Options.Groups.AreOn ? process => labels.GroupOf(process) ?? process.Group?.Key
            : labels.HasContainers ? labels.GroupOf
            : null;
    }

    private static ProcessSeries<WorkingSetSample, long>[] Kinds(BytesOfKind select) =>
        [.. Enum.GetValues<PageKind>().Select(kind => new ProcessSeries<WorkingSetSample, long>("kind", kind.ToWord(), (in s) => select(s, kind) is { } bytes ? Clamp(bytes) : null))];

    private static ProcessSeries<WorkingSetSample, long>[] Bands(IdleAges ages, TimeSpan interval) =>
    [
        .. from band in Enumerable.Range(0, ages.Count)
           where CanBeTold(ages[band], interval)
           select new ProcessSeries<WorkingSetSample, long>("age", Word(ages[band]), (in s) => band < s.KnownAges ? Clamp(s.Idle[band]) : null),
    ];

    /// <summary>Memory is known to have been idle for whole windows only, so an age below one window says nothing of its own.</summary>
    internal static bool CanBeTold(TimeSpan age, TimeSpan interval) => age == TimeSpan.Zero || age >= interval;

    private static IEnumerable<Measurement<long>> ContainerSets(WorkingSetWindows windows, BytesOfKind select) =>
        from container in windows.Shown().Groups
        from kind in Enum.GetValues<PageKind>()
        let bytes = @select(container.Sample, kind)
        where bytes is not null
        select new Measurement<long>(
            Clamp(bytes.Value),
            new KeyValuePair<string, object?>("container", container.Names.Container),
            new KeyValuePair<string, object?>("container_id", container.Id),
            new KeyValuePair<string, object?>("kind", kind.ToWord()),
            new KeyValuePair<string, object?>("namespace", container.Names.Namespace),
            new KeyValuePair<string, object?>("pod", container.Names.Pod));

    private static IEnumerable<Measurement<long>> ContainerIdle(WorkingSetWindows windows, IdleAges ages, TimeSpan interval) =>
        from container in windows.Shown().Groups
        from band in Enumerable.Range(0, container.Sample.KnownAges)
        where CanBeTold(ages[band], interval)
        select new Measurement<long>(
            Clamp(container.Sample.Idle[band]),
            new KeyValuePair<string, object?>("age", Word(ages[band])),
            new KeyValuePair<string, object?>("container", container.Names.Container),
            new KeyValuePair<string, object?>("container_id", container.Id),
            new KeyValuePair<string, object?>("namespace", container.Names.Namespace),
            new KeyValuePair<string, object?>("pod", container.Names.Pod));

    private static IEnumerable<Measurement<long>> GroupSets(WorkingSetWindows windows, BytesOfKind select) =>
        from found in windows.Shown().ProcessGroups
        from kind in Enum.GetValues<PageKind>()
        let bytes = @select(found.Sample, kind)
        where bytes is not null
        select new Measurement<long>(
            Clamp(bytes.Value), new KeyValuePair<string, object?>("group", found.Name), new KeyValuePair<string, object?>("kind", kind.ToWord()));

    private static IEnumerable<Measurement<long>> GroupIdle(WorkingSetWindows windows, IdleAges ages, TimeSpan interval) =>
        from found in windows.Shown().ProcessGroups
        from band in Enumerable.Range(0, found.Sample.KnownAges)
        where CanBeTold(ages[band], interval)
        select new Measurement<long>(
            Clamp(found.Sample.Idle[band]), new KeyValuePair<string, object?>("age", Word(ages[band])), new KeyValuePair<string, object?>("group", found.Name));

    /// <summary>The age as the value of the <c>age</c> attribute.</summary>
    internal static string Word(TimeSpan age) => age.TotalSeconds.ToString(CultureInfo.InvariantCulture);

    internal override IEnumerable<HostFinding> Check(CheckContext context)
    {
        IReadOnlyList<ProbeResult> probes = AgingChoice.Probe(context.Host);
        string? chosen = WorkingSetMethods.Choose(WorkingSetChoice.NameOf(context.Host.Options.WorkingSet.Method), probes);
        return Find(context.Host.Paths, probes, chosen);
    }

    /// <summary>What the methods say of a host, and what disturbs the one in use.</summary>
    /// <param name="paths">The roots.</param>
    /// <param name="probes">What each method says.</param>
    /// <param name="chosen">The one in use; null if none is.</param>
    internal static IEnumerable<HostFinding> Find(KernelPaths paths, IReadOnlyList<ProbeResult> probes, string? chosen)
    {
        foreach (ProbeResult probe in probes)
        {
            string topic = $"{WorkingSetMeasurement.MeasurementName} by {probe.Method}";
            string use = probe.Method == chosen ? " (the method in use)" : "";
            yield return probe.IsSupported
                ? new HostFinding(HostFinding.Ok, topic, probe.Reason, probe.Explanation + use, probe.Advice) { MethodInUse = probe.Method == chosen ? chosen : null }
                : HostFinding.Lacking(chosen is null, topic, probe.Reason, probe.Explanation, probe.Advice);
        }

        if (chosen is null && probes.Any(static probe => probe.Reason == AgingChoice.Reason))
        {
            yield return new HostFinding(HostFinding.Limited, WorkingSetMeasurement.MeasurementName, AgingChoice.Reason, "generations of control groups are aged in place of working sets of processes");
        }
        else if (chosen is null)
        {
            yield return new HostFinding(HostFinding.Missing, WorkingSetMeasurement.MeasurementName, "no_method", "no method works here, so there are no working sets", "see the lines above");
        }

        foreach (HostFinding finding in DisturbanceCheck.Find(paths, chosen))
        {
            yield return finding;
        }
    }

    /// <summary>Where pages are recorded too, the column is that of the same windows: a pass of its own would end them.</summary>
    internal override TraceOutputColumn OpenColumn(TraceContext context, string name) =>
        new TraceOutputColumn<WorkingSetSample>(name, context.Find<ActivePagesMeasurement>()?.WorkingSet ?? Open(context), Fields);

    /// <summary>Whether a trace can have the column.</summary>
    /// <exception cref="UsageException">It cannot, and why.</exception>
    internal static void CheckColumn(MeasuredHost host) => ChooseForColumn(host);

    private static string ChooseForColumn(MeasuredHost host)
    {
        WorkingSetMethod wanted = host.Options.WorkingSet.Method;
        IReadOnlyList<ProbeResult> probes = WorkingSetMethods.Probe(host.Paths);
        return WorkingSetChoice.Choose(wanted, probes) ?? throw (WorkingSetChoice.FindHolder(wanted, probes) is { } holder
            ? new UsageException("--measure", holder, "that program to end first")
            : new UsageException("--measure", "no working-set method works here", "a method that memsnoop check shows as working"));
    }

    private static WorkingSetMeasurement Open(TraceContext context)
    {
        MeasuredHost host = context.Host;
        string method = ChooseForColumn(host);

        // The windows of a trace are its interval, so a pass is not spread.
        EstimatorOptions settings = WorkingSetChoice.Settings(host.Options.WorkingSet) with { Parts = 1 };
        return context.Own(new WorkingSetMeasurement(WorkingSetMethods.Create(method, host.Paths, settings, TimeProvider.System)));
    }
}
