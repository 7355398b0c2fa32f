namespace MemSnoop.Counters;

/// <summary>The events of a plan that one provider counts, with their places in the plan.</summary>
internal sealed class CounterGroup(ICounterProvider provider, CounterEvent[] events, int[] places)
{
    private readonly CounterValue[] _read = new CounterValue[events.Length];

    internal ICounterProvider Provider { get; } = provider;

    internal CounterEvent[] Events { get; } = events;

    /// <summary>Where the value of each event stands among those of a sample.</summary>
    internal int[] Places { get; } = places;

    /// <summary>Whether any event was ever seen to take turns with others.</summary>
    internal bool IsMultiplexed { get; private set; }

    internal static CounterGroup[] Of(CounterPlan plan) =>
    [
        .. plan.Counted
            .Select(static (choice, place) => (choice.Provider, Event: choice.Event!, Place: place))
            .GroupBy(static choice => choice.Provider!)
            .Select(static group => new CounterGroup(
                group.Key, [.. group.Select(static choice => choice.Event)], [.. group.Select(static choice => choice.Place)])),
    ];

    /// <summary>Reads the counters of one process into the places of its sample.</summary>
    internal Kernel.ReadOutcome Read(IProcessCounters counters, CounterValue?[] sample)
    {
        Kernel.ReadOutcome outcome = counters.Read(_read);
        for (int i = 0; outcome == Kernel.ReadOutcome.Success && i < _read.Length; i++)
        {
            sample[Places[i]] = _read[i];
            IsMultiplexed |= _read[i].RunningRatio is not >= 1;   // unknown where the provider extrapolates by itself
        }

        return outcome;
    }
}
