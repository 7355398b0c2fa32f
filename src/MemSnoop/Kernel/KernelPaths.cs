namespace MemSnoop.Kernel;

/// <summary>
/// The mount points of procfs and sysfs, and the directory for locks; the only place that knows them. In a container the host's are mounted elsewhere
/// (<c>/host/proc</c>); in tests they are plain files.
/// </summary>
/// <param name="ProcRoot">Where proc(5) is mounted. Default value: /proc.</param>
/// <param name="SysRoot">Where sysfs(5) is mounted. Default value: /sys.</param>
/// <param name="RunDirectory">Where the programs of one host that measure working sets lock each other out. Default value: /run/memsnoop.</param>
public sealed record KernelPaths(string ProcRoot = "/proc", string SysRoot = "/sys", string RunDirectory = KernelPaths.DefaultRunDirectory)
{
    /// <summary>The usual <see cref="RunDirectory"/>: <c>/run</c> is emptied at boot (<c>hier(7)</c>).</summary>
    public const string DefaultRunDirectory = "/run/memsnoop";

    /// <summary>/proc, /sys and /run/memsnoop.</summary>
    public static KernelPaths Default { get; } = new();

    /// <summary>Processes below the proc root that do not answer. All that have the same root share it.</summary>
    internal HungProcesses Hung { get; } = HungProcesses.Below(ProcRoot);

    /// <summary>A path below the proc root, like <c>Proc("diskstats")</c>.</summary>
    public string Proc(string relative) => Path.Join(ProcRoot, relative);

    /// <summary>A path below the sysfs root, like <c>Sys("kernel/mm/page_idle/bitmap")</c>.</summary>
    public string Sys(string relative) => Path.Join(SysRoot, relative);
}
