using System.Text;
using MemSnoop.Kernel;

namespace MemSnoop.Exporter.Sandbox;

/// <summary>Whether a procfs shows processes only to those who may look into them (the mount option <c>hidepid</c>, <c>proc(5)</c>).</summary>
internal static class HiddenProcesses
{
    private const int MountPointField = 4;

    internal static bool AreIn(KernelPaths paths) =>
        KernelFile.ReadToEnd("/proc/self/mountinfo", new KernelBuffer(), out ReadOnlySpan<byte> text) == ReadOutcome.Success
        && AreIn(Encoding.UTF8.GetString(text), paths.ProcRoot);

    /// <summary>The same of a text as in <c>proc_pid_mountinfo(5)</c>. The last mount at a place is the one that is seen.</summary>
    internal static bool AreIn(string mounts, string root)
    {
        bool hides = false;
        foreach (string line in mounts.Split('\n'))
        {
            string[] halves = line.Split(" - ");
            string[] fields = halves[0].Split(' ');
            if (halves.Length == 2 && fields.Length > MountPointField && fields[MountPointField] == root && halves[1].StartsWith("proc ", StringComparison.Ordinal))
            {
                string? option = halves[1].Split(' ')[^1].Split(',').FirstOrDefault(static option => option.StartsWith("hidepid=", StringComparison.Ordinal));
                hides = option is not (null or "hidepid=0" or "hidepid=off");
            }
        }

        return hides;
    }
}
