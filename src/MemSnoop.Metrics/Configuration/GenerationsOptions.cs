namespace MemSnoop.Metrics.Configuration;

/// <summary>Which control groups are reported by the age of their generations.</summary>
public sealed class GenerationsOptions
{
    /// <summary>At most so many control groups are reported, those with most memory. Default value: 500.</summary>
    public int MaxCgroups { get; set; } = 500;
}

/// <summary>The settings of <see cref="GenerationsOptions"/>.</summary>
internal static class GenerationsSettings
{
    public static IReadOnlyList<Setting> All { get; } =
    [
        new ScalarSetting<MemSnoopOptions, int>(
            "Generations:MaxCgroups", Syntax.Integer("COUNT", "a number of control groups", 0, 1_000_000), o => o.Generations.MaxCgroups, (o, v) => o.Generations.MaxCgroups = v)
        {
            Options = ["--generations.max-cgroups"],
            Help = "Report at most this many control groups, the largest first.",
        },
    ];
}
