using System.Text.RegularExpressions;

namespace MemSnoop.Exporter.Configuration;

/// <summary>The settings of <see cref="ProcessesOptions"/>.</summary>
internal static class ProcessesSettings
{
    public static IReadOnlyList<Setting> All { get; } =
    [
        new ListSetting<int>("Processes:Pids", Syntax.Pid, o => o.Processes.Pids, (o, v) => o.Processes.Pids = v)
        {
            Options = ["--pid"],
            Help = "Watch the process with this id, whatever else is selected.",
            SeparatedBy = ',',
        },
        new ListSetting<Regex>("Processes:Names", Syntax.Regex, o => o.Processes.Names, (o, v) => o.Processes.Names = v)
        {
            Options = ["--name"],
            Help = "Watch processes with this in their name (ps -o comm). Given several times, any of them; together with other kinds of selection, all of those.",
        },
        new ListSetting<Regex>("Processes:CommandLines", Syntax.Regex, o => o.Processes.CommandLines, (o, v) => o.Processes.CommandLines = v)
        {
            Options = ["--command-line"],
            Help = "Watch processes with this in their command line.",
        },
        new ListSetting<UserId>("Processes:Users", Syntax.User, o => o.Processes.Users, (o, v) => o.Processes.Users = v)
        {
            Options = ["--user"],
            Help = "Watch the processes of this user, a name or a user id.",
        },
        new ListSetting<Glob>("Processes:Cgroups", Syntax.CgroupGlob, o => o.Processes.Cgroups, (o, v) => o.Processes.Cgroups = v)
        {
            Options = ["--cgroup"],
            Help = "Watch the processes of cgroups whose path matches; * and ? stay within one part of the path, ** crosses parts.",
        },
        new ScalarSetting<bool>("Processes:All", Syntax.Boolean, o => o.Processes.All, (o, v) => o.Processes.All = v)
        {
            Options = ["--all"],
            Help = "Watch every process.",
        },
        new ScalarSetting<bool>("Processes:Children", Syntax.Boolean, o => o.Processes.Children, (o, v) => o.Processes.Children = v)
        {
            OffOption = "--no-children",
            Help = "Do not watch the children of watched processes.",
        },
        new ScalarSetting<ByteSize>("Processes:MinResident", Syntax.ByteSize, o => o.Processes.MinResident, (o, v) => o.Processes.MinResident = v)
        {
            Options = ["--min-resident"],
            Help = "Leave out processes that hold less memory.",
        },
        new ScalarSetting<int>(
            "Processes:MaxProcesses", Syntax.Integer("COUNT", "a number of processes", 1, 1 << 22),
            o => o.Processes.MaxProcesses, (o, v) => o.Processes.MaxProcesses = v)
        {
            Options = ["--max-processes"],
            Help = "Watch at most so many, the biggest first.",
        },
        new ScalarSetting<bool>("Processes:ContainerLabels", Syntax.Boolean, o => o.Processes.ContainerLabels, (o, v) => o.Processes.ContainerLabels = v)
        {
            Options = ["--container-labels"],
            Help = "Label processes with their container.",
        },
    ];
}
