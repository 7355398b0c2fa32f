using MemSnoop.Metrics.Sampling;

namespace MemSnoop.Exporter.Tests.Architecture;

/// <summary>The rooms of what can be embedded, <c>MemSnoop.Metrics</c>, from options upwards.</summary>
public sealed class MetricsArchitectureTests() : ArchitectureTests(
    typeof(WatchList), "src/MemSnoop.Metrics", "MemSnoop.Metrics", Table,
    customary: new Dictionary<string, string> { ["Microsoft.Extensions.DependencyInjection"] = "Hosting" })
{
    private static readonly Arrow[] Table =
    [
        new("Sampling", "Configuration", "Options say what is sampled, how, and how often."),

        new("Instruments", "Configuration", "One instrument says which names of the configuration are deprecated."),
        new("Instruments", "Sampling", "Instruments publish samples, and report on the sampling."),
        new("Instruments", "(root)", "One instrument says which build this is."),

        new("Tracing", "Sampling", "The columns of a trace are made for a measured host."),

        new("Checks", "Sampling", "Measurements are tried on a measured host."),

        new("Descriptors", "Configuration", "A measurement has an option that switches it on or off, and settings of its own."),
        new("Descriptors", "Sampling", "A descriptor says what runs for its measurement."),
        new("Descriptors", "Instruments", "A descriptor has the instruments of its measurement."),
        new("Descriptors", "Tracing", "A descriptor has the columns of its measurement."),
        new("Descriptors", "Checks", "A descriptor says what is missing for its measurement."),

        new("Hosting", "Configuration", "What runs is put together as the options say."),
        new("Hosting", "Sampling", "What runs shares a watch list, and numbers its collections."),
        new("Hosting", "Instruments", "Instruments that belong to no measurement are made beside the measurements."),
        new("Hosting", "Descriptors", "Measurements are started by the catalogue of descriptors."),
        new("Hosting", "(root)", "The meter has the version of the build."),
    ];
}
