using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.Measurements;

/// <summary>
/// The wall clock at the time of the measurement, in UTC. As the first and the last measurement of a sample it tells how long the sample took.
/// </summary>
/// <param name="clock">The clock. Default value: the system's.</param>
public sealed class TimestampMeasurement(TimeProvider? clock = null) : IMeasurement<DateTimeOffset>
{
    /// <summary>The measurement's name.</summary>
    public const string MeasurementName = "timestamp";

    private readonly TimeProvider _clock = clock ?? TimeProvider.System;

    /// <inheritdoc/>
    public string Name => MeasurementName;

    /// <inheritdoc/>
    public ReadOutcome Measure(TrackedProcess process, out DateTimeOffset sample)
    {
        sample = _clock.GetUtcNow();
        return ReadOutcome.Success;
    }
}
