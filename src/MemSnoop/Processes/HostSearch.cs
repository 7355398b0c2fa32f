using System.Globalization;
using MemSnoop.Containers;
using MemSnoop.Kernel;

namespace MemSnoop.Processes;

/// <summary>What kind of host this is, by the control groups of its processes.</summary>
internal static class HostSearch
{
    /// <summary>Whether any process is in a container. Reads one small file a process, until it finds one.</summary>
    internal static bool HasContainers(KernelPaths paths)
    {
        KernelBuffer buffer = new();
        try
        {
            foreach (int pid in PidEnumerator.Enumerate(paths.ProcRoot))
            {
                if (MembershipOf(paths, pid, buffer).Container != ContainerIdentity.None)
                {
                    return true;
                }
            }
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            // Who lists the processes next says what is wrong.
        }

        return false;
    }

    /// <summary>Whether systemd runs the host: it keeps process 1 in a scope of its own.</summary>
    internal static bool HasSystemd(KernelPaths paths) => MembershipOf(paths, 1, new KernelBuffer()).Unit == "init.scope";

    private static Membership MembershipOf(KernelPaths paths, int pid, KernelBuffer buffer) =>
        KernelFile.ReadToEnd(paths.Proc(string.Create(CultureInfo.InvariantCulture, $"{pid}/cgroup")), buffer, out ReadOnlySpan<byte> text) == ReadOutcome.Success
            ? Membership.Parse(text)
            : Membership.None;
}
