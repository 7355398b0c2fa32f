namespace MemSnoop.Paging;

/// <summary>One area of an address space, as far as walks over its pages need it.</summary>
/// <param name="Start">First address.</param>
/// <param name="End">Address behind the last.</param>
/// <param name="Device">The device of the mapped file, major and minor; 0 without one.</param>
/// <param name="Inode">The inode of the mapped file; 0 for anonymous memory.</param>
internal readonly record struct MemoryArea(ulong Start, ulong End, ulong Device, ulong Inode)
{
    internal ulong Bytes => End - Start;

    internal bool IsFile => Inode != 0;
}
