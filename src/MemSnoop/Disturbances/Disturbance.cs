namespace MemSnoop.Disturbances;

/// <summary>
/// What may have hidden accesses from a window, or shown accesses that were none. The order is from the least to the most harmful: where several
/// are at work, the last one is reported.
/// </summary>
public enum Disturbance
{
    /// <summary>Nothing that is known: the window is whole.</summary>
    None,

    /// <summary>The process was not watched from the window's start on, so some of its pages were not marked.</summary>
    Unmarked,

    /// <summary>A window on request divided it. Only the referenced method has such windows: what was used in one part may have been used in the other.</summary>
    Divided,

    /// <summary>The kernel moved content to other frames (collapse into a huge page, merging of equal pages), which looks like use.</summary>
    Moved,

    /// <summary>
    /// The process read files by descriptor. With the multi-generational LRU on, that leaves no trace on pages that are mapped as well.
    /// </summary>
    FileRead,

    /// <summary>A program advised the kernel that memory is cold or free (<c>madvise(2)</c>, MADV_COLD, MADV_FREE), which clears accessed bits.</summary>
    Advised,

    /// <summary>The multi-generational LRU aged or reclaimed memory, and cleared accessed bits.</summary>
    Aged,

    /// <summary>DAMON samples accessed bits and clears them.</summary>
    Damon,

    /// <summary>Another program used the idle bitmap.</summary>
    Reader,
}

/// <summary>The words for disturbances in metrics, logs and reports.</summary>
public static class Disturbances
{
    /// <summary>The disturbance as the value of a <c>reason</c> attribute.</summary>
    public static string ToReason(this Disturbance disturbance) => disturbance switch
    {
        Disturbance.None => "none",
        Disturbance.Unmarked => "unmarked",
        Disturbance.Divided => "divided",
        Disturbance.Moved => "moved",
        Disturbance.FileRead => "file_read",
        Disturbance.Advised => "advised",
        Disturbance.Aged => "aged",
        Disturbance.Damon => "damon",
        _ => "reader",
    };
}
