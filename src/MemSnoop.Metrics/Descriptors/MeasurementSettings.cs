using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Metrics.Descriptors;

/// <summary>The settings of <see cref="MeasurementOptions"/>, for each measurement that is published.</summary>
internal static class MeasurementSettings
{
    internal static IReadOnlyList<Setting> All { get; } = [.. MeasurementCatalogue.Published.SelectMany(Of)];

    private static IEnumerable<Setting> Of(PublishedMeasurementDescriptor measurement)
    {
        string key = $"Readings:Measurements:{measurement.Name}";
        yield return new ScalarSetting<MemSnoopOptions, bool>(
            $"{key}:Enabled", Syntax.Boolean, measurement.IsEnabled, (o, v) => o.Readings.Of(measurement.Name).Enabled = v)
        {
            Options = [$"--collector.{measurement.Name}"],
            OffOption = $"--no-collector.{measurement.Name}",
            Help = $"{char.ToUpperInvariant(measurement.Help[0])}{measurement.Help[1..]}.",
        };

        if (!measurement.IsWindow)
        {
            yield return new ScalarSetting<MemSnoopOptions, TimeSpan>(
                $"{key}:Interval", ReadingsSettings.Interval, o => o.Readings.Of(measurement.Name).Interval ?? o.Readings.Interval,
                (o, v) => o.Readings.Of(measurement.Name).Interval = v)
            {
                HelpPath = $"{MemSnoopOptions.Section}:Readings:Measurements:NAME:Interval",
                Help = "Maximum age of a reading of one measurement, instead of --interval.",
            };
        }
    }
}
