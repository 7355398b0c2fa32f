using System.Text.RegularExpressions;

namespace MemSnoop.Metrics.Configuration;

/// <summary>How the memory in use is told from the memory that is only held.</summary>
internal enum WorkingSetMethod
{
    /// <summary>The best that works on this host.</summary>
    Auto,

    /// <summary>The kernel's bitmap of idle pages.</summary>
    PageIdle,

    /// <summary>Referenced bits, cleared and read again.</summary>
    Referenced,
}

/// <summary>How working sets are estimated.</summary>
internal sealed class WorkingSetOptions
{
    /// <summary>Length of a window; memory accessed within it is in use. Default value: 60s.</summary>
    public Duration Interval { get; set; } = Duration.FromSeconds(60);

    /// <summary>How accesses are found out. Default value: auto.</summary>
    public WorkingSetMethod Method { get; set; } = WorkingSetMethod.Auto;

    /// <summary>The referenced method refuses processes that hold more, because clearing their bits stalls them. Default value: 4GiB.</summary>
    public ByteSize ReferencedMaxResident { get; set; } = ByteSize.FromGiB(4);

    /// <summary>The ages for which idle memory is reported, rising from 0. Default value: 0s, 30s, 1m, 2m, 5m, 10m, 30m, 1h.</summary>
    public IReadOnlyList<Duration> IdleAges { get; set; } =
    [
        Duration.FromSeconds(0), Duration.FromSeconds(30), Duration.FromSeconds(60), Duration.FromSeconds(120),
        Duration.FromSeconds(300), Duration.FromSeconds(600), Duration.FromSeconds(1800), Duration.FromSeconds(3600),
    ];

    /// <summary>Spread a pass over its interval instead of making it at once; heeded by page_idle. Default value: false.</summary>
    public bool Spread { get; set; }

    /// <summary>Kinds of memory areas that count, any of them; heeded by page_idle. Default value: none, which counts all.</summary>
    public IReadOnlyList<AreaWord> Areas { get; set; } = [];

    /// <summary>Only areas of more pages than this count; heeded by page_idle. Default value: 0.</summary>
    public int AreaLongerThan { get; set; }

    /// <summary>Only areas in whose path or name this is found count; heeded by page_idle. Default value: null, every area.</summary>
    public Regex? AreaPath { get; set; }
}

/// <summary>The settings of <see cref="WorkingSetOptions"/>.</summary>
internal static class WorkingSetSettings
{
    private static readonly ValueSyntax<WorkingSetMethod> MethodWord = Syntax.Words(
        "METHOD", "a method", ("auto", WorkingSetMethod.Auto), ("page_idle", WorkingSetMethod.PageIdle), ("referenced", WorkingSetMethod.Referenced));

    private static readonly ValueSyntax<AreaWord> AreaKind = Syntax.Words(
        "KIND", "a kind of area",
        ("heap", AreaWord.Heap), ("stack", AreaWord.Stack), ("anonymous", AreaWord.Anonymous), ("file", AreaWord.File),
        ("readable", AreaWord.Readable), ("writable", AreaWord.Writable), ("executable", AreaWord.Executable));

    // Below 100 ms a pass over a large host would not end before the next one starts.
    private static readonly ValueSyntax<Duration> Window = Syntax.Duration(new Duration(100), Duration.FromSeconds(86_400));

    private static readonly ValueSyntax<Duration> Age = Syntax.Duration(new Duration(0), Duration.FromSeconds(30 * 86_400));

    public static Setting Method { get; } =
        new ScalarSetting<MemSnoopOptions, WorkingSetMethod>("WorkingSet:Method", MethodWord, o => o.WorkingSet.Method, (o, v) => o.WorkingSet.Method = v)
        {
            Options = ["--method"],
            Help = "How use is found out: auto, page_idle or referenced.",
        };

    public static Setting ReferencedMaxResident { get; } =
        new ScalarSetting<MemSnoopOptions, ByteSize>(
            "WorkingSet:ReferencedMaxResident", Syntax.ByteSize, o => o.WorkingSet.ReferencedMaxResident, (o, v) => o.WorkingSet.ReferencedMaxResident = v)
        {
            Options = ["--referenced-max-resident"],
            Help = "Processes that hold more are refused by the method referenced, which would stall them.",
        };

    public static Setting IdleAges { get; } =
        new ListSetting<MemSnoopOptions, Duration>("WorkingSet:IdleAges", Age, o => o.WorkingSet.IdleAges, (o, v) => o.WorkingSet.IdleAges = v)
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
        new ListSetting<MemSnoopOptions, AreaWord>("WorkingSet:Areas", AreaKind, o => o.WorkingSet.Areas, (o, v) => o.WorkingSet.Areas = v)
        {
            Options = ["--area"],
            Help = "Count only these areas: heap, stack, anonymous, file (any of them), readable, writable, executable (all of them); page_idle only.",
            SeparatedBy = ',',
        },
        new ScalarSetting<MemSnoopOptions, int>(
            "WorkingSet:AreaLongerThan", Syntax.Integer("PAGES", "a number of pages", 0, int.MaxValue),
            o => o.WorkingSet.AreaLongerThan, (o, v) => o.WorkingSet.AreaLongerThan = v)
        {
            Options = ["--area-longer-than"],
            Help = "Count only areas of more pages than this; page_idle only.",
        },
        new ScalarSetting<MemSnoopOptions, Regex>("WorkingSet:AreaPath", Syntax.Regex, o => o.WorkingSet.AreaPath, (o, v) => o.WorkingSet.AreaPath = v)
        {
            Options = ["--area-path"],
            Help = "Count only areas with this in their path or name, as /proc/PID/maps shows it; page_idle only.",
        },
    ];

    public static IReadOnlyList<Setting> All { get; } =
    [
        new ScalarSetting<MemSnoopOptions, Duration>("WorkingSet:Interval", Window, o => o.WorkingSet.Interval, (o, v) => o.WorkingSet.Interval = v)
        {
            Options = ["--working-set-interval"],
            Help = "Length of a window: memory accessed within it is in use.",
        },
        Method,
        ReferencedMaxResident,
        IdleAges,
        new ScalarSetting<MemSnoopOptions, bool>("WorkingSet:Spread", Syntax.Boolean, o => o.WorkingSet.Spread, (o, v) => o.WorkingSet.Spread = v)
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
