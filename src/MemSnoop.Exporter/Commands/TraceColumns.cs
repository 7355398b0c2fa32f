using MemSnoop.Metrics.Configuration;
using MemSnoop.Counters;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Paging;
using MemSnoop.Tracing;
using MemSnoop.WorkingSets;

namespace MemSnoop.Exporter.Commands;

/// <summary>The columns of a trace and the measurements behind them. A measurement is added here by one line and its fields.</summary>
internal sealed class TraceColumns : IDisposable
{
    /// <summary>The column that takes the active pages; it is in no output, and no name of a user's has a blank.</summary>
    public const string PagesColumn = "active pages";

    private readonly List<IDisposable> _disposables = [];
    private readonly KernelPaths _paths;
    private readonly ExporterOptions _options;
    private readonly ActivePagesMeasurement? _pages;
    private CounterProviders? _providers;

    public TraceColumns(TraceRequest request, ExporterOptions options, KernelPaths paths)
    {
        _paths = paths;
        _options = options;
        _pages = request.Pages is null ? null : OpenPages();
        try
        {
            All = [.. request.Measurements.Select(Open)];
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The words that <c>--measure</c> takes.</summary>
    public static IReadOnlyList<string> Words { get; } =
    [
        TimestampMeasurement.MeasurementName, ProcessIoMeasurement.MeasurementName, DiskIoMeasurement.MeasurementName, StatmMeasurement.MeasurementName, UptimeMeasurement.MeasurementName, SchedulingMeasurement.MeasurementName,
        OpenFilesMeasurement.MeasurementName, SmapsMeasurement.MeasurementName, CounterMeasurement.MeasurementName, WorkingSetMeasurement.MeasurementName,
    ];

    public IReadOnlyList<TraceOutputColumn> All { get; private set; } = [];

    /// <summary>What a user should know of fields that will stay empty, a line each.</summary>
    public IReadOnlyList<string> Notes { get; private set; } = [];

    /// <summary>Adds the measurements to a trace, in the order of the columns.</summary>
    public void AddTo(ProcessTrace trace)
    {
        // First of all: a working set in another column is that of the same windows.
        if (_pages is not null)
        {
            trace.Measure(PagesColumn, _pages);
        }

        foreach (TraceOutputColumn column in All)
        {
            column.AddTo(trace);
        }
    }

    public void Dispose()
    {
        _pages?.Dispose();
        _disposables.ForEach(static each => each.Dispose());
        _providers?.Dispose();
    }

    private TraceOutputColumn Open(NamedMeasurement column) => column.Measurement switch
    {
        TimestampMeasurement.MeasurementName => new TraceOutputColumn<DateTimeOffset>(column.Name, new TimestampMeasurement(), ("", static time => time)),
        ProcessIoMeasurement.MeasurementName => new TraceOutputColumn<IoSample>(
            column.Name, new ProcessIoMeasurement(),
            ("read_characters", static io => io.ReadCharacters), ("written_characters", static io => io.WrittenCharacters),
            ("read_calls", static io => io.ReadCalls), ("write_calls", static io => io.WriteCalls),
            ("storage_read_bytes", static io => io.StorageReadBytes), ("storage_written_bytes", static io => io.StorageWrittenBytes),
            ("cancelled_bytes", static io => io.CancelledBytes)),
        StatmMeasurement.MeasurementName => new TraceOutputColumn<MemorySample>(
            column.Name, new StatmMeasurement(KernelUnits.Current),
            ("virtual_bytes", static memory => memory.VirtualBytes), ("resident_bytes", static memory => memory.ResidentBytes),
            ("shared_bytes", static memory => memory.SharedBytes), ("text_bytes", static memory => memory.TextBytes),
            ("data_bytes", static memory => memory.DataBytes)),
        UptimeMeasurement.MeasurementName => new TraceOutputColumn<UptimeSample>(
            column.Name, new UptimeMeasurement(_paths, KernelUnits.Current),
            ("system_seconds", static uptime => uptime.SystemSeconds), ("process_seconds", static uptime => uptime.Process.UptimeSeconds),
            ("user_seconds", static uptime => uptime.Process.UserSeconds), ("kernel_seconds", static uptime => uptime.Process.SystemSeconds),
            ("minor_faults", static uptime => uptime.Process.MinorFaults), ("major_faults", static uptime => uptime.Process.MajorFaults),
            ("threads", static uptime => (ulong)uptime.Process.Threads), ("block_io_delay_seconds", static uptime => uptime.BlockIoDelaySeconds)),
        SchedulingMeasurement.MeasurementName => new TraceOutputColumn<SchedulingSample>(
            column.Name, new SchedulingMeasurement(_paths, KernelUnits.Current),
            ("voluntary_switches", static switches => switches.VoluntarySwitches), ("involuntary_switches", static switches => switches.InvoluntarySwitches),
            ("block_io_delay_seconds", static switches => switches.BlockIoDelaySeconds)),
        OpenFilesMeasurement.MeasurementName => new TraceOutputColumn<OpenFilesSample>(column.Name, new OpenFilesMeasurement(), ("", static files => files.Count)),
        SmapsMeasurement.MeasurementName => new TraceOutputColumn<MappingSample>(
            column.Name, new SmapsMeasurement(),
            ("resident_bytes", static memory => memory.ResidentBytes), ("proportional_bytes", static memory => memory.ProportionalBytes),
            ("swap_bytes", static memory => memory.SwapBytes), ("proportional_swap_bytes", static memory => memory.ProportionalSwapBytes),
            ("huge_bytes", static memory => memory.HugeBytes)),
        DiskIoMeasurement.MeasurementName => OpenDisks(column.Name),
        CounterMeasurement.MeasurementName => OpenCounters(column.Name),
        _ => new TraceOutputColumn<WorkingSetSample>(
            column.Name, OpenWorkingSet(),
            ("window_seconds", static window => window.Window.TotalSeconds), ("used_bytes", static window => window.TotalBytes),
            ("anon_bytes", static window => window.AnonBytes), ("file_bytes", static window => window.FileBytes),
            ("shmem_bytes", static window => window.ShmemBytes), ("resident_bytes", static window => window.ResidentBytes),
            ("untracked_bytes", static window => window.UntrackedBytes)),
    };

    /// <summary>Disks that are there now have columns; a comma-separated file cannot gain one on the way.</summary>
    private TraceOutputColumn<IReadOnlyList<DiskSample>> OpenDisks(string name)
    {
        List<DiskSample> disks = [];
        new DiskIoMeasurement(_paths, device => _options.Disks.IsWatched(device)).Measure(disks);
        List<(string Name, Func<IReadOnlyList<DiskSample>, TraceValue> Read)> fields = [];
        foreach (string device in disks.Select(static disk => disk.Device))
        {
            fields.Add(($"{device}.read_bytes", now => Find(now, device)?.Read.Bytes));
            fields.Add(($"{device}.written_bytes", now => Find(now, device)?.Write.Bytes));
            fields.Add(($"{device}.reads", now => Find(now, device)?.Read.Operations));
            fields.Add(($"{device}.writes", now => Find(now, device)?.Write.Operations));
            fields.Add(($"{device}.io_seconds", now => Find(now, device)?.IoSeconds));
        }

        return new TraceOutputColumn<IReadOnlyList<DiskSample>>(name, new DiskIoMeasurement(_paths, device => _options.Disks.IsWatched(device)), [.. fields]);
    }

    /// <summary>A field for each event, and one that tells how much of it all is extrapolated.</summary>
    private TraceOutputColumn<CounterSample> OpenCounters(string name)
    {
        if (_options.Counters.Events.Count == 0)
        {
            throw new UsageException("--measure", "counters without an event", "--event NAME as well; memsnoop events lists them");
        }

        _providers ??= CounterProviders.Open(_paths, HandleBudget.Shared, _options.Counters.Provider);
        CounterPlan plan = CounterChoices.Plan(_options.Counters, _providers);
        if (plan.Counted.Count == 0)
        {
            throw new UsageException("--event", $"{plan.Choices[0].Name} is not counted here: {plan.Choices[0].Explanation}", plan.Choices[0].Advice);
        }

        Notes = [.. plan.Choices.Where(static choice => !choice.IsCounted).Select(static choice => $"{choice.Name} is not counted: {choice.Explanation}")];
        CounterMeasurement measurement = new(plan, reusesValues: true);
        _disposables.Add(measurement);
        return new TraceOutputColumn<CounterSample>(name, measurement, [.. plan.Choices.Select(choice => Field(plan, choice)), ("running_ratio", LeastRatio)]);
    }

    private static (string Name, Func<CounterSample, TraceValue> Read) Field(CounterPlan plan, CounterChoice choice)
    {
        int place = plan.Counted.ToList().IndexOf(choice);
        return (choice.Name, counters => place < 0 ? default(TraceValue) : counters[place]?.Count);
    }

    /// <summary>The ratio of the event that was counted least; nothing when an event is extrapolated nobody knows how far.</summary>
    private static TraceValue LeastRatio(CounterSample counters)
    {
        double? least = 1;
        for (int i = 0; i < counters.Count; i++)
        {
            if (counters[i] is { } value && (value.RunningRatio is null || value.RunningRatio < least))
            {
                least = value.RunningRatio;
            }
        }

        return least;
    }

    private static DiskSample? Find(IReadOnlyList<DiskSample> disks, string device)
    {
        foreach (DiskSample disk in disks)
        {
            if (disk.Device == device)
            {
                return disk;
            }
        }

        return null;
    }

    private IMeasurement<WorkingSetSample> OpenWorkingSet()
    {
        if (_pages is not null)
        {
            return _pages.WorkingSet;
        }

        string method = WorkingSetChoice.Choose(_options.WorkingSet.Method, _paths)
            ?? throw new UsageException("--measure", "no method for working sets works here", "a kernel that memsnoop check finds fit");
        WorkingSetMeasurement measurement = new(WorkingSetMethods.Create(method, _paths, Estimator(), TimeProvider.System));
        _disposables.Add(measurement);
        return measurement;
    }

    private ActivePagesMeasurement OpenPages()
    {
        if (_options.WorkingSet.Method == WorkingSetMethod.Referenced)
        {
            throw new UsageException("--pages", "the method referenced does not tell pages apart", "--method page_idle or auto");
        }

        ProbeResult support = ActivePagesMeasurement.Probe(_paths);
        return support.IsSupported
            ? ActivePagesMeasurement.Open(_paths, Estimator().Areas)
            : throw new UsageException("--pages", support.Explanation, $"to {support.Advice}");
    }

    // A trace's windows are its period; nothing is spread over an interval of another.
    private EstimatorOptions Estimator() => WorkingSetChoice.Settings(_options.WorkingSet) with { Parts = 1 };
}
