namespace MemSnoop.WorkingSets;

/// <summary>What a page holds that is charged to a control group.</summary>
internal enum ChargedKind
{
    /// <summary>Private memory without a file.</summary>
    Anon,

    /// <summary>A page of a file that some process maps, whichever.</summary>
    File,

    /// <summary>Shared memory and files of tmpfs, mapped or not.</summary>
    Shmem,

    /// <summary>A page of a file that no process maps: <c>read(2)</c> and <c>write(2)</c> brought it in.</summary>
    Cache,
}

/// <summary>The words under which these kinds appear in metrics.</summary>
internal static class ChargedKinds
{
    /// <summary>Number of kinds.</summary>
    internal const int Count = 4;

    /// <summary>All kinds.</summary>
    internal static IReadOnlyList<ChargedKind> All { get; } = [ChargedKind.Anon, ChargedKind.File, ChargedKind.Shmem, ChargedKind.Cache];

    /// <summary>The kind as the value of the <c>kind</c> attribute.</summary>
    internal static string ToWord(this ChargedKind kind) => kind switch
    {
        ChargedKind.Anon => "anon",
        ChargedKind.File => "file",
        ChargedKind.Shmem => "shmem",
        _ => "cache",
    };
}
