using System.Text.RegularExpressions;

namespace MemSnoop.Metrics.Configuration;

/// <summary>
/// Which processes are watched: without a selection the process itself, without its children. Pids add; the other kinds of selection narrow each other, and several values of
/// one kind widen it.
/// </summary>
public sealed class ProcessesOptions
{
    /// <summary>Ids of processes that are watched, whatever else is selected. Default value: none.</summary>
    public IReadOnlyList<int> Pids { get; set => field = value ?? throw new ArgumentNullException(nameof(value)); } = [];

    /// <summary>Expressions found anywhere in the process name, <c>/proc/PID/comm</c> (the kernel keeps 15 bytes of it). Default value: none.</summary>
    public IReadOnlyList<Regex> Names { get; set => field = value ?? throw new ArgumentNullException(nameof(value)); } = [];

    /// <summary>Expressions found anywhere in the command line, its arguments joined by blanks. Default value: none.</summary>
    public IReadOnlyList<Regex> CommandLines { get; set => field = value ?? throw new ArgumentNullException(nameof(value)); } = [];

    /// <summary>Real user ids of the users whose processes are watched. Default value: none.</summary>
    public IReadOnlyList<uint> Users { get; set => field = value ?? throw new ArgumentNullException(nameof(value)); } = [];

    /// <summary>
    /// Patterns for the cgroup path: <c>*</c> and <c>?</c> stay within one part of it, <c>**</c> crosses parts, as in <c>/system.slice/**</c>. Default value: none.
    /// </summary>
    public IReadOnlyList<string> Cgroups { get; set => field = value ?? throw new ArgumentNullException(nameof(value)); } = [];

    /// <summary>Watch every process, whatever else is selected. Default value: false.</summary>
    public bool All { get; set; }

    /// <summary>Watch the children of watched processes too. Default value: true.</summary>
    public bool Children { get; set; } = true;

    /// <summary>Processes that hold less resident memory than this are left out. Unit: bytes. Default value: 0.</summary>
    public long MinResident { get; set; }

    /// <summary>At most this many processes are watched, those that hold most first. Default value: 2000.</summary>
    public int MaxProcesses { get; set; } = 2000;

    /// <summary>Label series with the container a process runs in. Default value: false.</summary>
    public bool ContainerLabels { get; set; }

    /// <summary>
    /// Whether the process itself is watched where nothing is selected. Not by the program <c>memsnoop</c>: it watches every process then, or the command that it starts.
    /// Default value: true.
    /// </summary>
    internal bool WatchesItself { get; set; } = true;

    /// <summary>Whether anything is selected.</summary>
    internal bool HasSelection => All || Pids.Count > 0 || Names.Count > 0 || CommandLines.Count > 0 || Users.Count > 0 || Cgroups.Count > 0;
}

/// <summary>The settings of <see cref="ProcessesOptions"/>.</summary>
internal static class ProcessesSettings
{
    public static IReadOnlyList<Setting> All { get; } =
    [
        new ListSetting<MemSnoopOptions, int>("Processes:Pids", Syntax.Pid, o => o.Processes.Pids, (o, v) => o.Processes.Pids = v)
        {
            Options = ["--pid"],
            Help = "Watch the process with this id, whatever else is selected.",
            SeparatedBy = ',',
        },
        new ListSetting<MemSnoopOptions, Regex>("Processes:Names", Syntax.Regex, o => o.Processes.Names, (o, v) => o.Processes.Names = v)
        {
            Options = ["--name"],
            Help = "Watch processes whose name (ps -o comm) matches. Several values widen the selection, other kinds of selection narrow it.",
        },
        new ListSetting<MemSnoopOptions, Regex>("Processes:CommandLines", Syntax.Regex, o => o.Processes.CommandLines, (o, v) => o.Processes.CommandLines = v)
        {
            Options = ["--command-line"],
            Help = "Watch processes whose command line matches.",
        },
        new ListSetting<MemSnoopOptions, uint>("Processes:Users", Syntax.User, o => o.Processes.Users, (o, v) => o.Processes.Users = v)
        {
            Options = ["--user"],
            Help = "Watch the processes of this user (name or user id).",
        },
        new ListSetting<MemSnoopOptions, string>("Processes:Cgroups", Syntax.CgroupGlob, o => o.Processes.Cgroups, (o, v) => o.Processes.Cgroups = v)
        {
            Options = ["--cgroup"],
            Help = "Watch the processes of cgroups whose path matches; * and ? match within one part of the path, ** matches across parts.",
        },
        new ScalarSetting<MemSnoopOptions, bool>("Processes:All", Syntax.Boolean, o => o.Processes.All, (o, v) => o.Processes.All = v)
        {
            Options = ["--all"],
            Help = "Watch every process.",
        },
        new ScalarSetting<MemSnoopOptions, bool>("Processes:Children", Syntax.Boolean, o => o.Processes.Children, (o, v) => o.Processes.Children = v)
        {
            OffOption = "--no-children",
            Help = "Do not watch the children of watched processes.",
        },
        new ScalarSetting<MemSnoopOptions, long>("Processes:MinResident", Syntax.Bytes, o => o.Processes.MinResident, (o, v) => o.Processes.MinResident = v)
        {
            Options = ["--min-resident"],
            Help = "Do not watch processes that hold less memory than this.",
        },
        new ScalarSetting<MemSnoopOptions, int>(
            "Processes:MaxProcesses", Syntax.Integer("COUNT", "a number of processes", 1, 1 << 22),
            o => o.Processes.MaxProcesses, (o, v) => o.Processes.MaxProcesses = v)
        {
            Options = ["--max-processes"],
            Help = "Watch at most this many processes, the largest first.",
        },
        new ScalarSetting<MemSnoopOptions, bool>("Processes:ContainerLabels", Syntax.Boolean, o => o.Processes.ContainerLabels, (o, v) => o.Processes.ContainerLabels = v)
        {
            Options = ["--container-labels"],
            Help = "Add the label container_id to the series of processes.",
        },
    ];
}
