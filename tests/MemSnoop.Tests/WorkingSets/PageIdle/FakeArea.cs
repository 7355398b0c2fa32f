namespace MemSnoop.Tests.WorkingSets.PageIdle;

/// <summary>What a page table entry of a fake process leads to: a page of a folio, or swap, or nothing.</summary>
internal readonly record struct FakePage(FakeFolio? Folio, int Index, bool IsSwapped = false, ulong WildFrame = 0)
{
    public ulong Frame => Folio is null ? WildFrame : Folio.First + (ulong)Index;

    public bool IsPresent => Folio is not null || WildFrame != 0;
}

/// <summary>A memory area of a fake process.</summary>
internal sealed class FakeArea(ulong startPage, int pages, FolioKind kind, int inode)
{
    public const ulong PageBytes = 4096;

    public ulong StartPage { get; set; } = startPage;

    public List<FakePage> Pages { get; } = [.. new FakePage[pages]];

    public FolioKind Kind { get; } = kind;

    public int Inode { get; } = inode;

    public string Permissions { get; init; } = kind == FolioKind.Anon ? "rw-p" : "rw-s";

    public string Path { get; init; } = "";

    public ulong EndPage => StartPage + (ulong)Pages.Count;

    /// <summary>The line of maps: each kind of file has a device of its own.</summary>
    public string MapsLine => Kind == FolioKind.Anon
        ? $"{StartPage * PageBytes:x}-{EndPage * PageBytes:x} {Permissions} 00000000 00:00 0 {Path}"
        : $"{StartPage * PageBytes:x}-{EndPage * PageBytes:x} {Permissions} 00000000 00:{(int)Kind:x2} {Inode} {(Path.Length == 0 ? "/file" : Path)}";
}
