using MemSnoop.Metrics.Configuration;
using System.Globalization;
using MemSnoop.Counters;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Kernel;
using MemSnoop.Measurements;

namespace MemSnoop.Exporter.Commands;

/// <summary>What <c>memsnoop check</c> says of counters: each provider, then the events that are to be counted.</summary>
internal static class CounterCheck
{
    /// <exception cref="UsageException">An event that is named does not exist.</exception>
    internal static IReadOnlyList<HostFinding> Find(ExporterOptions options, KernelPaths paths)
    {
        using CounterProviders providers = CounterProviders.Open(paths, HandleBudget.Shared, options.Counters.Provider);
        return [.. providers.All.Select(Provider), .. Events(options, CounterChoices.Plan(options.Counters, providers))];
    }

    private static HostFinding Provider(ICounterProvider provider)
    {
        ProbeResult support = provider.Support;
        int available = provider.Events.Count(static known => known.IsAvailable);
        string events = support.IsSupported ? string.Create(CultureInfo.InvariantCulture, $"; {available} of {provider.Events.Count} events available") : "";
        return new HostFinding(
            support.IsSupported ? HostFinding.Ok : HostFinding.Missing, $"counters by {provider.Name}", support.Reason, support.Explanation + events, support.Advice);
    }

    private static IEnumerable<HostFinding> Events(ExporterOptions options, CounterPlan plan)
    {
        if (!options.AreCountersEnabled || plan.Choices.Count == 0)
        {
            yield return new HostFinding(HostFinding.Ok, CounterMeasurement.MeasurementName, "ok", "off unless events are named by --event");
            yield break;
        }

        foreach (IGrouping<ICounterProvider, CounterChoice> counted in plan.Counted.GroupBy(static choice => choice.Provider!))
        {
            string names = string.Join(", ", counted.Select(static choice => choice.Name));
            yield return new HostFinding(HostFinding.Ok, CounterMeasurement.MeasurementName, "ok", $"{names} by {counted.Key.Name}");
        }

        foreach (CounterChoice choice in plan.Choices.Where(static choice => !choice.IsCounted))
        {
            yield return new HostFinding(HostFinding.Missing, CounterMeasurement.MeasurementName, choice.Reason, $"{choice.Name} is not counted: {choice.Explanation}", choice.Advice);
        }
    }
}
