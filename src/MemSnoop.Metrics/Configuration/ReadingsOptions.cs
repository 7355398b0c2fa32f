namespace MemSnoop.Metrics.Configuration;

/// <summary>What is read from the kernel, and how often.</summary>
public sealed class ReadingsOptions
{
    /// <summary>How old a reading may be before a collection takes it anew; zero reads at every collection. Default value: 5 seconds.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Take only the measurements that are enabled by name. Default value: false.</summary>
    public bool DisableDefaults { get; set; }

    /// <summary>Settings by measurement, one entry for each: <c>Measurements["smaps"].Enabled = true</c>. Default value: entries that change nothing.</summary>
    public IReadOnlyDictionary<string, MeasurementOptions> Measurements { get; } =
        MeasurementCatalogue.All.ToDictionary(entry => entry.Name, _ => new MeasurementOptions(), StringComparer.Ordinal);

    /// <summary>Whether the named measurement is taken.</summary>
    /// <exception cref="KeyNotFoundException">There is no measurement of this name.</exception>
    internal bool IsEnabled(string measurement) =>
        Measurements[measurement].Enabled ?? (!DisableDefaults && MeasurementCatalogue.Find(measurement) is { EnabledByDefault: true });

    /// <summary>How old a reading of the named measurement may get.</summary>
    /// <exception cref="KeyNotFoundException">There is no measurement of this name.</exception>
    internal TimeSpan IntervalOf(string measurement) => Measurements[measurement].Interval ?? Interval;
}

/// <summary>The settings of <see cref="ReadingsOptions"/>, with two for each measurement.</summary>
internal static class ReadingsSettings
{
    private static readonly ValueSyntax<TimeSpan> Interval = Syntax.Time(new Duration(0), Duration.FromSeconds(86_400));

    public static IReadOnlyList<Setting> All { get; } =
    [
        new ScalarSetting<MemSnoopOptions, TimeSpan>("Readings:Interval", Interval, o => o.Readings.Interval, (o, v) => o.Readings.Interval = v)
        {
            Options = ["--interval"],
            Help = "Read again what is older than this when it is asked for; 0s reads at every collection.",
        },
        new ScalarSetting<MemSnoopOptions, bool>("Readings:DisableDefaults", Syntax.Boolean, o => o.Readings.DisableDefaults, (o, v) => o.Readings.DisableDefaults = v)
        {
            Options = ["--collector.disable-defaults"],
            Help = "Take only the measurements enabled by name.",
        },
        .. MeasurementCatalogue.All.SelectMany(Measurement),
    ];

    private static IEnumerable<Setting> Measurement(MeasurementEntry entry)
    {
        string key = $"Readings:Measurements:{entry.Name}";
        yield return new ScalarSetting<MemSnoopOptions, bool>(
            $"{key}:Enabled", Syntax.Boolean, o => o.Readings.IsEnabled(entry.Name), (o, v) => o.Readings.Measurements[entry.Name].Enabled = v)
        {
            Options = [$"--collector.{entry.Name}"],
            OffOption = $"--no-collector.{entry.Name}",
            Help = $"{char.ToUpperInvariant(entry.Help[0])}{entry.Help[1..]}.",
        };

        if (!entry.IsWindow)
        {
            yield return new ScalarSetting<MemSnoopOptions, TimeSpan>(
                $"{key}:Interval", Interval, o => o.Readings.Measurements[entry.Name].Interval ?? o.Readings.Interval,
                (o, v) => o.Readings.Measurements[entry.Name].Interval = v)
            {
                HelpPath = $"{MemSnoopOptions.Section}:Readings:Measurements:NAME:Interval",
                Help = "The interval of one measurement, in place of --interval.",
            };
        }
    }
}
