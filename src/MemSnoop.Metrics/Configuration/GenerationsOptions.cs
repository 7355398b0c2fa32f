namespace MemSnoop.Metrics.Configuration;

/// <summary>Which control groups are reported by the age of their generations.</summary>
public sealed class GenerationsOptions
{
    /// <summary>At most so many control groups are reported, those with most memory. Default value: 500.</summary>
    public int MaxCgroups { get; set; } = 500;

    /// <summary>
    /// Have the kernel age these control groups, so that their ages have bounds that follow the interval. It takes accessed bits: working sets cannot be measured
    /// beside it. Default value: false.
    /// </summary>
    public bool Age { get; set; }

    /// <summary>The longest time between two agings of a control group, whoever asks for them. Default value: 5 minutes.</summary>
    public TimeSpan AgeInterval { get; set; } = TimeSpan.FromMinutes(5);
}

/// <summary>The settings of <see cref="GenerationsOptions"/>.</summary>
internal static class GenerationsSettings
{
    public static Setting Age { get; } =
        new ScalarSetting<MemSnoopOptions, bool>("Generations:Age", Syntax.Boolean, o => o.Generations.Age, (o, v) => o.Generations.Age = v)
        {
            Options = ["--age-generations"],
            Help = "Have the kernel age these control groups, in place of working sets by the method referenced.",
        };

    public static IReadOnlyList<Setting> All { get; } =
    [
        new ScalarSetting<MemSnoopOptions, int>(
            "Generations:MaxCgroups", Syntax.Integer("COUNT", "a number of control groups", 0, 1_000_000), o => o.Generations.MaxCgroups, (o, v) => o.Generations.MaxCgroups = v)
        {
            Options = ["--generations.max-cgroups"],
            Help = "Report at most this many control groups, the largest first.",
        },
        Age,
        new ScalarSetting<MemSnoopOptions, TimeSpan>(
            "Generations:AgeInterval", Syntax.Time(Duration.FromSeconds(1), Duration.FromSeconds(86_400)), o => o.Generations.AgeInterval, (o, v) => o.Generations.AgeInterval = v)
        {
            Options = ["--age-interval"],
            Help = "Longest time between two agings of a control group; those that the kernel has aged meanwhile are left alone.",
        },
    ];
}
