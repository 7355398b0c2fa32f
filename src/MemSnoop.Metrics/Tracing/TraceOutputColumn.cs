using MemSnoop.Measurements;
using MemSnoop.Tracing;

namespace MemSnoop.Metrics.Tracing;

/// <summary>One number or text that a trace writes of a sample.</summary>
/// <param name="Name">Its name below the column's; empty when it stands for the column itself.</param>
/// <param name="Read">Takes it out of a sample.</param>
internal readonly record struct TraceField<TSample>(string Name, Func<TSample, TraceValue> Read);

/// <summary>A measurement as <c>memsnoop trace</c> writes it: one or more fields.</summary>
internal abstract class TraceOutputColumn(string name, IReadOnlyList<string> fields)
{
    public string Name { get; } = name;

    /// <summary>The names of its fields; an empty name stands for the column itself.</summary>
    public IReadOnlyList<string> Fields { get; } = fields;

    /// <summary>The field's name in a row of fields: <c>memory.resident_bytes</c>.</summary>
    public string FullName(int field) => Fields[field].Length == 0 ? Name : $"{Name}.{Fields[field]}";

    public abstract void AddTo(ProcessTrace trace);

    /// <summary>Reads the fields of a sample; false when the measurement could not be taken.</summary>
    public abstract bool TryRead(TraceSample sample, Span<TraceValue> values);
}

/// <inheritdoc/>
internal sealed class TraceOutputColumn<TSample>(string name, IMeasurement<TSample> measurement, IReadOnlyList<TraceField<TSample>> fields)
    : TraceOutputColumn(name, [.. fields.Select(static field => field.Name)])
{
    public override void AddTo(ProcessTrace trace) => trace.Measure(Name, measurement);

    public override bool TryRead(TraceSample sample, Span<TraceValue> values)
    {
        values.Clear();
        if (!sample.TryGet(Name, out TSample value))
        {
            return false;
        }

        for (int i = 0; i < fields.Count; i++)
        {
            values[i] = fields[i].Read(value);
        }

        return true;
    }
}
