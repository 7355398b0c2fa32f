namespace MemSnoop.Measurements;

/// <summary>The names of all measurements.</summary>
public static class MeasurementNames
{
    /// <summary>CPU time, page faults, threads and start time from <c>/proc/PID/stat</c>.</summary>
    public const string Stat = "stat";

    /// <summary>Memory held, from <c>/proc/PID/statm</c>.</summary>
    public const string Statm = "statm";

    /// <summary>Characters, system calls and storage bytes from <c>/proc/PID/io</c>.</summary>
    public const string ProcessIo = "process-io";

    /// <summary>Context switches and block IO delay of all threads.</summary>
    public const string Scheduling = "scheduling";

    /// <summary>Open file descriptors.</summary>
    public const string OpenFiles = "open-files";

    /// <summary>Proportional memory, swap and huge pages from <c>/proc/PID/smaps_rollup</c>.</summary>
    public const string Smaps = "smaps";

    /// <summary>Events of processor and kernel, counted by <see cref="Counters.ICounterProvider"/>s.</summary>
    public const string Counters = "counters";

    /// <summary>Disks, from <c>/proc/diskstats</c>.</summary>
    public const string DiskIo = "disk-io";

    /// <summary>The wall clock.</summary>
    public const string Timestamp = "timestamp";

    /// <summary>Uptime of the machine, CPU time, page faults and start time of a process.</summary>
    public const string Uptime = "uptime";

    /// <summary>The pages that were accessed within a window.</summary>
    public const string ActivePages = "active-pages";

    /// <summary>Working sets and idle memory by age.</summary>
    public const string WorkingSet = "working-set";
}
