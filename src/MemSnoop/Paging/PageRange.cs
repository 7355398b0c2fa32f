namespace MemSnoop.Paging;

/// <summary>Pages that follow each other without a gap.</summary>
/// <param name="FirstPage">The number of the first: its address divided by the size of a page.</param>
/// <param name="Count">How many pages.</param>
public readonly record struct PageRange(ulong FirstPage, ulong Count)
{
    /// <summary>The number of the page behind the last.</summary>
    public ulong End => FirstPage + Count;
}
