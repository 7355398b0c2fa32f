using MemSnoop.Kernel;
using MemSnoop.ProcFs;

namespace MemSnoop.Processes;

/// <summary>Holds one process against a selection; reads status, cmdline and cgroup only when a filter asks for them.</summary>
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

        if (selection.Cgroups.Count > 0)
        {
            string path = ReadCgroup(directory);
            if (!selection.Cgroups.Any(matches => matches(path)))
            {
                return ReadOutcome.Success;
            }
        }

        selected = true;
        return ReadOutcome.Success;
    }

    internal string ReadCgroup(ProcessDirectory directory) =>
        directory.ReadToEnd("cgroup"u8, _buffer, out ReadOnlySpan<byte> text) == ReadOutcome.Success && Cgroup.TryParse(text, out Cgroup cgroup)
            ? System.Text.Encoding.UTF8.GetString(cgroup.Path)
            : "";
}
