using System.Text;

namespace MemSnoop.Kernel;

/// <summary>Whether roots are the kernel's own file systems, or trees of plain files as in tests.</summary>
internal static class HostMounts
{
    /// <summary>
    /// Whether both roots are the kernel's. Only then may other ways to the kernel be tried that do not go by these roots: with a fixture tree they would show
    /// another host than the tree does.
    /// </summary>
    internal static bool AreReal(KernelPaths paths) => IsOfType(paths.ProcRoot, Libc.ProcMagic) && IsOfType(paths.SysRoot, Libc.SysfsMagic);

    private static bool IsOfType(string path, long type) =>
        Libc.StatFileSystem(Encoding.UTF8.GetBytes(path + '\0'), out Libc.FileSystemStatus status) == 0 && status.Type == type;
}
