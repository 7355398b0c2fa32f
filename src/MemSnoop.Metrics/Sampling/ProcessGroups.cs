using System.Globalization;
using System.Text.RegularExpressions;
using MemSnoop.Containers;
using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Processes;
using MemSnoop.ProcFs;

namespace MemSnoop.Metrics.Sampling;

/// <summary>
/// Puts processes in groups: by the first rule that applies when the process is first seen, and again after an exec, or when it is moved where that matters. One to which no rule applies is in
/// the group of its nearest ancestor that has one. A process in a container counts there, if containers have labels.
/// </summary>
/// <param name="rules">The rules.</param>
/// <param name="withChildren">Whether descendants go with their ancestors.</param>
/// <param name="hasContainers">Whether processes of containers are in no group.</param>
internal sealed class ProcessGroups(IReadOnlyList<GroupRule> rules, bool withChildren, bool hasContainers)
{
    /// <summary>Longer chains of ancestors than any host has.</summary>
    private const int MostAncestors = 100;

    private readonly bool _needsMembership = hasContainers || rules.Any(static rule => rule.Name.Uses(GroupField.Unit) || rule.Name.Uses(GroupField.Cgroups));
    private readonly bool _needsUser = rules.Any(static rule => rule.Name.Uses(GroupField.Username));
    private readonly bool _needsCommandLine = rules.Any(static rule => rule.NeedsCommandLine);
    private readonly KernelBuffer _buffer = new();
    private readonly UserNames _users = new();
    private readonly List<WatchedProcess> _strays = [];

    /// <summary>The groups that the options want; null if they want none.</summary>
    internal static ProcessGroups? From(MemSnoopOptions options, ProcessLabels labels) =>
        options.Groups.AreOn ? new ProcessGroups(options.Groups.Rules, options.Processes.Children, labels.HasContainers) : null;

    /// <summary>Whether the control groups of processes have to be read.</summary>
    internal bool NeedCgroups => _needsMembership;

    /// <summary>Puts those in a group that are not in their right one yet.</summary>
    internal void Assign(WatchedProcess[] processes)
    {
        foreach (WatchedProcess process in processes)
        {
            Membership membership = process.Process.Membership;
            if (process.GroupedIn is { } before && (!_needsMembership || ReferenceEquals(before, membership)))
            {
                continue;
            }

            process.GroupedIn = membership;
            bool isContained = hasContainers && !ReferenceEquals(membership.Container, ContainerIdentity.None);
            process.Process.Group = isContained ? null : Find(process.Process);
            if (!isContained && process.Process.Group is null && withChildren)
            {
                _strays.Add(process);
            }
        }

        if (_strays.Count > 0)
        {
            Dictionary<int, TrackedProcess> byPid = processes.ToDictionary(static process => process.Process.Identity.Pid, static process => process.Process);
            foreach (WatchedProcess stray in _strays)
            {
                stray.Process.Group = Inherited(stray.Process, byPid);
            }

            _strays.Clear();
        }
    }

    private static ProcessGroup? Inherited(TrackedProcess process, Dictionary<int, TrackedProcess> byPid)
    {
        TrackedProcess? ancestor = process;
        for (int i = 0; i < MostAncestors && byPid.TryGetValue(ancestor.Stat.ParentPid, out ancestor); i++)
        {
            if (ancestor.Group is { } group)
            {
                return group;
            }
        }

        return null;
    }

    private ProcessGroup? Find(TrackedProcess process)
    {
        if (!TryDescribe(process, out string user, out string commandLine, out string? first))
        {
            return null;
        }

        Dictionary<string, string> matches = [];
        foreach (GroupRule rule in rules)
        {
            matches.Clear();
            if (Matches(rule, process.Comm, first, commandLine, matches))
            {
                string name = CommandLineValue.Clean(rule.Name.Expand(ValueOf, matches));
                return name.Length > 0 ? new ProcessGroup(name) : null;
            }
        }

        return null;

        string ValueOf(GroupField field) => field switch
        {
            GroupField.Comm => process.Comm,
            GroupField.ExeBase => LastPart(first ?? process.Comm),
            GroupField.ExeFull => first ?? process.Comm,
            GroupField.Username => user,
            GroupField.Pid => process.Identity.Pid.ToString(CultureInfo.InvariantCulture),
            GroupField.Cgroups => $"[{process.CgroupPath}]",
            GroupField.Unit => process.Membership.Unit,
            _ => "",
        };
    }

    /// <summary>Reads what rules ask for; false if that cannot be read, so that nothing is known of the process.</summary>
    private bool TryDescribe(TrackedProcess process, out string user, out string commandLine, out string? first)
    {
        (user, commandLine, first) = ("", "", null);
        if (_needsUser)
        {
            if (process.ReadStatusAnew(_buffer, out Status status) != ReadOutcome.Success)
            {
                return false;
            }

            user = _users.NameOf(status.EffectiveUserId);
        }

        if (!_needsCommandLine)
        {
            return true;
        }

        if (process.Enter(out ProcessDirectory directory) != ReadOutcome.Success)
        {
            return false;
        }

        ReadOutcome outcome = directory.ReadToEnd("cmdline"u8, _buffer, out ReadOnlySpan<byte> text);
        process.Leave(directory);
        if (outcome != ReadOutcome.Success)
        {
            return false;
        }

        if (!text.IsEmpty)
        {
            text = CommandLineValue.Bound(text);
            int end = text.IndexOf((byte)0);
            commandLine = CommandLine.ToDisplay(text);
            first = CommandLine.ToDisplay(end < 0 ? text : text[..end]);
        }

        return true;
    }

    private static bool Matches(GroupRule rule, string comm, string? first, string commandLine, Dictionary<string, string> matches)
    {
        if (rule.Comms.Count > 0 && !rule.Comms.Contains(comm, StringComparer.Ordinal))
        {
            return false;
        }

        if (rule.Exes.Count > 0 && !(first is not null && rule.Exes.Any(exe => exe == (exe.Contains('/', StringComparison.Ordinal) ? first : LastPart(first)))))
        {
            return false;
        }

        foreach (Regex expression in rule.CommandLines)
        {
            Match match = expression.Match(commandLine);
            if (!match.Success)
            {
                return false;
            }

            foreach (string name in expression.GetGroupNames())
            {
                matches[name] = match.Groups[name].Value;
            }
        }

        return true;
    }

    private static string LastPart(string path)
    {
        string trimmed = path.TrimEnd('/');
        return trimmed.Length == 0 ? path : trimmed[(trimmed.LastIndexOf('/') + 1)..];
    }
}
