using System.Globalization;
using System.Text.RegularExpressions;
using MemSnoop.Paging;

namespace MemSnoop.Metrics.Configuration;

/// <summary>The ways to find out which memory is used.</summary>
public enum WorkingSetMethod
{
    /// <summary>The best method that works on this host.</summary>
    Auto,

    /// <summary>The kernel's bitmap of idle pages. It needs root, and a kernel with CONFIG_IDLE_PAGE_TRACKING.</summary>
    PageIdle,

    /// <summary>Referenced bits, cleared and read again. It works on any kernel and stalls its target while it walks the page tables.</summary>
    Referenced,

    /// <summary>DAMON, the kernel's monitor of accesses. It needs root, and a kernel from 6.7 on with CONFIG_DAMON_VADDR and CONFIG_DAMON_SYSFS.</summary>
    Damon,
}

/// <summary>How working sets are estimated.</summary>
public sealed class WorkingSetOptions
{
    /// <summary>Length of a window; memory accessed within it is in use. Default value: 60 seconds.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How accesses are found out. Default value: <see cref="WorkingSetMethod.Auto"/>.</summary>
    public WorkingSetMethod Method { get; set; } = WorkingSetMethod.Auto;

    /// <summary>
    /// The referenced method skips processes that hold more memory, because clearing their bits stalls them. Unit: bytes. Default value: 4 GiB.
    /// </summary>
    public long ReferencedMaxResident { get; set; } = 4L << 30;

    /// <summary>
    /// The referenced method leaves out processes that it would hold up for longer, by the size of their page tables and by what passes took before. The damon method divides its walks by it. Default value: 10 ms.
    /// </summary>
    public TimeSpan MaxStall { get; set; } = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// The most pages that the damon method watches, of all processes together, where the kernel does not count every page (before Linux 6.18). Default value: 8,192.
    /// </summary>
    public int DamonSamples { get; set; } = 8192;

    /// <summary>The ages for which idle memory is reported, rising from zero. Default value: 0 and 30 seconds, 1, 2, 5, 10 and 30 minutes, 1 hour.</summary>
    public IReadOnlyList<TimeSpan> IdleAges { get; set => field = value ?? throw new ArgumentNullException(nameof(value)); } =
    [
        TimeSpan.Zero, TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(2),
        TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(30), TimeSpan.FromHours(1),
    ];

    /// <summary>Count for each process, and not for containers alone, what it accesses after it had been idle; only page_idle knows. Default value: false.</summary>
    public bool ProcessReaccessed { get; set; }

    /// <summary>Spread a pass over its interval instead of making it at once; only page_idle uses this. Default value: false.</summary>
    public bool Spread { get; set; }

    /// <summary>
    /// The processor time that passes and readings may take together, in cores: 0.01 is 1 % of one. Where a pass over all memory takes more, a share is measured, and the numbers are estimates
    /// with their errors beside them; only page_idle can. Default value: null, no bound.
    /// </summary>
    public double? CpuBudget { get; set; }

    /// <summary>Memory areas that count. Default value: <see cref="AreaFilter.All"/>.</summary>
    public AreaFilter Areas { get; set => field = value ?? throw new ArgumentNullException(nameof(value)); } = AreaFilter.All;
}

/// <summary>The settings of <see cref="WorkingSetOptions"/>.</summary>
internal static class WorkingSetSettings
{
    private static readonly ValueSyntax<WorkingSetMethod> MethodWord = Syntax.Words(
        "METHOD", "a method", ("auto", WorkingSetMethod.Auto), ("page_idle", WorkingSetMethod.PageIdle), ("damon", WorkingSetMethod.Damon), ("referenced", WorkingSetMethod.Referenced));

    private static readonly ValueSyntax<AreaWord> AreaKind = Syntax.Words(
        "KIND", "a kind of area",
        ("heap", AreaWord.Heap), ("stack", AreaWord.Stack), ("anonymous", AreaWord.Anonymous), ("file", AreaWord.File),
        ("readable", AreaWord.Readable), ("writable", AreaWord.Writable), ("executable", AreaWord.Executable));

    // Below 100 ms, a pass over a large host would not end before the next one starts.
    private static readonly ValueSyntax<TimeSpan> Window = Syntax.Time(new Duration(100), Duration.FromSeconds(86_400));

    private static readonly ValueSyntax<TimeSpan> Stall = Syntax.Time(new Duration(1), Duration.FromSeconds(60));

    private static readonly ValueSyntax<TimeSpan> Age = Syntax.Time(new Duration(0), Duration.FromSeconds(30 * 86_400));

    private static readonly ValueSyntax<int> Samples = Syntax.Integer("PAGES", "a number of pages", 128, 131_072);

    private static readonly ValueSyntax<long> Pages =
        Syntax.Integer("PAGES", "a number of pages", 0, int.MaxValue).As(static pages => (long)pages, static pages => pages.ToString(CultureInfo.InvariantCulture));

    public static Setting Method { get; } =
        new ScalarSetting<MemSnoopOptions, WorkingSetMethod>("WorkingSet:Method", MethodWord, o => o.WorkingSet.Method, (o, v) => o.WorkingSet.Method = v)
        {
            Options = ["--method"],
            Help = "How to find out which memory is used: auto, page_idle, damon or referenced.",
        };

