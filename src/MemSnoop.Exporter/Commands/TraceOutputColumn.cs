using MemSnoop.Measurements;
using MemSnoop.Tracing;

namespace MemSnoop.Exporter.Commands;

/// <summary>A measurement as <c>memsnoop trace</c> writes it: one or more fields.</summary>
internal abstract class TraceOutputColumn(string name, IReadOnlyList<string> fields)
{
    public string Name { get; } = name;

    /// <summary>The names of its fields; one that is empty stands for the column itself.</summary>
    public IReadOnlyList<string> Fields { get; } = fields;

    /// <summary>The field's name in a row of fields: <c>memory.resident_bytes</c>.</summary>
    public string FullName(int field) => Fields[field].Length == 0 ? Name : $"{Name}.{Fields[field]}";

    public abstract void AddTo(ProcessTrace trace);

    /// <summary>Reads the fields of a sample; false when the measurement could not be taken.</summary>
    public abstract bool TryRead(TraceSample sample, Span<TraceValue> values);
}

/// <inheritdoc/>
internal sealed class TraceOutputColumn<T>(string name, IMeasurement<T> measurement, params (string Name, Func<T, TraceValue> Read)[] fields)
    : TraceOutputColumn(name, [.. fields.Select(static field => field.Name)])
{
    public override void AddTo(ProcessTrace trace) => trace.Measure(Name, measurement);

    public override bool TryRead(TraceSample sample, Span<TraceValue> values)
    {
        values.Clear();
        if (!sample.TryGet(Name, out T value))
        {
            return false;
        }

        for (int i = 0; i < fields.Length; i++)
        {
            values[i] = fields[i].Read(value);
        }

        return true;
    }
}
