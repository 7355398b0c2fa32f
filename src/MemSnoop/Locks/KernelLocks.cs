using System.Globalization;
using System.Text;
using MemSnoop.Kernel;

namespace MemSnoop.Locks;

/// <summary>
/// The kernel's list of locks, for a user who may not open the files themselves. It shows those of the own pid namespace. Source: <c>proc_locks(5)</c>.
/// </summary>
internal static class KernelLocks
{
    /// <summary>Whoever holds a lock on the file that does not go together with the wanted one; null when nobody does.</summary>
    internal static string? FindHolder(KernelPaths paths, FileIdentity file, LockMode wanted) =>
        KernelFile.ReadToEnd(paths.Proc("locks"), new KernelBuffer(), out ReadOnlySpan<byte> text) == ReadOutcome.Success
            ? FindHolder(Encoding.ASCII.GetString(text), file, wanted)
            : null;

    internal static string? FindHolder(string text, FileIdentity file, LockMode wanted)
    {
        string identity = string.Create(CultureInfo.InvariantCulture, $"{file.DeviceMajor:x2}:{file.DeviceMinor:x2}:{file.Inode}");
        foreach (string line in text.Split('\n'))
        {
            // "1: FLOCK  ADVISORY  WRITE 723 00:18:1104 0 EOF"; with "->" in the second place for those who wait.
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length >= 6 && words[1] == "FLOCK" && words[5] == identity && (wanted == LockMode.Exclusive || words[3] == "WRITE"))
            {
                return $"process {words[4]}";
            }
        }

        return null;
    }
}

/// <summary>Which file it is, whatever its name.</summary>
internal readonly record struct FileIdentity(uint DeviceMajor, uint DeviceMinor, ulong Inode)
{
    /// <summary>The file that is open.</summary>
    internal static FileIdentity? Of(KernelHandle handle) => Of(handle, "\0"u8[..0], Libc.EmptyPath);

    /// <summary>The file that has the name now; null when there is none.</summary>
    internal static FileIdentity? Of(KernelHandle directory, ReadOnlySpan<byte> name) => Of(directory, name, Libc.SymbolicLinkNoFollow);

    private static FileIdentity? Of(KernelHandle directory, ReadOnlySpan<byte> name, int flags) =>
        Libc.Statx(directory, name.IsEmpty ? "\0"u8 : name, flags, Libc.StatxInode, out Libc.StatxResult result) == 0
            ? new FileIdentity(result.DeviceMajor, result.DeviceMinor, result.Inode)
            : null;
}
