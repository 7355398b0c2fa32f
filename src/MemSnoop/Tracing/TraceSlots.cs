using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Processes;

namespace MemSnoop.Tracing;

/// <summary>The measurements of a trace, in the order in which they are taken.</summary>
internal sealed class TraceSlots
{
    private readonly List<TraceSlot> _slots = [];

    internal IReadOnlyList<TraceSlot> All => _slots;

    internal void Add(TraceSlot slot)
    {
        if (_slots.Exists(other => other.Name == slot.Name))
        {
            throw new ArgumentException($"A measurement named {slot.Name} exists already.", nameof(slot));
        }

        _slots.Add(slot);
    }

    internal TraceSlot Find(string name)
    {
        foreach (TraceSlot slot in _slots)
        {
            if (slot.Name == name)
            {
                return slot;
            }
        }

        throw new ArgumentException($"There is no measurement named {name}; there are {string.Join(", ", _slots.Select(static slot => slot.Name))}.", nameof(name));
    }

    internal TraceSlot<T> Find<T>(string name) => Find(name) as TraceSlot<T>
        ?? throw new ArgumentException($"The measurement {name} does not yield {typeof(T).Name}.", nameof(name));
}

/// <summary>A named measurement of a trace, and its last value.</summary>
internal abstract class TraceSlot(string name)
{
    internal string Name { get; } = name;

    /// <summary>How the last reading ended.</summary>
    internal ReadOutcome Outcome { get; private set; }

    internal ReadOutcome Prepare(TrackedProcess process) => Outcome = OnPrepare(process);

    internal ReadOutcome Take(TrackedProcess process) => Outcome = OnTake(process);

    /// <summary>Adds the last value to the column.</summary>
    internal abstract void Keep();

    protected abstract ReadOutcome OnPrepare(TrackedProcess process);

    protected abstract ReadOutcome OnTake(TrackedProcess process);
}

/// <inheritdoc/>
internal sealed class TraceSlot<T>(string name, IMeasurement<T> measurement) : TraceSlot(name)
{
    private T _value = default!;

    internal T Value => _value;

    internal TraceColumn<T> Column { get; } = new(name);

    internal override void Keep() => Column.Add(Outcome, _value);

    protected override ReadOutcome OnPrepare(TrackedProcess process) => measurement.Prepare(process);

    protected override ReadOutcome OnTake(TrackedProcess process)
    {
        ReadOutcome outcome = measurement.Measure(process, out _value);
        measurement.EndRound();
        return outcome;
    }
}
