namespace MemSnoop.WorkingSets;

/// <summary>What backs a page. It decides what reclaim does with the page.</summary>
public enum PageKind
{
    /// <summary>Private memory without a file: heap, stacks, copies of file pages that were written to. Goes to swap.</summary>
    Anon,

    /// <summary>A page of a file in the page cache. Reclaim drops it, after writing it back if it is dirty.</summary>
    File,

    /// <summary>Shared memory: tmpfs, memfd, System V segments, shared anonymous mappings. Goes to swap.</summary>
    Shmem,
}

/// <summary>The words under which kinds appear in metrics, and what tells them apart.</summary>
public static class PageKinds
{
    /// <summary>Number of kinds.</summary>
    public const int Count = 3;

    /// <summary>The kind as the value of the <c>kind</c> attribute.</summary>
    public static string ToWord(this PageKind kind) => kind switch
    {
        PageKind.Anon => "anon",
        PageKind.File => "file",
        _ => "shmem",
    };

    /// <summary>
    /// The kind of an area's pages by its name, where there is nothing else: smaps does not tell shared memory from files. Names
    /// are those the kernel gives (<c>mm/shmem.c</c>, <c>ipc/shm.c</c>) and the customary tmpfs mount for POSIX shared memory.
    /// </summary>
    internal static PageKind ByName(ReadOnlySpan<byte> path, ulong inode)
    {
        if (path.IsEmpty || inode == 0 || path[0] == (byte)'[')
        {
            return PageKind.Anon;
        }

        return path.StartsWith("/dev/shm/"u8) || path.StartsWith("/memfd:"u8) || path.StartsWith("/SYSV"u8) || path.StartsWith("/dev/zero"u8)
            ? PageKind.Shmem
            : PageKind.File;
    }
}
