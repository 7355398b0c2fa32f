using System.Globalization;
using MemSnoop.Counters;
using MemSnoop.Counters.Papi;
using MemSnoop.Counters.PerfEvents;
using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Metrics.Checks;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Instruments;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Metrics.Tracing;
using static MemSnoop.Metrics.Instruments.InstrumentScope;

namespace MemSnoop.Metrics.Descriptors;

/// <summary>Events of processor and kernel, those that the user names.</summary>
internal sealed class CountersDescriptor : PublishedMeasurementDescriptor
{
    internal override string Name => CounterMeasurement.MeasurementName;

    internal override string Help => "events of processor and kernel; on if --event is given";

    internal override IReadOnlyList<KernelSource> Sources { get; } =
    [
        new("perf_event_open", KernelAccess.Call, Capability.PerfMon),
        new("/proc/PID/task", KernelAccess.Read),
        new("/proc/PID/task/TID/stat", KernelAccess.Read),
        new("/proc/sys/kernel/perf_event_paranoid", KernelAccess.Read) { Method = PerfEventProvider.ProviderName },
        new("/sys/bus/event_source/devices", KernelAccess.Read) { Method = PapiProvider.ProviderName },
    ];

    internal override bool IsOnByDefault => false;

    internal override bool IsEnabled(MemSnoopOptions options) => options.AreCountersEnabled;

    protected override bool MayUse(string method, MeasuredHost host) => host.Options.Counters.Provider is CounterProviders.Auto || host.Options.Counters.Provider == method;

    /// <summary>Finds out who counts what.</summary>
    protected override SampledMeasurement OnStart(SamplingContext context)
    {
        MeasuredHost host = context.Host;
        if (host.Options.Counters.Events.Count == 0)
        {
            throw new UsageException($"--collector.{Name}", "no event is named", "--event NAME too; memsnoop events lists all");
        }

        CounterProviders providers = Open(host);
        try
        {
            CounterPlan plan = CounterChoices.Plan(host.Options.Counters, providers);
            SampledCounters counters = new(providers, plan, context.WatchList, context.Schedule(Name), context.Clock);
            if (plan.Counted.Count > 0)
            {
                AddInstruments(context.Scope(counters), counters.Readings, plan);
            }

            return counters;
        }
        catch
        {
            providers.Dispose();
            throw;
        }
    }

    private static CounterProviders Open(MeasuredHost host) => CounterProviders.Open(host.Paths, host.Budget, host.Options.Counters.Provider);

    private static void AddInstruments(InstrumentScope scope, IProcessSamples<CounterSample> counters, CounterPlan plan)
    {
        scope.Counter(
            counters, "memsnoop.process.counter", "{event}", "Number of events since counting began, over all threads, including ended ones; extrapolated where running_ratio is below 1.",
            Series(plan, static value => (long?)Clamp(value.Count)));

        // Absent for an event that is counted all the time, as software events are: a series that is always 1 has no use. Absent too if a provider does not
        // tell how much it extrapolates; the info metric shows both.
        scope.Gauge(
            counters, "memsnoop.process.counter.running_ratio", "1", "The part of the time in which the event was really counted, if it shares a counter; absent for an event that is counted all the time.",
            Series(plan, static value => value.RunningRatio < 1 ? value.RunningRatio : null));
    }

    private static ProcessSeries<CounterSample, TValue>[] Series<TValue>(CounterPlan plan, Func<CounterValue, TValue?> select)
        where TValue : struct
    {
        var series = new ProcessSeries<CounterSample, TValue>[plan.Counted.Count];
        for (int i = 0; i < series.Length; i++)
        {
            int place = i;
            series[i] = new(SampledCounters.EventKey, plan.Counted[i].Name, (in s) => s[place] is { } value ? select(value) : null);
        }

        return series;
    }

    /// <summary>Each provider, then the events that are to be counted.</summary>
    internal override IEnumerable<HostFinding> Check(CheckContext context)
    {
        MemSnoopOptions options = context.Host.Options;
        using CounterProviders providers = Open(context.Host);
        return [.. providers.All.Select(provider => Find(provider, IsEnabled(options))), .. FindEvents(options, CounterChoices.Plan(options.Counters, providers))];
    }

    private static HostFinding Find(ICounterProvider provider, bool isWanted)
    {
        ProbeResult support = provider.Support;
        int available = provider.Events.Count(static known => known.IsAvailable);
        string topic = $"counters by {provider.Name}";
        return support.IsSupported
            ? HostFinding.Fine(topic, string.Create(CultureInfo.InvariantCulture, $"{support.Explanation}; {available} of {provider.Events.Count} events available"))
            : HostFinding.Lacking(isWanted, topic, support.Reason, support.Explanation, support.Advice);
    }

    private IEnumerable<HostFinding> FindEvents(MemSnoopOptions options, CounterPlan plan)
    {
        if (!IsEnabled(options) || plan.Choices.Count == 0)
        {
            yield return HostFinding.Fine(Name, "off unless --event names events");
            yield break;
        }

        foreach (IGrouping<ICounterProvider, CounterChoice> counted in plan.Counted.GroupBy(static choice => choice.Provider!))
        {
            string names = string.Join(", ", counted.Select(static choice => choice.Name));
            yield return HostFinding.Fine(Name, $"{names} by {counted.Key.Name}");
        }

        foreach (CounterChoice choice in plan.Choices.Where(static choice => !choice.IsCounted))
        {
            yield return new HostFinding(HostFinding.Missing, Name, choice.Reason, $"{choice.Name} is not counted: {choice.Explanation}", choice.Advice);
        }
    }

    /// <summary>One field for each event, and one with the smallest running ratio.</summary>
    internal override TraceOutputColumn OpenColumn(TraceContext context, string name)
    {
        CountersOptions options = context.Host.Options.Counters;
        if (options.Events.Count == 0)
        {
            throw new UsageException("--measure", "counters needs an event", "--event NAME too; memsnoop events lists all");
        }

        CounterProviders providers = context.Find<CounterProviders>() ?? context.Own(Open(context.Host));
        CounterPlan plan = CounterChoices.Plan(options, providers);
        if (plan.Counted.Count == 0)
        {
            throw new UsageException("--event", $"{plan.Choices[0].Name} is not counted here: {plan.Choices[0].Explanation}", plan.Choices[0].Advice);
        }

        foreach (CounterChoice choice in plan.Choices.Where(static choice => !choice.IsCounted))
        {
            context.Note($"{choice.Name} is not counted: {choice.Explanation}");
        }

        CounterMeasurement measurement = context.Own(new CounterMeasurement(plan, reusesValues: true));
        return new TraceOutputColumn<CounterSample>(name, measurement, [.. plan.Choices.Select(choice => FieldOf(plan, choice)), new("running_ratio", LeastRatio)]);
    }

    private static TraceField<CounterSample> FieldOf(CounterPlan plan, CounterChoice choice)
    {
        int place = plan.Counted.ToList().IndexOf(choice);
        return new(choice.Name, counters => place < 0 ? default(TraceValue) : counters[place]?.Count);
    }

    /// <summary>The smallest running ratio of all events; nothing if the provider does not tell it for an event.</summary>
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
}
