namespace MemSnoop.Metrics.Configuration;

/// <summary>What is read from the kernel, and how often.</summary>
public sealed class ReadingsOptions
{
    /// <summary>How old a reading may be before a collection takes it anew; zero reads at every collection. Default value: 5 seconds.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Take only the measurements that are enabled by name. Default value: false.</summary>
    public bool DisableDefaults { get; set; }

    /// <summary>Settings by the name of the measurement. Default value: none.</summary>
    internal Dictionary<string, MeasurementOptions> Measurements { get; } = new(StringComparer.Ordinal);

    /// <summary>The settings of the named measurement; made, and changing nothing, where there were none.</summary>
    public MeasurementOptions Of(string measurement)
    {
        if (!Measurements.TryGetValue(measurement, out MeasurementOptions? options))
        {
            options = new MeasurementOptions();
            Measurements.Add(measurement, options);
        }

        return options;
    }

    /// <summary>Whether the named measurement is taken.</summary>
    /// <param name="measurement">Its name.</param>
    /// <param name="isOnByDefault">Whether it is taken when nothing is said of it.</param>
    internal bool IsEnabled(string measurement, bool isOnByDefault) => Measurements.GetValueOrDefault(measurement)?.Enabled ?? (isOnByDefault && !DisableDefaults);

    /// <summary>How old a reading of the named measurement may get.</summary>
    internal TimeSpan IntervalOf(string measurement) => Measurements.GetValueOrDefault(measurement)?.Interval ?? Interval;
}

/// <summary>The settings of <see cref="ReadingsOptions"/> but those of single measurements.</summary>
internal static class ReadingsSettings
{
    /// <summary>How old a reading may get.</summary>
    public static readonly ValueSyntax<TimeSpan> Interval = Syntax.Time(new Duration(0), Duration.FromSeconds(86_400));

    public static IReadOnlyList<Setting> All { get; } =
    [
        new ScalarSetting<MemSnoopOptions, TimeSpan>("Readings:Interval", Interval, o => o.Readings.Interval, (o, v) => o.Readings.Interval = v)
        {
            Options = ["--interval"],
            Help = "Maximum age of a reading: a collection reads again what is older; 0s reads at every collection.",
        },
        new ScalarSetting<MemSnoopOptions, bool>("Readings:DisableDefaults", Syntax.Boolean, o => o.Readings.DisableDefaults, (o, v) => o.Readings.DisableDefaults = v)
        {
            Options = ["--collector.disable-defaults"],
            Help = "Switch off all measurements but those enabled by name.",
        },
    ];
}
