using System.Text.RegularExpressions;

namespace MemSnoop.Exporter.Configuration;

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
