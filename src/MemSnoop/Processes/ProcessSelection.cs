using System.Text;
using System.Text.RegularExpressions;
using MemSnoop.Containers;
using MemSnoop.Kernel;
using MemSnoop.ProcFs;

namespace MemSnoop.Processes;

/// <summary>
/// Which processes are watched. Pids add; the other kinds of filter narrow each other, and the values of one kind widen
/// it: <c>name nginx|redis</c> and <c>user www</c> selects processes of www that are called either. Nothing given selects nothing.
/// </summary>
public sealed record ProcessSelection
{
    /// <summary>Processes by pid.</summary>
    public IReadOnlySet<int> Pids { get; init; } = new HashSet<int>();

    /// <summary>Regular expressions on the command name (comm).</summary>
    public IReadOnlyList<Regex> Names { get; init; } = [];

    /// <summary>Regular expressions on the command line, its arguments joined by blanks.</summary>
    public IReadOnlyList<Regex> CommandLines { get; init; } = [];

    /// <summary>Real user ids.</summary>
    public IReadOnlySet<uint> UserIds { get; init; } = new HashSet<uint>();

    /// <summary>Predicates on the control group path.</summary>
    public IReadOnlyList<Func<string, bool>> Cgroups { get; init; } = [];

    /// <summary>Predicates on the unit of systemd: the innermost service or scope, empty for a process of none.</summary>
    public IReadOnlyList<Func<string, bool>> Units { get; init; } = [];

    /// <summary>
    /// A predicate on the container of a process whose name (comm) is given too; null selects by no container. What it says can change when the names of a container become known.
    /// </summary>
    internal Func<ContainerIdentity, string, bool>? Container { get; init; }

    /// <summary>Whether the descendants of a selected process are watched with it. Default value: true.</summary>
    public bool IncludeChildren { get; init; } = true;

    /// <summary>Processes that hold less resident memory, in bytes, are not watched. Default value: 0.</summary>
    public ulong MinResidentBytes { get; init; }

    /// <summary>Maximum number of watched processes; the largest by resident memory are watched. Default value: 2,000.</summary>
    public int MaxProcesses { get; init; } = 2000;

    /// <summary>Whether every process is selected, within the limits. Default value: false.</summary>
    public bool All { get; init; }

    internal bool HasFilters => Names.Count > 0 || CommandLines.Count > 0 || UserIds.Count > 0 || HasCgroupFilters;

    /// <summary>Whether a process can become or cease to be selected by being moved to another control group.</summary>
    internal bool HasCgroupFilters => Cgroups.Count > 0 || Units.Count > 0 || Container is not null;
}

/// <summary>Matches one process against a selection; reads status, cmdline and cgroup only if a filter needs them.</summary>
internal sealed class SelectionMatcher(ProcessSelection selection)
{
    private readonly KernelBuffer _buffer = new();

    internal ReadOutcome Match(ProcessDirectory directory, in Stat stat, bool parentSelected, out bool selected)
    {
        selected = selection.All || selection.Pids.Contains(stat.Pid) || (parentSelected && selection.IncludeChildren);
        if (selected || !selection.HasFilters)
        {
            return ReadOutcome.Success;
        }

        return MatchFilters(directory, stat, out selected);
    }

    private ReadOutcome MatchFilters(ProcessDirectory directory, in Stat stat, out bool selected)
    {
        selected = false;
        if (selection.Names.Count > 0)
        {
            string name = stat.Comm.ToString();
            if (!selection.Names.Any(regex => regex.IsMatch(name)))
            {
                return ReadOutcome.Success;
            }
        }

        if (selection.UserIds.Count > 0)
        {
            ReadOutcome outcome = directory.Read("status"u8, _buffer, Status.TryParse, out Status status);
            if (outcome != ReadOutcome.Success || !selection.UserIds.Contains(status.RealUserId))
            {
                return outcome;
            }
        }

        if (selection.CommandLines.Count > 0)
        {
            ReadOutcome outcome = directory.ReadToEnd("cmdline"u8, _buffer, out ReadOnlySpan<byte> text);
            if (outcome != ReadOutcome.Success)
            {
                return outcome;
            }

            string commandLine = CommandLine.ToDisplay(text);
            if (!selection.CommandLines.Any(regex => regex.IsMatch(commandLine)))
            {
                return ReadOutcome.Success;
            }
        }

        if (selection.HasCgroupFilters && !MatchesCgroup(directory, stat))
        {
            return ReadOutcome.Success;
        }

        selected = true;
        return ReadOutcome.Success;
    }

    private bool MatchesCgroup(ProcessDirectory directory, in Stat stat)
    {
        ReadCgroup(directory, _buffer, out string path, out Membership membership);
        return (selection.Cgroups.Count == 0 || selection.Cgroups.Any(matches => matches(path)))
            && (selection.Units.Count == 0 || selection.Units.Any(matches => matches(membership.Unit)))
            && selection.Container?.Invoke(membership.Container, stat.Comm.ToString()) != false;
    }

    /// <summary>Reads the control groups of a process: the path that tells workloads apart, and what the process belongs to. Both are empty if they cannot be read.</summary>
    internal static ReadOutcome ReadCgroup(ProcessDirectory directory, KernelBuffer buffer, out string path, out Membership membership)
    {
        path = "";
        membership = Membership.None;
        ReadOutcome outcome = directory.ReadToEnd("cgroup"u8, buffer, out ReadOnlySpan<byte> text);
        if (outcome == ReadOutcome.Success)
        {
            path = Cgroup.TryParse(text, out Cgroup cgroup) ? Encoding.UTF8.GetString(cgroup.Path) : "";
            membership = Membership.Parse(text);
        }

        return outcome;
    }
}
