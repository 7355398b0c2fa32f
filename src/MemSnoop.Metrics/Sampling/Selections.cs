using System.Globalization;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.Metrics.Sampling;

/// <summary>Turns the options about processes into a selection.</summary>
internal static class Selections
{
    /// <summary>The selection; where nothing is selected, this process without its children, unless the options say no to that too.</summary>
    /// <param name="options">What is selected.</param>
    /// <param name="paths">Where the kernel's files are.</param>
    /// <param name="naming">Knows the names of containers; needed where containers are selected.</param>
    internal static ProcessSelection From(ProcessesOptions options, KernelPaths paths, ContainerNaming? naming) =>
        options.HasSelection || !options.WatchesItself
            ? Of(options, naming, [.. options.Pids], options.Children)
            : Of(options, naming, Own(paths) is int own ? [own] : [], includeChildren: false);

    private static ProcessSelection Of(ProcessesOptions options, ContainerNaming? naming, HashSet<int> pids, bool includeChildren) => new()
    {
        All = options.All,
        Pids = pids,
        Names = options.Names,
        CommandLines = options.CommandLines,
        UserIds = options.Users.ToHashSet(),
        Cgroups = [.. options.Cgroups.Select(static pattern => Matcher(pattern))],
        Units = [.. options.Units.Select(static pattern => NameMatcher(pattern))],
        Container = options.SelectsContainers ? new ContainerSelection(options, naming!).Matches : null,
        IncludeChildren = includeChildren,
        MinResidentBytes = (ulong)options.MinResident,
        MaxProcesses = options.MaxProcesses,
    };

    /// <summary>
    /// The pid of this process below the proc root, as the link <c>self</c> there says: a procfs shows the pids of the namespace that it was mounted for, and a container
    /// that looks at its host's has another one there. Null where that namespace does not have this process (<c>pid_namespaces(7)</c>).
    /// </summary>
    private static int? Own(KernelPaths paths) =>
        int.TryParse(new FileInfo(paths.Proc("self")).LinkTarget, NumberStyles.None, CultureInfo.InvariantCulture, out int pid) ? pid : null;

    private static Func<string, bool> Matcher(string pattern) =>
        Glob.TryParse(pattern, out Glob? glob) ? glob!.IsMatch : throw new ArgumentException($"{UsageException.Quote(pattern)} is not a pattern", nameof(pattern));

    /// <summary>A pattern for names, which is one for paths of a single part.</summary>
    internal static Func<string, bool> NameMatcher(string pattern)
    {
        Func<string, bool> matches = Matcher("/" + pattern);
        return name => matches("/" + name);
    }

    /// <summary>Checks that each selected pid exists now.</summary>
    /// <exception cref="UsageException">One does not.</exception>
    internal static void CheckPids(IEnumerable<int> pids, KernelPaths paths, string thing)
    {
        foreach (int pid in pids)
        {
            Require(pid, paths, thing).Dispose();
        }
    }

    /// <summary>Follows a process that must exist.</summary>
    /// <exception cref="UsageException">There is no such process, or it is a kernel thread.</exception>
    internal static TrackedProcess Require(int pid, KernelPaths paths, string thing)
    {
        Tracking tracking = new(paths, pid);
        using (WatchedThread thread = new("memsnoop start", paths.Hung))
        {
            thread.Run(tracking);
        }

        ReadOutcome outcome = tracking.Outcome;
        TrackedProcess? process = tracking.Process;
        if (outcome != ReadOutcome.Success)
        {
            throw outcome switch
            {
                ReadOutcome.ProcessGone => new UsageException(thing, $"there is no process {pid}", "the pid of a running process"),
                ReadOutcome.Denied => new UsageException(thing, $"process {pid} may not be read", "root, or a process of this user"),
                ReadOutcome.Hung => new UsageException(thing, $"process {pid} does not answer", "a process that does not hang in the kernel"),
                _ => new UsageException(thing, $"process {pid} cannot be read ({outcome.ToReason()})", $"a proc file system at {paths.ProcRoot}"),
            };
        }

        if (process!.Stat.IsKernelThread)
        {
            string name = process.Comm;
            process.Dispose();
            throw new UsageException(thing, $"{pid} ({name}) is a kernel thread, which has no memory of its own", "the pid of a process");
        }

        return process;
    }

    /// <summary>Follows a process, unless it does not answer.</summary>
    private sealed class Tracking(KernelPaths paths, int pid) : IWatchedWork
    {
        public ReadOutcome Outcome { get; private set; } = ReadOutcome.Hung;

        public TrackedProcess? Process { get; private set; }

        public void Do()
        {
            if (!paths.Hung.Refuse(pid))
            {
                Outcome = TrackedProcess.TryTrack(paths, HandleBudget.Shared, pid, out TrackedProcess? process);
                Process = process;
            }
        }

        public void Skip(int pid)
        {
        }
    }
}
