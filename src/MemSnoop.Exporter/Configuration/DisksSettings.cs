using System.Text.RegularExpressions;

namespace MemSnoop.Exporter.Configuration;

/// <summary>The settings of <see cref="DisksOptions"/>.</summary>
internal static class DisksSettings
{
    public static IReadOnlyList<Setting> All { get; } =
    [
        new ScalarSetting<Regex>("Disks:Include", Syntax.Regex, o => o.Disks.Include, (o, v) => o.Disks.Include = v)
        {
            Options = ["--disk.include"],
            Help = "Report only devices with this in their name.",
        },
        new ScalarSetting<Regex>("Disks:Exclude", Syntax.Regex, o => o.Disks.Exclude, (o, v) => o.Disks.Exclude = v)
        {
            Options = ["--disk.exclude"],
            Help = "Leave out devices with this in their name.",
        },
    ];
}
