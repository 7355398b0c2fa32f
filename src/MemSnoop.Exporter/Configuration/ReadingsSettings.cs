namespace MemSnoop.Exporter.Configuration;

/// <summary>The settings of <see cref="ReadingsOptions"/>, with two for each measurement.</summary>
internal static class ReadingsSettings
{
    private static readonly ValueSyntax<Duration> Interval = Syntax.Duration(new Duration(0), Duration.FromSeconds(86_400));

    public static IReadOnlyList<Setting> All { get; } =
    [
        new ScalarSetting<Duration>("Readings:Interval", Interval, o => o.Readings.Interval, (o, v) => o.Readings.Interval = v)
        {
            Options = ["--interval"],
            Help = "Read again what is older than this when it is asked for; 0s reads at every collection.",
        },
        new ScalarSetting<bool>("Readings:DisableDefaults", Syntax.Boolean, o => o.Readings.DisableDefaults, (o, v) => o.Readings.DisableDefaults = v)
        {
            Options = ["--collector.disable-defaults"],
            Help = "Take only the measurements enabled by name.",
        },
        .. MeasurementCatalogue.All.SelectMany(Measurement),
    ];

    private static IEnumerable<Setting> Measurement(MeasurementEntry entry)
    {
        string key = $"Readings:Measurements:{entry.Name}";
        yield return new ScalarSetting<bool>(
            $"{key}:Enabled", Syntax.Boolean, o => o.Readings.IsEnabled(entry.Name), (o, v) => o.Readings.Measurements[entry.Name].Enabled = v)
        {
            Options = [$"--collector.{entry.Name}"],
            OffOption = $"--no-collector.{entry.Name}",
            Help = $"{char.ToUpperInvariant(entry.Help[0])}{entry.Help[1..]}.",
        };

        if (!entry.IsWindow)
        {
            yield return new ScalarSetting<Duration>(
                $"{key}:Interval", Interval, o => o.Readings.Measurements[entry.Name].Interval ?? o.Readings.Interval,
                (o, v) => o.Readings.Measurements[entry.Name].Interval = v)
            {
                HelpPath = $"{MemSnoopOptions.Section}:Readings:Measurements:NAME:Interval",
                Help = "The interval of one measurement, in place of --interval.",
            };
        }
    }
}