    public static Setting ReferencedMaxResident { get; } =
        new ScalarSetting<MemSnoopOptions, long>(
            "WorkingSet:ReferencedMaxResident", Syntax.Bytes, o => o.WorkingSet.ReferencedMaxResident, (o, v) => o.WorkingSet.ReferencedMaxResident = v)
        {
            Options = ["--referenced-max-resident"],
            Help = "The method referenced skips processes that hold more memory, since it would stall them.",
        };

    public static Setting MaxStall { get; } =
        new ScalarSetting<MemSnoopOptions, TimeSpan>("WorkingSet:MaxStall", Stall, o => o.WorkingSet.MaxStall, (o, v) => o.WorkingSet.MaxStall = v)
        {
            Options = ["--max-stall"],
            Help = "The method referenced leaves out processes that it would hold up for longer; damon walks over so much memory at a time.",
        };

    public static Setting DamonSamples { get; } =
        new ScalarSetting<MemSnoopOptions, int>(
            "WorkingSet:DamonSamples", Samples, o => o.WorkingSet.DamonSamples, (o, v) => o.WorkingSet.DamonSamples = v)
        {
            Options = ["--damon-samples"],
            Help = "The most pages that the method damon watches, of all processes together, before Linux 6.18.",
        };

    public static Setting CpuBudget { get; } =
        new ScalarSetting<MemSnoopOptions, double>("WorkingSet:CpuBudget", Syntax.Cores, o => o.WorkingSet.CpuBudget ?? double.NaN, (o, v) => o.WorkingSet.CpuBudget = v)
        {
            Options = ["--cpu-budget"],
            Help = "Processor time for passes and readings together, in percent of one core. Where all memory takes more, a share is measured, with its error (page_idle only).",
            IsSet = o => o.WorkingSet.CpuBudget is not null,
        };

    public static Setting IdleAges { get; } =
        new ListSetting<MemSnoopOptions, TimeSpan>("WorkingSet:IdleAges", Age, o => o.WorkingSet.IdleAges, (o, v) => o.WorkingSet.IdleAges = v)
        {
            Options = ["--idle-ages"],
            Help = "The ages for which idle memory is reported; those below one window are left out.",
            SeparatedBy = ',',
            Check = CheckAges,
            CheckExpected = "ages that increase from 0, such as 0,30s,1m,10m,1h",
        };

    /// <summary>Which areas count; options of every command that measures working sets.</summary>
    public static IReadOnlyList<Setting> Areas { get; } =
    [
        new ListSetting<MemSnoopOptions, AreaWord>("WorkingSet:Areas", AreaKind, o => AreaWords.Of(o.WorkingSet.Areas), (o, v) => o.WorkingSet.Areas = AreaWords.Apply(v, o.WorkingSet.Areas))
        {
            Options = ["--area"],
            Help = "Count only areas of these kinds (any of heap, stack, anonymous, file) with these permissions (all of readable, writable, executable).",
            SeparatedBy = ',',
        },
        new ScalarSetting<MemSnoopOptions, long>(
            "WorkingSet:AreaLongerThan", Pages, o => o.WorkingSet.Areas.LongerThanPages, (o, v) => o.WorkingSet.Areas = o.WorkingSet.Areas with { LongerThanPages = v })
        {
            Options = ["--area-longer-than"],
            Help = "Count only areas of more pages than this.",
        },
        new ScalarSetting<MemSnoopOptions, Regex>("WorkingSet:AreaPath", Syntax.Regex, o => o.WorkingSet.Areas.Path, (o, v) => o.WorkingSet.Areas = o.WorkingSet.Areas with { Path = v })
        {
            Options = ["--area-path"],
            Help = "Count only areas whose path or name in /proc/PID/maps matches.",
        },
    ];

    public static IReadOnlyList<Setting> All { get; } =
    [
        new ScalarSetting<MemSnoopOptions, TimeSpan>("WorkingSet:Interval", Window, o => o.WorkingSet.Interval, (o, v) => o.WorkingSet.Interval = v)
        {
            Options = ["--working-set-interval"],
            Help = "Length of a window; the working set is the memory accessed within it.",
        },
        Method,
        ReferencedMaxResident,
        MaxStall,
        DamonSamples,
        IdleAges,
        new ScalarSetting<MemSnoopOptions, bool>(
            "WorkingSet:ProcessReaccessed", Syntax.Boolean, o => o.WorkingSet.ProcessReaccessed, (o, v) => o.WorkingSet.ProcessReaccessed = v)
        {
            Options = ["--process-reaccessed"],
            Help = "Count for each process too, not only for containers, the memory that it accesses after it had been idle, by age (page_idle only).",
        },
        new ScalarSetting<MemSnoopOptions, bool>("WorkingSet:Spread", Syntax.Boolean, o => o.WorkingSet.Spread, (o, v) => o.WorkingSet.Spread = v)
        {
            Options = ["--spread"],
            Help = "Spread the work of each pass over its interval (page_idle only).",
        },
        CpuBudget,
        .. Areas,
    ];

    private static string? CheckAges(IReadOnlyList<TimeSpan> ages)
    {
        if (ages is not [{ Ticks: 0 }, ..])
        {
            return ages.Count == 0 ? "is empty" : $"starts with {Duration.Format(ages[0])}";
        }

        for (int i = 1; i < ages.Count; i++)
        {
            if (ages[i] <= ages[i - 1])
            {
                return $"{Duration.Format(ages[i])} follows {Duration.Format(ages[i - 1])}";
            }
        }

        return null;
    }
}
