using System.Globalization;

namespace MemSnoop.Kernel;

/// <summary>Pid namespaces (<c>pid_namespaces(7)</c>).</summary>
internal static class PidNamespace
{
    /// <summary>
    /// Whether pids below the proc root are those of this process's system calls. The host's pids, seen from a container, are not: a call with one of them
    /// would reach another process, or none.
    /// </summary>
    internal static bool IsOwn(KernelPaths paths) =>
        new FileInfo(paths.Proc("self")).LinkTarget == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
}
