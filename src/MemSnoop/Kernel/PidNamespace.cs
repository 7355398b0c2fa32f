using System.Globalization;

namespace MemSnoop.Kernel;

/// <summary>Pid namespaces (<c>pid_namespaces(7)</c>).</summary>
internal static class PidNamespace
{
    // The inode of the first one, PROC_PID_INIT_INO of include/linux/proc_ns.h, the same since Linux 3.8.
    private const string OfHost = "pid:[4026531836]";

    /// <summary>
    /// Whether the proc root shows the processes of one container, not those of the host: its first process is not in the host's namespace. False where the
    /// kernel does not say.
    /// </summary>
    internal static bool IsContainers(KernelPaths paths) =>
        // Another user than root may not look at the first process; what /proc shows to a process is then mostly its own namespace.
        (Of(paths, "1") ?? (IsOwn(paths) ? Of(paths, "self") : null)) is { } shown && shown != OfHost;

    /// <summary>
    /// Whether pids below the proc root are those of this process's system calls. The host's pids, seen from a container, are not: a call with one of them
    /// would reach another process, or none.
    /// </summary>
    internal static bool IsOwn(KernelPaths paths) =>
        new FileInfo(paths.Proc("self")).LinkTarget == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);

    private static string? Of(KernelPaths paths, string process)
    {
        try
        {
            return new FileInfo(paths.Proc($"{process}/ns/pid")).LinkTarget;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
