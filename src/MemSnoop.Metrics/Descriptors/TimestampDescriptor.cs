using MemSnoop.Measurements;
using MemSnoop.Metrics.Tracing;

namespace MemSnoop.Metrics.Descriptors;

/// <summary>The wall clock, in traces only.</summary>
internal sealed class TimestampDescriptor : MeasurementDescriptor
{
    private static readonly TraceField<DateTimeOffset>[] Fields = [new("", static time => time)];

    internal override string Name => TimestampMeasurement.MeasurementName;

    internal override string Help => "the wall clock";

    internal override IReadOnlyList<KernelSource> Sources => [];

    internal override TraceOutputColumn OpenColumn(TraceContext context, string name) =>
        new TraceOutputColumn<DateTimeOffset>(name, new TimestampMeasurement(), Fields);
}
