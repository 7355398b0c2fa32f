using System.Text.RegularExpressions;

namespace MemSnoop.Metrics.Configuration;

/// <summary>Which block devices are reported.</summary>
public sealed class DisksOptions
{
    /// <summary>RAM and loop devices, floppies, and partitions, since the disk counts what its partitions do.</summary>
    internal const string DefaultExclude = @"^((zram|ram|loop|fd)\d+|([hsv]|xv)d[a-z]+\d+|(nvme\d+n|mmcblk)\d+p\d+)$";

    // One for all options: making an automaton of it takes milliseconds and a megabyte of garbage.
    private static readonly Regex ExcludedByDefault = Syntax.CompileRegex(DefaultExclude);

    /// <summary>Only devices in whose name this is found are reported. Default value: null, every device.</summary>
    public Regex? Include { get; set; }

    /// <summary>Devices in whose name this is found are left out. Default value: RAM, loop and floppy devices, and partitions.</summary>
    public Regex? Exclude { get; set; } = ExcludedByDefault;

    internal bool IsWatched(ReadOnlySpan<char> device) => Include?.IsMatch(device) != false && Exclude?.IsMatch(device) != true;
}

/// <summary>The settings of <see cref="DisksOptions"/>.</summary>
internal static class DisksSettings
{
    public static IReadOnlyList<Setting> All { get; } =
    [
        new ScalarSetting<MemSnoopOptions, Regex>("Disks:Include", Syntax.Regex, o => o.Disks.Include, (o, v) => o.Disks.Include = v)
        {
            Options = ["--disk.include"],
            Help = "Report only devices whose name matches.",
        },
        new ScalarSetting<MemSnoopOptions, Regex>("Disks:Exclude", Syntax.Regex, o => o.Disks.Exclude, (o, v) => o.Disks.Exclude = v)
        {
            Options = ["--disk.exclude"],
            Help = "Do not report devices whose name matches.",
        },
    ];
}
