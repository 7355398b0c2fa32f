using System.Text;

namespace MemSnoop.Kernel;

/// <summary>
/// Opens files of debugfs, wherever it can be reached: where it is mounted, where the host's first process has it mounted, or by a mount of this process's own.
/// </summary>
/// <remarks>
/// The own mount is attached nowhere (<c>fsopen(2)</c>, <c>fsmount(2)</c>, Linux 5.2): no mount table shows it, nothing of the host is changed, and it is gone
/// when its handles are, also after SIGKILL.
/// </remarks>
internal static class DebugFileSystem
{
    /// <summary>Opens for reading the first of the files that can be opened.</summary>
    /// <param name="paths">The roots.</param>
    /// <param name="mayMount">Whether a mount of its own may be made: only where the roots are the kernel's (<see cref="HostMounts.AreReal"/>).</param>
    /// <param name="names">Paths below debugfs, in order of preference.</param>
    /// <param name="handle">The open file.</param>
    /// <returns>Why not, in one word; null when it is open.</returns>
    internal static string? Open(KernelPaths paths, bool mayMount, ReadOnlySpan<string> names, out KernelHandle handle) =>
        Open(paths, mayMount, names, Libc.OpenReadOnly, out handle);

    /// <summary>Opens a file for writing; see <see cref="Open(KernelPaths, bool, ReadOnlySpan{string}, out KernelHandle)"/>.</summary>
    internal static string? OpenToWrite(KernelPaths paths, bool mayMount, string name, out KernelHandle handle) =>
        Open(paths, mayMount, [name], Libc.OpenWriteOnly, out handle);

    private static string? Open(KernelPaths paths, bool mayMount, ReadOnlySpan<string> names, int mode, out KernelHandle handle)
    {
        string reason = "no_debugfs";
        foreach (string root in (ReadOnlySpan<string>)[paths.Sys("kernel/debug"), paths.Proc("1/root/sys/kernel/debug")])
        {
            foreach (string name in names)
            {
                ReadOutcome outcome = KernelFile.Open(Path.Join(root, name), mode, out handle);
                if (outcome == ReadOutcome.Success)
                {
                    return null;
                }

                reason = outcome == ReadOutcome.Denied ? "denied" : reason;
            }
        }

        handle = KernelHandle.None;
        return mayMount ? OpenByOwnMount(names, mode, ref handle) : reason;
    }

    private static string? OpenByOwnMount(ReadOnlySpan<string> names, int mode, ref KernelHandle handle)
    {
        using KernelHandle context = new((int)Libc.FsOpen(Libc.FsOpenNumber, "debugfs"u8, Libc.FsOpenCloseOnExec));
        if (context.IsInvalid || Libc.FsConfig(Libc.FsConfigNumber, context, Libc.FsConfigCreate, 0, 0, 0) < 0)
        {
            // The kernel refuses with the same error whoever may not mount, and everybody after booting with debugfs=off.
            return Capabilities.OfThisProcess().HasSystemAdmin ? "no_debugfs" : "denied";
        }

        nint attributes = Libc.MountNoExecNoSetId | (mode == Libc.OpenReadOnly ? Libc.MountReadOnly : 0);
        using KernelHandle root = new((int)Libc.FsMount(Libc.FsMountNumber, context, Libc.FsMountCloseOnExec, attributes));
        if (root.IsInvalid)
        {
            return "denied";
        }

        ReadOutcome outcome = ReadOutcome.NotSupported;
        foreach (string name in names)
        {
            outcome = KernelFile.Open(root, Encoding.UTF8.GetBytes(name + '\0'), mode, out handle);
            if (outcome == ReadOutcome.Success)
            {
                return null;
            }
        }

        // Root that may mount is refused a file by the kernel's lockdown alone.
        return outcome == ReadOutcome.Denied ? "locked_down" : "no_file";
    }
}
