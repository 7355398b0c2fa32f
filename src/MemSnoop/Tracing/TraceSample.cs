using MemSnoop.Kernel;

namespace MemSnoop.Tracing;

/// <summary>One sample of all measurements. It can be read until the next one is taken.</summary>
public readonly struct TraceSample
{
    private readonly TraceRun _run;

    internal TraceSample(TraceRun run, int index, TimeSpan offset)
    {
        _run = run;
        Index = index;
        Offset = offset;
    }

    /// <summary>Its number, from 0. Skipped samples have no number.</summary>
    public int Index { get; }

    /// <summary>When its measurements began, since the start of the trace.</summary>
    public TimeSpan Offset { get; }

    /// <summary>The value of a measurement.</summary>
    /// <param name="name">The name given to it.</param>
    /// <exception cref="ArgumentException">There is no measurement of this name and type.</exception>
    /// <exception cref="InvalidOperationException">It could not be read, or the trace has moved on.</exception>
    public T Get<T>(string name) => TryGet(name, out T value)
        ? value
        : throw new InvalidOperationException($"Sample {Index} of {name} could not be read ({Outcome(name).ToReason()}).");

    /// <summary>The value of a measurement, if it could be read.</summary>
    /// <param name="name">The name given to it.</param>
    /// <param name="value">The value.</param>
    /// <exception cref="ArgumentException">There is no measurement of this name and type.</exception>
    /// <exception cref="InvalidOperationException">The trace has moved on.</exception>
    public bool TryGet<T>(string name, out T value)
    {
        CheckIsCurrent();
        TraceSlot<T> slot = _run.Slots.Find<T>(name);
        value = slot.Value;
        return slot.Outcome == ReadOutcome.Success;
    }

    /// <summary>How the reading of a measurement ended.</summary>
    /// <exception cref="ArgumentException">There is no measurement of this name.</exception>
    /// <exception cref="InvalidOperationException">The trace has moved on.</exception>
    public ReadOutcome Outcome(string name)
    {
        CheckIsCurrent();
        return _run.Slots.Find(name).Outcome;
    }

    private void CheckIsCurrent()
    {
        if (_run is null || _run.Index != Index)
        {
            throw new InvalidOperationException($"The trace has moved on since sample {Index}; copy what you want to keep.");
        }
    }
}
