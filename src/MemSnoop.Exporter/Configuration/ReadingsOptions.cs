namespace MemSnoop.Exporter.Configuration;

/// <summary>What is read from the kernel, and how often.</summary>
internal sealed class ReadingsOptions
{
    /// <summary>How old a reading may be before a collection takes it anew; 0s reads at every collection. Default value: 5s.</summary>
    public Duration Interval { get; set; } = Duration.FromSeconds(5);

    /// <summary>Take only the measurements that are enabled by name. Default value: false.</summary>
    public bool DisableDefaults { get; set; }

    /// <summary>Settings by measurement, one entry for each name of <see cref="MeasurementCatalogue"/>. Default value: entries that change nothing.</summary>
    public IReadOnlyDictionary<string, MeasurementOptions> Measurements { get; } =
        MeasurementCatalogue.All.ToDictionary(entry => entry.Name, _ => new MeasurementOptions(), StringComparer.Ordinal);

    /// <summary>Whether the named measurement is taken.</summary>
    /// <exception cref="KeyNotFoundException">There is no measurement of this name.</exception>
    public bool IsEnabled(string measurement) =>
        Measurements[measurement].Enabled ?? (!DisableDefaults && MeasurementCatalogue.Find(measurement) is { EnabledByDefault: true });

    /// <summary>How old a reading of the named measurement may get.</summary>
    /// <exception cref="KeyNotFoundException">There is no measurement of this name.</exception>
    public TimeSpan IntervalOf(string measurement) => (Measurements[measurement].Interval ?? Interval).Value;
}
