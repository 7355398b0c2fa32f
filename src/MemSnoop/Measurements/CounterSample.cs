using MemSnoop.Counters;

namespace MemSnoop.Measurements;

/// <summary>What the events of a <see cref="CounterPlan"/> have counted for one process since counting began.</summary>
public readonly struct CounterSample
{
    private readonly CounterValue?[] _values;

    internal CounterSample(CounterValue?[] values) => _values = values;

    /// <summary>How many events there are: as many as the plan counts.</summary>
    public int Count => _values?.Length ?? 0;

    /// <summary>The value of an event, by its place in <see cref="CounterPlan.Counted"/>; null when it could not be counted for this process.</summary>
    public CounterValue? this[int index] => _values[index];
}
