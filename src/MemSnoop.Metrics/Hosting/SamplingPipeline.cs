using System.Diagnostics.Metrics;
using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Descriptors;
using MemSnoop.Metrics.Instruments;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Processes;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Metrics.Hosting;

/// <summary>Everything between the kernel's files and the instruments, put together for one set of options.</summary>
internal sealed partial class SamplingPipeline : IDisposable
{
    /// <summary>The meter of all instruments about processes, disks and measurements.</summary>
    internal const string MeterName = MemSnoopMeter.Name;

    private readonly MeasuredHost _host;
    private readonly HungProcessLog _hungProcesses;
    private readonly ContainerNaming? _naming;
    private readonly SeriesBudget? _budget;
    private readonly WatchList _watchList;
    private readonly GroupSums? _groupSums;
    private readonly List<SampledMeasurement> _measurements = [];
    private readonly Dictionary<string, SampledMeasurement> _measurementsByInstrument = [];
    private readonly List<DeprecatedUse> _deprecatedSeries = [];

    /// <param name="host">The host and the options.</param>
    /// <param name="meter">The meter to make instruments of; it ends with this object.</param>
    /// <param name="loggers">For what runs in the background.</param>
    /// <param name="clock">The clock.</param>
    /// <exception cref="UsageException">A measurement cannot be taken here as the options ask for it.</exception>
    internal SamplingPipeline(MeasuredHost host, Meter meter, ILoggerFactory loggers, TimeProvider clock)
    {
        _host = host;
        Meter = meter;
        Began = clock.GetUtcNow().ToUnixTimeMilliseconds() / 1000d;
        _hungProcesses = new HungProcessLog(host.Paths.Hung, loggers.CreateLogger<HungProcessLog>());
        CollectionNumber = new CollectionNumber(clock);
        bool withContainers = ProcessLabels.WantContainers(host);

        // Who tells the labels of a pod tells what its containers ask for as well. The kubelet alone has to be asked.
        bool wantsRequests = withContainers && host.Options.Containers.Kubelet is not null && host.Options.Readings.IsEnabled(ContainerCgroupMeasurement.MeasurementName, isOnByDefault: true);
        _naming = withContainers || host.Options.Processes.SelectsContainers
            ? ContainerNaming.From(host.Options.Containers, wantsRequests || host.Options.Processes.PodLabels.Count > 0, clock, loggers.CreateLogger<ContainerNaming>())
            : null;
        ProcessSelection selection = Selections.From(host.Options.Processes, host.Paths, _naming);
        _budget = host.Options.Series.Max > 0 ? new SeriesBudget(host.Options.Series.Max, loggers.CreateLogger<SeriesBudget>()) : null;
        ProcessLabels labels = new(withContainers ? _naming : null, ProcessLabels.WantUnit(host));
        ProcessGroups? groups = ProcessGroups.From(host.Options, labels);
        _watchList = new WatchList(
            new ProcessTable(host.Paths, selection, host.Budget, clock, labels.NeedCgroups || groups?.NeedCgroups == true), CollectionNumber, labels,
            new SeriesChoice(host.Options.Series.PerProcess, _budget), groups);
        _groupSums = groups is null ? null : new GroupSums(_watchList, CollectionNumber, host, clock);
        try
        {
            SamplingContext context = new(host, _watchList, labels, CollectionNumber, loggers, clock, Scope, _measurements);
            foreach (PublishedMeasurementDescriptor descriptor in MeasurementCatalogue.Published)
            {
                _measurements.Add(descriptor.Start(context));
            }

            Last = new LastSamples(host, _watchList, _measurements.OfType<SampledWorkingSet>().FirstOrDefault(), _measurements.OfType<SampledCounters>().FirstOrDefault());
            MeasurementInstruments.Create(Scope(null), _measurements, _watchList);
            SelectionInstruments.Create(Scope(null), _watchList);
            ContainerInstruments.Create(Scope(null), _naming);
            if (_groupSums is not null)
            {
                GroupInstruments.Create(Scope(null), _groupSums, host.Units);
            }

            SystemInstruments.Create(Scope(null), host.Paths);
            DeprecationInstruments.Create(Scope(null), host.Options.Deprecated, _deprecatedSeries);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal CollectionNumber CollectionNumber { get; }

    /// <summary>When it was made, in seconds since the Unix epoch: what this program does itself is counted from then on.</summary>
    internal double Began { get; }

    /// <summary>The meter of all instruments about processes, disks and the measuring.</summary>
    internal Meter Meter { get; }

    /// <summary>What runs in the background; disposed with the pipeline.</summary>
    internal IEnumerable<BackgroundService> Services => _measurements.Select(static measurement => measurement.Service).Append(_naming).OfType<BackgroundService>();

    /// <summary>The windows of working sets, for who asks on this host; null when none are measured.</summary>
    internal LocalWindows? Windows => _measurements.OfType<SampledWorkingSet>().FirstOrDefault()?.Windows;

    /// <summary>What was sampled last, for who shows it to people.</summary>
    internal LastSamples Last { get; }

    /// <summary>Whether everything that is measured has something to show: the first windows have ended.</summary>
    internal bool IsReady => _measurements.TrueForAll(static measurement => measurement.IsReady);

    /// <summary>Watches one more process, and its children.</summary>
    internal void Watch(int pid)
    {
        _watchList.Add(pid);
        Begin();
    }

    /// <summary>Begins, with the processes that live now, what has to begin before it can be read; with others when they are first read.</summary>
    internal void Begin()
    {
        _naming?.Begin();

        if (_watchList.Choice.IsLimited)
        {
            // Whose windows and events begin now depends on how many series there can be.
            _budget?.Learn();
            _watchList.Current();
        }

        _measurements.ForEach(static measurement => measurement.Begin());
    }

    /// <summary>Says in the log how measurements are taken and what limits them.</summary>
    internal void Report(ILogger logger)
    {
        if (_host.Options.Processes.HasSelection && _watchList.Refresh().Length == 0 && _watchList.Dropped.Count == 0)
        {
            // Names of containers may not be known yet.
            NothingSelected(logger, _host.Options.Processes.SelectsContainers ? LogLevel.Information : LogLevel.Warning);
        }

        _measurements.ForEach(measurement => measurement.Report(logger));
    }

    [LoggerMessage(Message = "no process matches the selection yet; those that start or match later are watched")]
    private static partial void NothingSelected(ILogger logger, LogLevel level);

    /// <summary>
    /// The name of the measurement an instrument belongs to; null for those about the measuring and the exporter itself, which
    /// are observed last and so tell of the collection they are part of.
    /// </summary>
    internal string? MeasurementOf(Instrument instrument) => _measurementsByInstrument.GetValueOrDefault(instrument.Name)?.Name;

    /// <summary>
    /// When a counter began, in seconds since the Unix epoch: the kernel counts for a process since its start and for a
    /// disk since boot, long before this program; what begins otherwise knows it itself; what the program does is counted since it began. Null where nothing of this applies.
    /// </summary>
    internal double? CreatedTime(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> attributes)
    {
        if (_measurementsByInstrument.GetValueOrDefault(instrument.Name)?.TryGetCreatedTime(attributes, out double? created) == true)
        {
            return created;
        }

        double boot = _host.SystemClock.BootTimeSeconds;
        foreach ((string key, object? value) in attributes)
        {
            if (key == "pid" && value is int pid)
            {
                return _watchList.StartTicksOf(pid) is { } ticks ? Known(boot + _host.Units.Seconds(ticks)) : null;
            }

            if (key == "group" && value is string group)
            {
                return _groupSums?.CreatedOf(group);
            }

            if (key == "device")
            {
                return Known(boot);
            }
        }

        return MeasurementOf(instrument) is null ? Began : null;

        static double? Known(double seconds) => double.IsNaN(seconds) ? null : seconds;
    }

    /// <summary>
    /// Whether series with these attributes were published before and then not for a while, since their process was not among those that have some: what it has counted since it
    /// started is not news.
    /// </summary>
    internal bool HasReturned(ReadOnlySpan<KeyValuePair<string, object?>> attributes)
    {
        foreach ((string key, object? value) in attributes)
        {
            if (key == "pid" && value is int pid)
            {
                return _watchList.HasReturned(pid);
            }
        }

        return false;
    }

    /// <summary>Notes that a callback failed, so that the success metric says so.</summary>
    internal void ObservationFailed(Instrument instrument)
    {
        if (_measurementsByInstrument.TryGetValue(instrument.Name, out SampledMeasurement? measurement))
        {
            measurement.Count(ReadOutcome.Failed);
            measurement.Finish(default, succeeded: false);
        }
    }

    /// <summary>Makes instruments of a measurement, or with null those that report on all of them.</summary>
    internal InstrumentScope Scope(SampledMeasurement? measurement) => new(Meter, measurement, _measurementsByInstrument, _deprecatedSeries, _budget, _host.Options.Series.Names);

    public void Dispose()
    {
        Meter.Dispose();
        _measurements.ForEach(static measurement => measurement.Dispose());
        _watchList.Dispose();
        _naming?.Dispose();
        _hungProcesses.Dispose();
    }
}
