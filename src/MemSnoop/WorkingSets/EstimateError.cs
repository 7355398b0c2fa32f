namespace MemSnoop.WorkingSets;

/// <summary>
/// Half the width of the 95 % interval around a working set that was estimated, in bytes. The errors of kinds do not add: that of their sum is smaller than the
/// sum of theirs, unless all are off in the same direction.
/// </summary>
/// <param name="AnonBytes">Of private memory.</param>
/// <param name="FileBytes">Of page cache.</param>
/// <param name="ShmemBytes">Of shared memory.</param>
/// <param name="TotalBytes">Of all kinds together.</param>
public readonly record struct EstimateError(ulong AnonBytes, ulong FileBytes, ulong ShmemBytes, ulong TotalBytes)
{
    /// <summary>The error of one kind, in bytes.</summary>
    public ulong Bytes(PageKind kind) => kind switch
    {
        PageKind.Anon => AnonBytes,
        PageKind.File => FileBytes,
        _ => ShmemBytes,
    };
}
