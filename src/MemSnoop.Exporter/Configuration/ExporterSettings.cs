using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Descriptors;

namespace MemSnoop.Exporter.Configuration;

/// <summary>Every setting of the program. A feature adds its settings as one group.</summary>
internal static class ExporterSettings
{
    /// <summary>The groups, as <c>--help</c> shows them.</summary>
    public static SettingCatalogue Catalogue { get; } = new(
    [
        new("Which processes (all, unless one of these selects)", ProcessesSettings.All),
        new("What is read, and how often", [.. ReadingsSettings.All, .. MeasurementSettings.All]),
        new("Working set", WorkingSetSettings.All),
        new("Event counters", CountersSettings.All),
        new("Disks", DisksSettings.All),
        new("HTTP endpoint", WebSettings.All),
        new("Push by OTLP (off, unless an endpoint is given)", OtlpSettings.All),
        new("What the numbers come from", ResourceSettings.All),
        new("Kernel", KernelSettings.All),
        new("Log, on standard error", LogSettings.All),
    ]);
}
