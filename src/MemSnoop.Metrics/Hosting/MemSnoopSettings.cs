using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Descriptors;
namespace MemSnoop.Metrics.Hosting;

/// <summary>The settings of <see cref="MemSnoopOptions"/>: what a section of an application's configuration may say.</summary>
internal static class MemSnoopSettings
{
    public static SettingCatalogue Catalogue { get; } = new(
    [
        new("Processes", ProcessesSettings.All),
        new("Names of containers", ContainersSettings.All),
        new("Groups of processes", GroupsSettings.All),
        new("Number of series", SeriesSettings.All),
        new("Readings", [.. ReadingsSettings.All, .. MeasurementSettings.All]),
        new("Working set", WorkingSetSettings.All),
        new("Event counters", CountersSettings.All),
        new("Disks", DisksSettings.All),
        new("Generations", GenerationsSettings.All),
        new("Kernel", KernelSettings.All),
    ]);
}
