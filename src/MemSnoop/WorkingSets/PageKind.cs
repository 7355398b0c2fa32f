namespace MemSnoop.WorkingSets;

/// <summary>What backs a page, and so what becomes of it under memory pressure.</summary>
public enum PageKind
{
    /// <summary>Private memory without a file: heap, stacks, copies of file pages that were written to. Goes to swap.</summary>
    Anon,

    /// <summary>A page of a file in the page cache. Is dropped, after being written back when dirty.</summary>
    File,

    /// <summary>Shared memory: tmpfs, memfd, System V segments, shared anonymous mappings. Goes to swap.</summary>
    Shmem,
}

/// <summary>The words under which kinds appear in metrics.</summary>
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
}
