using MemSnoop.Exporter.Configuration;
using MemSnoop.Kernel;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Processes;

namespace MemSnoop.Exporter.Commands;

/// <summary>From the options about processes to a selection.</summary>
internal static class Selections
{
    /// <summary>The selection; a command that is started stands for itself, and without one no selection means all.</summary>
    internal static ProcessSelection From(ProcessesOptions options, bool hasChild) => new()
    {
        All = options.All || (options.SelectsAll && !hasChild),
        Pids = options.Pids.ToHashSet(),
        Names = options.Names,
        CommandLines = options.CommandLines,
        UserIds = options.Users.Select(static user => user.Value).ToHashSet(),
        Cgroups = [.. options.Cgroups.Select(static glob => (Func<string, bool>)(path => glob.IsMatch(path)))],
        IncludeChildren = options.Children,
        MinResidentBytes = (ulong)options.MinResident.Bytes,
        MaxProcesses = options.MaxProcesses,
    };

    /// <summary>Sees to it that each pid asked for exists now.</summary>
    /// <exception cref="UsageException">One does not.</exception>
    internal static void CheckPids(IEnumerable<int> pids, KernelPaths paths, string thing)
    {
        foreach (int pid in pids)
        {
            Require(pid, paths, thing).Dispose();
        }
    }

    /// <summary>Follows a process that must exist.</summary>
    /// <exception cref="UsageException">There is none, or it has no memory to speak of.</exception>
    internal static TrackedProcess Require(int pid, KernelPaths paths, string thing)
    {
        ReadOutcome outcome = TrackedProcess.TryTrack(paths, HandleBudget.Shared, pid, out TrackedProcess? process);
        if (outcome != ReadOutcome.Success)
        {
            throw outcome switch
            {
                ReadOutcome.ProcessGone => new UsageException(thing, $"there is no process {pid}", "the pid of a living process"),
                ReadOutcome.Denied => new UsageException(thing, $"process {pid} may not be read", "root, or a process of this user"),
                _ => new UsageException(thing, $"process {pid} cannot be read ({outcome.ToReason()})", $"a proc file system at {paths.ProcRoot}"),
            };
        }

        if (process!.Stat.IsKernelThread)
        {
            string name = process.Comm;
            process.Dispose();
            throw new UsageException(thing, $"{pid} ({name}) is a thread of the kernel, which has no memory of its own", "the pid of a process");
        }

        return process;
    }
}
