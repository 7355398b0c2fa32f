using System.Collections;
using MemSnoop.Kernel;

namespace MemSnoop.Tracing;

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
    /// <exception cref="InvalidOperationException">It could not be read; what is unknown is not 0.</exception>
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
