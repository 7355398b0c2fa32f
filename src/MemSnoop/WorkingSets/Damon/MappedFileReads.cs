using MemSnoop.Kernel;
using MemSnoop.Paging;
using MemSnoop.Processes;
using MemSnoop.ProcFs;

namespace MemSnoop.WorkingSets.Damon;

/// <summary>
/// What a process may have read by descriptor of files that it maps. With the multi-generational LRU on, <c>read(2)</c> leaves no trace that DAMON sees, as with the idle
/// bitmap. Files that were opened, read and closed within the window are not noticed.
/// </summary>
internal sealed class MappedFileReads
{
    private readonly KernelBuffer _buffer = new(1024);
    private readonly HashSet<ulong> _inodes = [];

    /// <summary>Bytes that it has read by descriptor so far, from anything; null if that is not told.</summary>
    internal ulong? Total(TrackedProcess process) =>
        process.ReadIo(_buffer, out ProcessIo io) == ReadOutcome.Success ? io.ReadCharacters : null;

    /// <summary>How much of that, since it was <paramref name="before"/>, can have been of files that it maps, in bytes.</summary>
    /// <param name="process">The process.</param>
    /// <param name="before">The total when the window began; null if it is not known.</param>
    /// <param name="areas">Its areas.</param>
    /// <param name="most">No more than this matters: what is resident of files.</param>
    internal ulong Since(TrackedProcess process, ulong? before, List<MemoryArea> areas, ulong most)
    {
        ulong read = before is { } then && Total(process) is { } now && now > then ? Math.Min(now - then, most) : 0;
        return read > 0 && HasMappedFileOpen(process, areas) ? read : 0;
    }

    private bool HasMappedFileOpen(TrackedProcess process, List<MemoryArea> areas)
    {
        _inodes.Clear();
        foreach (MemoryArea area in areas)
        {
            _ = area.IsFile && _inodes.Add(area.Inode);
        }

        if (_inodes.Count == 0)
        {
            return false;
        }

        if (process.Enter(out ProcessDirectory directory) != ReadOutcome.Success)
        {
            return true;
        }

        bool isOpen = directory.HasOpenFileAmong(_inodes);
        process.Leave(directory);
        return isOpen;
    }
}
