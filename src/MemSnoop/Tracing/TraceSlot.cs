using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Processes;

namespace MemSnoop.Tracing;

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
