namespace MemSnoop.Metrics.Configuration;

/// <summary>What differs for one measurement.</summary>
public sealed class MeasurementOptions
{
    /// <summary>Whether it is taken. Default value: null, as the measurement itself says.</summary>
    public bool? Enabled { get; set; }

    /// <summary>How old a reading may be before it is taken anew. Default value: null, as <see cref="ReadingsOptions.Interval"/> says.</summary>
    public TimeSpan? Interval { get; set; }
}
