using System.Runtime.InteropServices;
using MemSnoop.Kernel;

namespace MemSnoop.Locks;

/// <summary>
/// One file of a lock, locked by <c>flock(2)</c>. The kernel unlocks it when its holder ends, however that ends, so a file alone is no lock. Whoever is the
/// last to hold it removes it.
/// </summary>
internal sealed class LockFile : IDisposable
{
    // Only the owner may open it: anybody who can open a file can lock it.
    private const uint OwnerOnly = 0b110_000_000;

    // Who removes files that nobody holds must lock them for an instant.
    private static readonly TimeSpan Instant = TimeSpan.FromMilliseconds(1);

    private readonly KernelHandle _directory;
    private readonly KernelHandle _file;
    private readonly LockName _name;

    private LockFile(KernelHandle directory, KernelHandle file, LockName name)
    {
        _directory = directory;
        _file = file;
        _name = name;
    }

    /// <summary>Locks the file, which is made if there is none.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="name">The name.</param>
    /// <param name="mode">Alone or with others.</param>
    /// <param name="line">Who locks it.</param>
    /// <param name="taken">The lock, or null.</param>
    /// <param name="holder">Who holds it, for <see cref="ReadOutcome.InUse"/>.</param>
    internal static ReadOutcome TryTake(KernelHandle directory, LockName name, LockMode mode, ReadOnlySpan<byte> line, out LockFile? taken, out string? holder)
    {
        ReadOutcome outcome = default;
        LockFile? file = null;
        string? found = null;
        SpinWait.SpinUntil(() => (outcome = TryLock(directory, name, mode, Libc.OpenCreate, out file, out found)) != ReadOutcome.InUse, Instant);
        taken = file;
        holder = found;
        if (outcome == ReadOutcome.Success)
        {
            // For people alone: a full disk makes the lock no less a lock.
            _ = Libc.Truncate(taken!._file, 0);
            _ = KernelFile.Write(taken._file, line, 0);
        }

        return outcome;
    }

    /// <summary>Whoever keeps the file from being locked; null when nobody does. Makes no file.</summary>
    internal static string? FindHolder(KernelHandle directory, LockName name, LockMode mode)
    {
        if (TryLock(directory, name, mode, 0, out LockFile? taken, out string? holder) == ReadOutcome.Success)
        {
            // Not Dispose: the file may be about to be locked by its maker.
            taken!._file.Dispose();
        }

        return holder;
    }

    /// <summary>Removes the file if nobody holds it.</summary>
    internal static void RemoveIfStale(KernelHandle directory, LockName name)
    {
        if (TryLock(directory, name, LockMode.Exclusive, 0, out LockFile? taken, out _) == ReadOutcome.Success)
        {
            taken!.Dispose();
        }
    }

    private static ReadOutcome TryLock(KernelHandle directory, LockName name, LockMode mode, int create, out LockFile? taken, out string? holder)
    {
        taken = null;
        holder = null;
        while (true)
        {
            int descriptor = Libc.OpenAt(directory, name.Terminated, Libc.OpenReadWrite | Libc.OpenCloseOnExec | Libc.OpenNoFollow | create, OwnerOnly);
            if (descriptor < 0)
            {
                return KernelFile.Classify(Marshal.GetLastPInvokeError());
            }

            KernelHandle file = new(descriptor);
            if (Flock(file, (int)mode) is int error and not 0)
            {
                bool isHeld = error == Libc.ErrorTryAgain;
                holder = isHeld ? HolderOf(file) : null;
                file.Dispose();
                return isHeld ? ReadOutcome.InUse : KernelFile.Classify(error);
            }

            // Its last holder may have removed the file between open and flock. A lock on what has no name any more keeps nobody out.
            if (FileIdentity.Of(file) is { } locked && FileIdentity.Of(directory, name.Terminated) == locked)
            {
                taken = new LockFile(directory, file, name);
                return ReadOutcome.Success;
            }

            file.Dispose();
        }
    }

    private static string HolderOf(KernelHandle file)
    {
        Span<byte> line = stackalloc byte[256];
        return KernelFile.Read(file, line, 0, out int length) == ReadOutcome.Success ? LockHolder.Describe(line[..length]) : LockHolder.Unknown;
    }

    /// <summary>0, or the error.</summary>
    private static int Flock(KernelHandle file, int operation)
    {
        while (Libc.Flock(file, operation | Libc.LockNonBlocking) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error != Libc.ErrorInterrupted)
            {
                return error;
            }
        }

        return 0;
    }

    /// <summary>Unlocks the file, and removes it unless others share the lock.</summary>
    public void Dispose()
    {
        // Removed while it is locked: who has opened it already sees, once it gets the lock, that the name is gone.
        if (!_file.IsClosed && Flock(_file, Libc.LockExclusive) == 0 && FileIdentity.Of(_file) == FileIdentity.Of(_directory, _name.Terminated))
        {
            _ = Libc.UnlinkAt(_directory, _name.Terminated, 0);
        }

        _file.Dispose();
    }
}
