using System.Diagnostics.Metrics;
using MemSnoop.Counters;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Containers;
using MemSnoop.Metrics.Instruments;
using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Metrics.Sampling;

/// <summary>
/// Everything between the kernel's files and the instruments, put together for one set of options. A measurement is
/// registered here, in one line, with its instruments.
/// </summary>
internal sealed class SamplingPipeline : IDisposable
{
    /// <summary>The meter that all instruments about processes, disks and the measuring belong to.</summary>
    internal const string MeterName = MemSnoopMeter.Name;

    private readonly MemSnoopOptions _options;
    private readonly TimeProvider _clock;
    private readonly MeasurementLedger _ledger = new();
    private readonly Dictionary<string, string> _owners = [];
    private readonly List<MeasurementState> _states = [];
    private readonly Meter _meter;
    private readonly HandleBudget _budget;
    private readonly WatchList _watchList;
    private readonly SystemClock _systemClock;
    private readonly ProcessCounting? _counting;

    /// <param name="options">What is measured.</param>
    /// <param name="paths">Where the kernel files are.</param>
    /// <param name="budget">The one budget of this process for file handles.</param>
    /// <param name="meter">The meter to make instruments of; it ends with this object.</param>
    /// <param name="loggers">Where failures are told of.</param>
    /// <param name="clock">Source of time.</param>
    /// <exception cref="UsageException">An event that is to be counted does not exist.</exception>
    internal SamplingPipeline(MemSnoopOptions options, KernelPaths paths, HandleBudget budget, Meter meter, ILoggerFactory loggers, TimeProvider clock)
    {
        _options = options;
        _clock = clock;
        _meter = meter;
        _budget = budget;
        Paths = paths;
        _counting = ProcessCounting.Create(options, Paths, _budget, clock);
        Collections = new Collections(clock);
        _watchList = new WatchList(
            new ProcessTable(Paths, Selections.From(options.Processes, Paths), _budget, clock, wantsCgroup: options.Processes.ContainerLabels),
            Collections,
            options.Processes.ContainerLabels);
        _systemClock = new SystemClock(Paths);

        AddProcessMeasurements();
        AddCounters();
        AddDisks();
        AddWorkingSets(loggers);
        MeasurementInstruments.Create(Scope(null), _ledger, _watchList, _states.Concat(ProcessCounting.StatesOf(_counting)));
        SelectionInstruments.Create(Scope(null), _watchList);
        SystemInstruments.Create(Scope(null), Paths);
    }

    internal KernelPaths Paths { get; }

    internal Collections Collections { get; }

    /// <summary>The background passes of the working set; null when it is off or no method works here.</summary>
    internal WindowSampler? Windows { get; private set; }

    /// <summary>The methods for working sets and whether they work here; empty when working sets are off.</summary>
    internal IReadOnlyList<ProbeResult> Methods { get; private set; } = [];

    /// <summary>What becomes of the events that are to be counted; empty when none are.</summary>
    internal IReadOnlyList<CounterChoice> Counters => _counting?.Plan.Choices ?? [];

    /// <summary>The method in use; null when there is none.</summary>
    internal string? Method { get; private set; }

    /// <summary>The meter of all instruments about processes, disks and the measuring.</summary>
    internal Meter Meter => _meter;

    /// <summary>The one budget of this process for file handles.</summary>
    internal HandleBudget Budget => _budget;

    /// <summary>Watches one more process, and its children.</summary>
    internal void Watch(int pid)
    {
        _watchList.Add(pid);
        BeginCounting();
    }

    /// <summary>Begins to count events, where there are some to count, of the processes that live now; of others when they are first read.</summary>
    internal void BeginCounting()
    {
        if (_counting is { Plan.Counted.Count: > 0 } counting)
        {
            counting.Begin(_watchList);
        }
    }

    /// <summary>
    /// Which measurement an instrument belongs to; null for those about the measuring and the exporter itself, which are
    /// observed last and so tell of the collection they are part of.
    /// </summary>
    internal string? OwnerOf(Instrument instrument) => _owners.GetValueOrDefault(instrument.Name);

    /// <summary>
    /// When a counter began, in seconds since the Unix epoch: the kernel counts for a process since its start and for a
    /// disk since boot, long before this program; events are counted since this program asked for them. Null where nothing of
    /// this applies.
    /// </summary>
    internal double? CreatedTime(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (instrument.Name == CounterInstruments.CounterName)
        {
            return _counting?.CreatedTime(tags, _watchList);
        }

        double boot = _systemClock.BootTimeSeconds;
        if (double.IsNaN(boot))
        {
            return null;
        }

        foreach ((string key, object? value) in tags)
        {
            if (key == "pid" && value is int pid)
            {
                return _watchList.StartTicksOf(pid) is { } ticks ? boot + KernelUnits.Current.Seconds(ticks) : null;
            }

            if (key == "device")
            {
                return boot;
            }
        }

        return null;
    }

