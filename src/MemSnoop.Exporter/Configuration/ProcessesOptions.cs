using System.Text.RegularExpressions;

namespace MemSnoop.Exporter.Configuration;

/// <summary>
/// Which processes are watched. Pids add; the other kinds of selection narrow each other, and the values of one kind widen it.
/// </summary>
internal sealed class ProcessesOptions
{
    /// <summary>Process ids. Default value: none.</summary>
    public IReadOnlyList<int> Pids { get; set; } = [];

    /// <summary>Expressions found anywhere in the process name, <c>/proc/PID/comm</c> (the kernel keeps 15 bytes of it). Default value: none.</summary>
    public IReadOnlyList<Regex> Names { get; set; } = [];

    /// <summary>Expressions found anywhere in the command line, its arguments joined by blanks. Default value: none.</summary>
    public IReadOnlyList<Regex> CommandLines { get; set; } = [];

    /// <summary>Users whose processes are watched, by real user id. Default value: none.</summary>
    public IReadOnlyList<UserId> Users { get; set; } = [];

    /// <summary>Patterns for the cgroup path. Default value: none.</summary>
    public IReadOnlyList<Glob> Cgroups { get; set; } = [];

    /// <summary>Watch every process, whatever else is selected. Default value: false.</summary>
    public bool All { get; set; }

    /// <summary>Watch the children of watched processes too. Default value: true.</summary>
    public bool Children { get; set; } = true;

    /// <summary>Processes that hold less memory than this are left out. Default value: 0.</summary>
    public ByteSize MinResident { get; set; }

    /// <summary>At most this many processes are watched, those that hold most first. Default value: 2000.</summary>
    public int MaxProcesses { get; set; } = 2000;

    /// <summary>Label series with the container a process runs in. Default value: false.</summary>
    public bool ContainerLabels { get; set; }

    /// <summary>True when every process is watched: by <see cref="All"/>, or because nothing was selected.</summary>
    public bool SelectsAll => All || (Pids.Count == 0 && Names.Count == 0 && CommandLines.Count == 0 && Users.Count == 0 && Cgroups.Count == 0);
}
