using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Configuration;

/// <summary>The setting that names a file with rules for groups.</summary>
internal static class GroupFileSettings
{
    private static readonly ValueSyntax<string> Path = new(
        "YAML", "a path", "the path of a configuration file of process-exporter",
        static (string text, out string value, ref string? problem) => (value = text).Length > 0 && !text.Contains('\0', StringComparison.Ordinal), static path => path);

    /// <summary>The file.</summary>
    public static Setting File { get; } = new ScalarSetting<ExporterOptions, string>("Groups:ConfigFile", Path, o => o.GroupConfigFile, (o, v) => o.GroupConfigFile = v)
    {
        Options = ["--group-config"],
        Help = "Sum up processes in the groups of this configuration file of process-exporter.",
    };

    public static IReadOnlyList<Setting> All { get; } = [File];
}
