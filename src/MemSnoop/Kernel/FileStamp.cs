namespace MemSnoop.Kernel;

/// <summary>Tells whether a path still leads to the same file with the same contents: any change of either changes one of these.</summary>
internal readonly record struct FileStamp(uint DeviceMajor, uint DeviceMinor, ulong Inode, ulong Size, long ChangeSeconds, uint ChangeNanoseconds, bool IsSocket, bool IsPipe)
{
    private const uint Wanted = Libc.StatxType | Libc.StatxInode | Libc.StatxSize | Libc.StatxChangeTime;

    /// <summary>The stamp of a file, or of what a symbolic link leads to; null when there is none.</summary>
    internal static FileStamp? Of(string path)
    {
        if (KernelFile.Open(path, Libc.OpenPath, out KernelHandle handle) != ReadOutcome.Success)
        {
            return null;
        }

        using (handle)
        {
            return Libc.Statx(handle, "\0"u8, Libc.EmptyPath, Wanted, out Libc.StatxResult file) == 0
                ? new FileStamp(
                    file.DeviceMajor, file.DeviceMinor, file.Inode, file.Size, file.ChangeSeconds, file.ChangeNanoseconds, (file.Mode & Libc.ModeTypeMask) == Libc.ModeSocket,
                    (file.Mode & Libc.ModeTypeMask) == Libc.ModePipe)
                : null;
        }
    }
}
