using System.Collections;
using MemSnoop.Kernel;

namespace MemSnoop.Tracing;

/// <summary>The result of a trace: one column for each measurement, under its given name.</summary>
public sealed class TraceResult
{
    private readonly TraceSlots _slots;

    internal TraceResult(TraceRun run)
    {
        _slots = run.Slots;
        Names = [.. _slots.All.Select(static slot => slot.Name)];
        Count = run.Index + 1;
        Skipped = run.Skipped;
        End = run.End;
    }

    /// <summary>The names of the measurements, in the order in which they were taken.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>How many samples there are.</summary>
    public int Count { get; }

    /// <summary>Number of scheduled samples that were skipped because the sample before was still being taken.</summary>
    public long Skipped { get; }

    /// <summary>Why the trace ended.</summary>
    public TraceEnd End { get; }

    /// <summary>The values of a measurement.</summary>
    /// <param name="name">The name given to it.</param>
    /// <typeparam name="T">What it yields.</typeparam>
    /// <exception cref="ArgumentException">There is no measurement of this name and type.</exception>
    public TraceColumn<T> Column<T>(string name) => _slots.Find<T>(name).Column;
}

/// <summary>The values of one measurement, one for each sample of a trace.</summary>
/// <typeparam name="T">What the measurement yields.</typeparam>
public sealed class TraceColumn<T> : IReadOnlyList<T>
{
    private readonly List<T> _values = [];
    private readonly List<ReadOutcome> _outcomes = [];

    internal TraceColumn(string name) => Name = name;

    /// <summary>The name that the caller gave the measurement.</summary>
    public string Name { get; }

    /// <summary>How many samples there are.</summary>
    public int Count => _values.Count;

    /// <summary>The value of a sample.</summary>
    /// <exception cref="InvalidOperationException">The value could not be read; an unknown value is never 0.</exception>
    public T this[int index] => TryGet(index, out T value)
        ? value
        : throw new InvalidOperationException($"Sample {index} of {Name} could not be read ({_outcomes[index].ToReason()}).");

    /// <summary>How the reading of a sample ended.</summary>
    public ReadOutcome Outcome(int index) => _outcomes[index];

    /// <summary>The value of a sample, if it could be read.</summary>
    public bool TryGet(int index, out T value)
    {
        value = _values[index];
        return _outcomes[index] == ReadOutcome.Success;
    }

    /// <summary>The values in the order of the samples; throws at one that could not be read.</summary>
    public IEnumerator<T> GetEnumerator()
    {
        for (int i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal void Add(ReadOutcome outcome, T value)
    {
        _values.Add(value);
        _outcomes.Add(outcome);
    }
}

/// <summary>Why a trace ended.</summary>
public enum TraceEnd
{
    /// <summary>All samples that were asked for are taken, or the time is up.</summary>
    Completed,

    /// <summary>The process has ended.</summary>
    Exited,

    /// <summary>The caller asked for it to end.</summary>
    Cancelled,
}
