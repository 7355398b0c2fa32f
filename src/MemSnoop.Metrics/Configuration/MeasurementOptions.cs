namespace MemSnoop.Metrics.Configuration;

/// <summary>The settings of one measurement.</summary>
public sealed class MeasurementOptions
{
    /// <summary>Whether it is taken. Default value: null, the measurement's own default.</summary>
    public bool? Enabled { get; set; }

    /// <summary>Maximum age of a reading. Default value: null, which means <see cref="ReadingsOptions.Interval"/>.</summary>
    public TimeSpan? Interval { get; set; }
}