    /// <summary>Notes that a callback failed, so that the success metric says so.</summary>
    internal void ObservationFailed(Instrument instrument)
    {
        if (OwnerOf(instrument) is { } owner)
        {
            MeasurementAccount account = _ledger.For(owner);
            account.Errors.Add(ReadOutcome.Failed.ToReason());
            account.Finish(default, succeeded: false);
        }
    }

    private void AddProcessMeasurements()
    {
        KernelUnits units = KernelUnits.Current;
        Add("stat", new StatMeasurement(_systemClock, units), CpuInstruments.Create);
        Add("statm", new StatmMeasurement(units), MemoryInstruments.Create);
        Add("io", new ProcessIoMeasurement(), IoInstruments.Create);
        SchedulingMeasurement scheduling = new(Paths, units);
        Add("status", scheduling, SchedulingInstruments.Create);
        Add("fd", new OpenFilesMeasurement(), OpenFilesInstruments.Create);
        Add("smaps_rollup", new SmapsMeasurement(), MappingInstruments.Create);

        if (_options.Readings.IsEnabled(scheduling.Name) && !scheduling.AccountsDelays)
        {
            _states.Add(new MeasurementState(scheduling.Name, "delay_accounting", MeasurementState.Unavailable, "task_delayacct_off"));
        }
    }

    private void Add<TSample>(string method, IMeasurement<TSample> measurement, Action<InstrumentScope, IProcessSamples<TSample>> instruments)
        where TSample : struct
    {
        if (IsOn(measurement.Name, method))
        {
            instruments(Scope(measurement.Name), new ProcessReadings<TSample>(measurement, _watchList, Schedule(measurement.Name), _ledger.For(measurement.Name), _clock));
        }
    }

    private void AddCounters()
    {
        if (_counting is { Plan.Counted.Count: > 0 } counting)
        {
            CounterInstruments.Create(
                Scope(CounterMeasurement.MeasurementName),
                counting.Watch(_watchList, Schedule(CounterMeasurement.MeasurementName), _ledger.For(CounterMeasurement.MeasurementName)),
                counting.Plan);
        }
    }

    private void AddDisks()
    {
        if (IsOn(DiskIoMeasurement.MeasurementName, "diskstats"))
        {
            DiskIoMeasurement disks = new(Paths, device => _options.Disks.IsWatched(device));
            DiskInstruments.Create(Scope(DiskIoMeasurement.MeasurementName), new DiskReadings(disks, Schedule(DiskIoMeasurement.MeasurementName), _ledger.For(DiskIoMeasurement.MeasurementName), _clock));
        }
    }

    private void AddWorkingSets(ILoggerFactory loggers)
    {
        if (!_options.Readings.IsEnabled(WorkingSetMeasurement.MeasurementName))
        {
            _states.Add(new MeasurementState(WorkingSetMeasurement.MeasurementName, "none", MeasurementState.Off, "disabled"));
            return;
        }

        Methods = WorkingSetMethods.Probe(Paths);
        Method = WorkingSetChoice.ChooseFrom(_options.WorkingSet.Method, Methods);
        foreach (ProbeResult method in Methods)
        {
            string state = !method.IsSupported ? MeasurementState.Unavailable : method.Method == Method ? MeasurementState.On : MeasurementState.Available;
            _states.Add(new MeasurementState(WorkingSetMeasurement.MeasurementName, method.Method, state, method.Reason));
        }

        if (Method is null)
        {
            return;
        }

        EstimatorOptions settings = WorkingSetChoice.Settings(_options.WorkingSet, _options.Processes.ContainerLabels ? ContainerOf : null);
        MeasurementAccount account = _ledger.For(WorkingSetMeasurement.MeasurementName);
        WorkingSetWindows windows = new(Collections, account);
        WorkingSetInstruments.Create(Scope(WorkingSetMeasurement.MeasurementName), windows, settings.IdleAges);
        if (settings.GroupOf is not null)
        {
            ContainerInstruments.Create(Scope(WorkingSetMeasurement.MeasurementName), windows, settings.IdleAges);
        }

        Windows = new WindowSampler(
            WorkingSetMethods.Create(Method, Paths, settings, _clock),
            _options.WorkingSet.Interval,
            _watchList,
            windows,
            account,
            _clock,
            loggers.CreateLogger<WindowSampler>());
    }

    private static string? ContainerOf(TrackedProcess process) => ContainerId.Find(process.CgroupPath) is { Length: > 0 } id ? id : null;

    private bool IsOn(string measurement, string method)
    {
        bool enabled = _options.Readings.IsEnabled(measurement);
        _states.Add(enabled
            ? new MeasurementState(measurement, method, MeasurementState.On, "ok")
            : new MeasurementState(measurement, method, MeasurementState.Off, "disabled"));
        return enabled;
    }

    private ReadingSchedule Schedule(string measurement) => new(_options.Readings.IntervalOf(measurement), Collections, _clock);

    internal InstrumentScope Scope(string? measurement) => new(_meter, measurement, _owners);

    public void Dispose()
    {
        _meter.Dispose();
        Windows?.Dispose();
        _counting?.Dispose();
        _watchList.Dispose();
    }
}
