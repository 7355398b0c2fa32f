using MemSnoop.Counters;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Instruments;
using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Processes;

namespace MemSnoop.Metrics.Sampling;

/// <summary>Everything that counting events takes: the providers, the plan, and the readings once there is something to watch.</summary>
internal sealed class ProcessCounting : IDisposable
{
    private static readonly MeasurementState Disabled = new(CounterMeasurement.MeasurementName, "none", MeasurementState.Off, "disabled");

    private readonly CounterProviders _providers;
    private readonly TimeProvider _clock;
    private CounterMeasurement? _measurement;
    private ProcessReadings<CounterSample>? _readings;

    private ProcessCounting(CounterProviders providers, CounterPlan plan, TimeProvider clock)
    {
        _providers = providers;
        _clock = clock;
        Plan = plan;
    }

    internal CounterPlan Plan { get; }

    /// <summary>Finds out who counts what; null when nothing is to be counted.</summary>
    /// <exception cref="UsageException">An event that is named does not exist, or counters are asked for without any.</exception>
    internal static ProcessCounting? Create(MemSnoopOptions options, KernelPaths paths, HandleBudget budget, TimeProvider clock)
    {
        if (!options.AreCountersEnabled)
        {
            return null;
        }

        if (options.Counters.Events.Count == 0)
        {
            throw new UsageException($"--collector.{CounterMeasurement.MeasurementName}", "no event is named", "--event NAME as well; memsnoop events lists them");
        }

        CounterProviders providers = CounterProviders.Open(paths, budget, options.Counters.Provider);
        try
        {
            return new ProcessCounting(providers, CounterChoices.Plan(options.Counters, providers), clock);
        }
        catch
        {
            providers.Dispose();
            throw;
        }
    }

    /// <summary>Rows of the info metric, as of now.</summary>
    internal static IEnumerable<MeasurementState> StatesOf(ProcessCounting? counting)
    {
        // Asked at each collection: whether counters are shared is seen only while they count.
        IEnumerable<MeasurementState> states = counting is null
            ? [Disabled]
            : CounterChoices.States(counting.Plan, provider => counting._measurement?.IsMultiplexed(provider) == true);
        foreach (MeasurementState state in states)
        {
            yield return state;
        }
    }

    /// <summary>Makes the readings; a process that has not been begun with is counted from its first reading on.</summary>
    internal IProcessSamples<CounterSample> Watch(WatchList watchList, ReadingSchedule schedule, MeasurementAccount account)
    {
        _measurement = new CounterMeasurement(Plan, _clock, reusesValues: true) { PartlyFailed = account.Count };
        _readings = new ProcessReadings<CounterSample>(_measurement, watchList, schedule, account, _clock);
        return _readings;
    }

    /// <summary>Begins to count for the processes that live now: what they do before the first scrape counts too.</summary>
    internal void Begin(WatchList watchList)
    {
        lock (_readings!.Gate)
        {
            foreach (WatchedProcess process in watchList.Refresh())
            {
                _measurement!.Prepare(process.Process);
            }
        }
    }

    /// <summary>When the counting of a series' event began, in seconds since the Unix epoch.</summary>
    internal double? CreatedTime(ReadOnlySpan<KeyValuePair<string, object?>> attributes, WatchList watchList)
    {
        int? pid = null;
        int place = -1;
        foreach ((string key, object? value) in attributes)
        {
            pid = key == "pid" ? value as int? : pid;
            place = key == CounterInstruments.EventKey ? PlaceOf(value as string) : place;
        }

        if (pid is null || place < 0 || watchList.StartTicksOf(pid.Value) is not { } ticks)
        {
            return null;
        }

        lock (_readings!.Gate)
        {
            return _measurement!.CountingSince(new ProcessIdentity(pid.Value, ticks), place) is { } since
                ? (since - DateTimeOffset.UnixEpoch).TotalSeconds
                : null;
        }
    }

    private int PlaceOf(string? name)
    {
        for (int i = 0; i < Plan.Counted.Count; i++)
        {
            if (Plan.Counted[i].Name == name)
            {
                return i;
            }
        }

        return -1;
    }

    public void Dispose()
    {
        _measurement?.Dispose();
        _providers.Dispose();
    }
}
