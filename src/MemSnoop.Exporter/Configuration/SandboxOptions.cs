using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Configuration;

/// <summary>The walls that the exporter puts up around itself.</summary>
internal sealed class SandboxOptions
{
    /// <summary>Give up the rights that no measurement needs, and have system calls filtered. Default value: true.</summary>
    public bool Enabled { get; set; } = true;
}

/// <summary>The settings of <see cref="SandboxOptions"/>.</summary>
internal static class SandboxSettings
{
    public static IReadOnlyList<Setting> All { get; } =
    [
        new ScalarSetting<ExporterOptions, bool>("Sandbox:Enabled", Syntax.Boolean, o => o.Sandbox.Enabled, (o, v) => o.Sandbox.Enabled = v)
        {
            OffOption = "--no-sandbox",
            Help = "Keep all rights and any system call, also those that no measurement needs.",
        },
    ];
}
