using MemSnoop.ProcFs;

namespace MemSnoop.WorkingSets.Referenced;

/// <summary>
/// The kind of an area's pages by its name: smaps does not tell shared memory from files. Names are those the kernel
/// gives (<c>mm/shmem.c</c>, <c>ipc/shm.c</c>) and the customary tmpfs mount for POSIX shared memory.
/// </summary>
internal static class AreaKind
{
    internal static PageKind Of(ReadOnlySpan<byte> path, ulong inode)
    {
        if (path.IsEmpty || inode == 0 || path[0] == (byte)'[')
        {
            return PageKind.Anon;
        }

        return path.StartsWith("/dev/shm/"u8) || path.StartsWith("/memfd:"u8) || path.StartsWith("/SYSV"u8) || path.StartsWith("/dev/zero"u8)
            ? PageKind.Shmem
            : PageKind.File;
    }

    /// <summary>
    /// Splits referenced bytes of an area: pages of a private file mapping that were written to are anonymous, and the
    /// kernel gives one Referenced for both, so they are shared out in proportion to what is resident.
    /// </summary>
    internal static ulong AnonymousShare(in SmapsSums sums, ulong bytes) =>
        sums.RssKib == 0 ? 0 : (ulong)((UInt128)bytes * Math.Min(sums.AnonymousKib, sums.RssKib) / sums.RssKib);
}
