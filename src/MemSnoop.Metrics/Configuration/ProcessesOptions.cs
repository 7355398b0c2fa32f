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

    /// <summary>
    /// Patterns for the namespace of the pod that a process is in: <c>*</c> and <c>?</c> stand for any characters, and for one. Default value: none.
    /// </summary>
    public IReadOnlyList<string> Namespaces { get; set => field = value ?? throw new ArgumentNullException(nameof(value)); } = [];

    /// <summary>Patterns for the name of the pod that a process is in. Default value: none.</summary>
    public IReadOnlyList<string> Pods { get; set => field = value ?? throw new ArgumentNullException(nameof(value)); } = [];

    /// <summary>
    /// Selectors for the labels of the pod that a process is in, in the syntax of Kubernetes: <c>app=web,tier!=cache</c>. They need a source that knows labels: the kubelet, the API
    /// server or the runtime. Default value: none.
    /// </summary>
    public IReadOnlyList<string> PodLabels { get; set => field = value ?? throw new ArgumentNullException(nameof(value)); } = [];

    /// <summary>Patterns for the container that a process is in: for its name in the pod, or for its id. Default value: none.</summary>
    public IReadOnlyList<string> Containers { get; set => field = value ?? throw new ArgumentNullException(nameof(value)); } = [];

    /// <summary>Patterns for the service or scope of systemd that a process is in, such as <c>ssh.service</c>. Default value: none.</summary>
    public IReadOnlyList<string> Units { get; set => field = value ?? throw new ArgumentNullException(nameof(value)); } = [];

    /// <summary>Watch every process, whatever else is selected. Default value: false.</summary>
    public bool All { get; set; }

    /// <summary>Watch the children of watched processes too. Default value: true.</summary>
    public bool Children { get; set; } = true;

    /// <summary>Processes that hold less resident memory than this are left out. Unit: bytes. Default value: 0.</summary>
    public long MinResident { get; set; }

    /// <summary>At most this many processes are watched, those that hold most first. Default value: 2000.</summary>
    public int MaxProcesses { get; set; } = 2000;

    /// <summary>
    /// Whether series have the labels <c>namespace</c>, <c>pod</c>, <c>container</c> and <c>container_id</c>, which are empty for processes of the host. Default value: null, they
    /// have them if a process is in a container at the start. Not so where the process watches itself alone.
    /// </summary>
    public bool? ContainerLabels { get; set; }

    /// <summary>
    /// Whether series have the label <c>unit</c>, the service or scope of systemd. Default value: null, they have it if systemd runs the host. Not so where the process watches
    /// itself alone.
    /// </summary>
    public bool? UnitLabel { get; set; }

    /// <summary>
    /// Whether the process itself is watched where nothing is selected. Not by the program <c>memsnoop</c>: it watches every process then, or the command that it starts.
    /// Default value: true.
    /// </summary>
    internal bool WatchesItself { get; set; } = true;

    /// <summary>Whether anything is selected.</summary>
    internal bool HasSelection => All || Pids.Count > 0 || Names.Count > 0 || CommandLines.Count > 0 || Users.Count > 0 || Cgroups.Count > 0 || Units.Count > 0 || SelectsContainers;

    /// <summary>Whether the names or the id of a container are selected, or the labels of its pod.</summary>
    internal bool SelectsContainers => Namespaces.Count > 0 || Pods.Count > 0 || PodLabels.Count > 0 || Containers.Count > 0;
}

/// <summary>The settings of <see cref="ProcessesOptions"/>.</summary>
internal static class ProcessesSettings
{
    public static Setting PodLabels { get; } = new ListSetting<MemSnoopOptions, string>("Processes:PodLabels", Syntax.LabelSelector, o => o.Processes.PodLabels, (o, v) => o.Processes.PodLabels = v)
    {
        Options = ["--pod-label"],
        Help = "Watch the processes of pods whose labels are selected.",
    };

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
        new ListSetting<MemSnoopOptions, string>("Processes:Namespaces", Syntax.NameGlob, o => o.Processes.Namespaces, (o, v) => o.Processes.Namespaces = v)
        {
            Options = ["--namespace"],
            Help = "Watch the processes of pods in namespaces that match.",
        },
        new ListSetting<MemSnoopOptions, string>("Processes:Pods", Syntax.NameGlob, o => o.Processes.Pods, (o, v) => o.Processes.Pods = v)
        {
            Options = ["--pod"],
            Help = "Watch the processes of pods whose name matches.",
        },
        PodLabels,
        new ListSetting<MemSnoopOptions, string>("Processes:Containers", Syntax.NameGlob, o => o.Processes.Containers, (o, v) => o.Processes.Containers = v)
        {
            Options = ["--container"],
            Help = "Watch the processes of containers whose name in the pod, or whose id, matches.",
        },
        new ListSetting<MemSnoopOptions, string>("Processes:Units", Syntax.NameGlob, o => o.Processes.Units, (o, v) => o.Processes.Units = v)
        {
            Options = ["--unit"],
            Help = "Watch the processes of services and scopes of systemd whose name matches.",
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
        new ScalarSetting<MemSnoopOptions, bool>(
            "Processes:ContainerLabels", Syntax.Boolean, o => o.Processes.ContainerLabels ?? false, (o, v) => o.Processes.ContainerLabels = v)
        {
            Options = ["--container-labels"],
            OffOption = "--no-container-labels",
            IsSet = o => o.Processes.ContainerLabels is not null,
            Help = "Add the labels namespace, pod, container and container_id. They are there if there is a container at the start.",
        },
        new ScalarSetting<MemSnoopOptions, bool>("Processes:UnitLabel", Syntax.Boolean, o => o.Processes.UnitLabel ?? false, (o, v) => o.Processes.UnitLabel = v)
        {
            Options = ["--unit-label"],
            OffOption = "--no-unit-label",
            IsSet = o => o.Processes.UnitLabel is not null,
            Help = "Add the label unit, the service or scope of systemd. It is there on a host that runs systemd.",
        },
    ];
}
