using System.Text.RegularExpressions;

namespace MemSnoop.Exporter.Configuration;

/// <summary>The settings of <see cref="WorkingSetOptions"/>.</summary>
internal static class WorkingSetSettings
{
    // Below 100 ms a pass over a large host would not end before the next one starts.
    private static readonly ValueSyntax<Duration> Window = Syntax.Duration(new Duration(100), Duration.FromSeconds(86_400));

    private static readonly ValueSyntax<Duration> Age = Syntax.Duration(new Duration(0), Duration.FromSeconds(30 * 86_400));

    public static Setting Method { get; } =
        new ScalarSetting<WorkingSetMethod>("WorkingSet:Method", Syntax.Method, o => o.WorkingSet.Method, (o, v) => o.WorkingSet.Method = v)
        {
            Options = ["--method"],
            Help = "How use is found out: auto, page_idle or referenced.",
        };

    public static Setting ReferencedMaxResident { get; } =
        new ScalarSetting<ByteSize>(
            "WorkingSet:ReferencedMaxResident", Syntax.ByteSize, o => o.WorkingSet.ReferencedMaxResident, (o, v) => o.WorkingSet.ReferencedMaxResident = v)
        {
            Options = ["--referenced-max-resident"],
            Help = "Processes that hold more are refused by the method referenced, which would stall them.",
        };

    public static Setting IdleAges { get; } =
        new ListSetting<Duration>("WorkingSet:IdleAges", Age, o => o.WorkingSet.IdleAges, (o, v) => o.WorkingSet.IdleAges = v)
        {
            Options = ["--idle-ages"],
            Help = "The ages for which idle memory is reported.",
            SeparatedBy = ',',
            Check = CheckAges,
            CheckExpected = "ages that rise from 0, such as 0,30s,1m,10m,1h",
        };

    /// <summary>Which areas count; options of every command that measures working sets.</summary>
    public static IReadOnlyList<Setting> Areas { get; } =
    [
        new ListSetting<AreaWord>("WorkingSet:Areas", Syntax.Area, o => o.WorkingSet.Areas, (o, v) => o.WorkingSet.Areas = v)
        {
            Options = ["--area"],
            Help = "Count only these areas: heap, stack, anonymous, file (any of them), readable, writable, executable (all of them); page_idle only.",
            SeparatedBy = ',',
        },
        new ScalarSetting<int>(
            "WorkingSet:AreaLongerThan", Syntax.Integer("PAGES", "a number of pages", 0, int.MaxValue),
            o => o.WorkingSet.AreaLongerThan, (o, v) => o.WorkingSet.AreaLongerThan = v)
        {
            Options = ["--area-longer-than"],
            Help = "Count only areas of more pages than this; page_idle only.",
        },
        new ScalarSetting<Regex>("WorkingSet:AreaPath", Syntax.Regex, o => o.WorkingSet.AreaPath, (o, v) => o.WorkingSet.AreaPath = v)
        {
            Options = ["--area-path"],
            Help = "Count only areas with this in their path or name, as /proc/PID/maps shows it; page_idle only.",
        },
    ];

    public static IReadOnlyList<Setting> All { get; } =
    [
        new ScalarSetting<Duration>("WorkingSet:Interval", Window, o => o.WorkingSet.Interval, (o, v) => o.WorkingSet.Interval = v)
        {
            Options = ["--working-set-interval"],
            Help = "Length of a window: memory accessed within it is in use.",
        },
        Method,
        ReferencedMaxResident,
        IdleAges,
        new ScalarSetting<bool>("WorkingSet:Spread", Syntax.Boolean, o => o.WorkingSet.Spread, (o, v) => o.WorkingSet.Spread = v)
        {
            Options = ["--spread"],
            Help = "Spread each pass over its interval, so that there is no burst of work (page_idle only).",
        },
        .. Areas,
    ];

    private static string? CheckAges(IReadOnlyList<Duration> ages)
    {
        if (ages is not [{ Milliseconds: 0 }, ..])
        {
            return ages.Count == 0 ? "is empty" : $"starts with {ages[0]}";
        }

        for (int i = 1; i < ages.Count; i++)
        {
            if (ages[i].Milliseconds <= ages[i - 1].Milliseconds)
            {
                return $"{ages[i]} follows {ages[i - 1]}";
            }
        }

        return null;
    }
}
