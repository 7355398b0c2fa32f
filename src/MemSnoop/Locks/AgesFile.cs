using System.Runtime.InteropServices;
using MemSnoop.Kernel;

namespace MemSnoop.Locks;

/// <summary>
/// The file in the run directory by which one exporter leaves the ages of pages to the next. It holds for as long as nobody takes accessed bits in between. So whoever takes the
/// lock on them takes the file out of the directory, whether it has a use for it or not.
/// </summary>
internal static class AgesFile
{
    /// <summary>The name of the file.</summary>
    internal const string Name = "ages";

    /// <summary>
    /// The most that is written or read: the ages of 120 GB if no two pages that follow each other have the same, and of many times that if most do. It lies in memory, and is
    /// charged to the exporter's container, so it has to fit into what that has left.
    /// </summary>
    internal const long MaxBytes = 32 << 20;

    private const uint OwnerOnly = 0b110_000_000;
    private const ushort Permissions = 0b111_111_111;
    private const uint Asked = Libc.StatxType | Libc.StatxMode | Libc.StatxLinks | Libc.StatxUser | Libc.StatxSize;

    /// <summary>The name under which it is written.</summary>
    private static ReadOnlySpan<byte> Draft => "ages.new\0"u8;

    private static ReadOnlySpan<byte> Final => "ages\0"u8;

    /// <summary>Takes the file out of a directory.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="file">The file, open for reading.</param>
    /// <returns>Success; not supported if there is none; malformed if there is something under its name that no exporter has left.</returns>
    internal static ReadOutcome Take(KernelHandle directory, out KernelHandle file)
    {
        file = KernelHandle.None;
        _ = Libc.UnlinkAt(directory, Draft, 0);
        int descriptor = Libc.OpenAt(directory, Final, Libc.OpenReadOnly | Libc.OpenCloseOnExec | Libc.OpenNoFollow | Libc.OpenNonBlocking);
        int error = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
        if (error == Libc.ErrorNoEntry)
        {
            return ReadOutcome.NotSupported;
        }

        KernelHandle opened = descriptor < 0 ? KernelHandle.None : new KernelHandle(descriptor);
        bool isGone = Libc.UnlinkAt(directory, Final, 0) == 0;
        if (error == 0 && isGone && IsOurs(opened))
        {
            file = opened;
            return ReadOutcome.Success;
        }

        opened.Dispose();
        return ReadOutcome.Malformed;
    }

    /// <summary>Writes the file: under another name first, so that there is a whole one or none.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="write">Writes the content.</param>
    internal static ReadOutcome Leave(KernelHandle directory, Func<KernelHandle, ReadOutcome> write)
    {
        _ = Libc.UnlinkAt(directory, Draft, 0);
        int descriptor = Libc.OpenAt(directory, Draft, Libc.OpenReadWrite | Libc.OpenCreate | Libc.OpenNew | Libc.OpenCloseOnExec | Libc.OpenNoFollow, OwnerOnly);
        if (descriptor < 0)
        {
            return KernelFile.Classify(Marshal.GetLastPInvokeError());
        }

        using KernelHandle file = new(descriptor);
        ReadOutcome outcome = write(file);
        if (outcome == ReadOutcome.Success && Libc.RenameAt(directory, Draft, directory, Final) != 0)
        {
            outcome = KernelFile.Classify(Marshal.GetLastPInvokeError());
        }

        if (outcome != ReadOutcome.Success)
        {
            _ = Libc.UnlinkAt(directory, Draft, 0);
        }

        return outcome;
    }

    /// <summary>Whether it is a file of this user's that nobody else could read or write, under no other name, and no longer than one that is written.</summary>
    private static bool IsOurs(KernelHandle file) =>
        Libc.Statx(file, "\0"u8, Libc.EmptyPath, Asked, out Libc.StatxResult result) == 0
        && (result.Mode & Libc.ModeTypeMask) == Libc.ModeRegular
        && (result.Mode & Permissions) == OwnerOnly
        && result.User == Libc.EffectiveUserId()
        && result.Links == 0
        && result.Size <= MaxBytes;
}
