using MemSnoop.Counters;
using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Processes;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Metrics.Sampling;

/// <summary>Events that are counted: the providers, the plan, and the readings of the watched processes.</summary>
internal sealed partial class SampledCounters : SampledMeasurement
{
    /// <summary>The attribute that names the event of a series.</summary>
    internal const string EventKey = "event";

    private readonly CounterProviders _providers;
    private readonly CounterPlan _plan;
    private readonly WatchList _watchList;
    private readonly CounterMeasurement _measurement;
    private readonly ProcessReadings<CounterSample> _readings;

    /// <param name="providers">Who counts; disposed with this object.</param>
    /// <param name="plan">What is counted, and by whom.</param>
    /// <param name="watchList">The processes; one that <see cref="Begin"/> has not met is counted from its first reading on.</param>
    /// <param name="schedule">When the counts are read.</param>
    /// <param name="clock">The clock.</param>
    internal SampledCounters(CounterProviders providers, CounterPlan plan, WatchList watchList, ReadingSchedule schedule, TimeProvider clock)
        : base(CounterMeasurement.MeasurementName)
    {
        _providers = providers;
        _plan = plan;
        _watchList = watchList;
        _measurement = new CounterMeasurement(plan, clock, reusesValues: true) { PartlyFailed = Count };
        _readings = new ProcessReadings<CounterSample>(_measurement, watchList, schedule, this, clock);
    }

    internal IProcessSamples<CounterSample> Readings => _readings;

    /// <summary>What was counted for a process as of the last reading, by event; null if it was not read.</summary>
    internal IReadOnlyDictionary<string, ulong>? LastOf(ProcessIdentity process)
    {
        Dictionary<string, ulong> counts = new(StringComparer.Ordinal);
        return _readings.TryFindLast(process, Add) ? counts : null;

        void Add(CounterSample sample)
        {
            for (int place = 0; place < sample.Count; place++)
            {
                if (sample[place] is { } value)
                {
                    counts[_plan.Counted[place].Name] = value.Count;
                }
            }
        }
    }

    /// <summary>
    /// A row for each provider at work, and one for each reason why events are not counted. Whether events take turns at a
    /// counter is seen only while they are counted.
    /// </summary>
    internal override IEnumerable<MethodState> Methods => MethodsOf(_plan, _measurement.IsMultiplexed);

    internal static IEnumerable<MethodState> MethodsOf(CounterPlan plan, Func<ICounterProvider, bool> isMultiplexed) => plan.Choices
        .Select(choice => choice.IsCounted
            ? new MethodState(choice.Provider!.Name, MethodState.On, isMultiplexed(choice.Provider) ? "multiplexed" : choice.Reason)
            : new MethodState(choice.Provider!.Name, MethodState.Unavailable, choice.Reason))
        .Distinct();

    /// <summary>What the processes do before the first scrape counts too.</summary>
    internal override void Begin()
    {
        if (_plan.Counted.Count == 0)
        {
            return;
        }

        lock (_readings.Gate)
        {
            _watchList.Thread.Run(new Preparation(_measurement, _watchList.Refresh()));
        }
    }

    /// <summary>Events are counted since this program asked for them.</summary>
    internal override bool TryGetCreatedTime(ReadOnlySpan<KeyValuePair<string, object?>> attributes, out double? created)
    {
        created = null;
        int? pid = null;
        int place = -1;
        foreach ((string key, object? value) in attributes)
        {
            pid = key == "pid" ? value as int? : pid;
            place = key == EventKey ? PlaceOf(value as string) : place;
        }

        if (pid is not null && place >= 0 && _watchList.StartTicksOf(pid.Value) is { } ticks)
        {
            lock (_readings.Gate)
            {
                created = (_measurement.CountingSince(new ProcessIdentity(pid.Value, ticks), place) - DateTimeOffset.UnixEpoch)?.TotalSeconds;
            }
        }

        return true;
    }

    private int PlaceOf(string? name)
    {
        for (int i = 0; i < _plan.Counted.Count; i++)
        {
            if (_plan.Counted[i].Name == name)
            {
                return i;
            }
        }

        return -1;
    }

    internal override void Report(ILogger logger)
    {
        foreach (IGrouping<ICounterProvider, CounterChoice> counted in _plan.Counted.GroupBy(static choice => choice.Provider!))
        {
            string names = string.Join(", ", counted.Select(static choice => choice.Name));
            Counting(logger, names, counted.Key.Name);
        }

        foreach (CounterChoice choice in _plan.Choices.Where(static choice => !choice.IsCounted))
        {
            NotCounting(logger, choice.Name, choice.Reason, choice.Explanation);
        }
    }

    /// <summary>Begins to count events of processes, but for those that do not answer.</summary>
    private sealed class Preparation(CounterMeasurement measurement, WatchedProcess[] processes) : IWatchedWork
    {
        private int _next;

        public void Do()
        {
            for (; _next < processes.Length; _next++)
            {
                if (processes[_next].Verdict is null)
                {
                    measurement.Prepare(processes[_next].Process);
                }
            }
        }

        public void Skip(int pid) => _next++;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "counting {Events} with {Provider}")]
    private static partial void Counting(ILogger logger, string events, string provider);

    [LoggerMessage(Level = LogLevel.Warning, Message = "event {Event} is not counted ({Reason}): {Explanation}")]
    private static partial void NotCounting(ILogger logger, string @event, string reason, string explanation);

    public override void Dispose()
    {
        _measurement.Dispose();
        _providers.Dispose();
        base.Dispose();
    }
}
