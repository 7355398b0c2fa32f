using MemSnoop.Disturbances;
using MemSnoop.Kernel;
using MemSnoop.Paging;
using MemSnoop.Processes;
using MemSnoop.ProcFs;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>
/// Bounds the pages of mapped files that a process may have read by descriptor. With the multi-generational LRU on, <c>read(2)</c> and <c>sendfile(2)</c> leave
/// the idle flag as it is (<c>folio_mark_accessed</c> returns early). A process that has read, and has a descriptor of a file that it maps, may have used as many
/// idle pages of it as it read. Files that it opened, read and closed within the window are not noticed, nor what others read of the same file.
/// </summary>
internal sealed class FileReads(ulong pageBytes)
{
    private readonly KernelBuffer _buffer = new(1024);
    private readonly HashSet<ulong> _inodes = [];

    /// <summary>At most how many idle pages of files and of shared memory the process may have read within the window.</summary>
    internal (long File, long Shmem) FindHidden(TrackedProcess process, ProcessPages pages, List<MemoryArea> areas, DisturbanceReport report, bool isGlance, in PageTally tally)
    {
        // When a process is new there is no report yet on what its window will be.
        if (!report.FileReadsAreHidden && !pages.IsNew)
        {
            pages.Reads = pages.EarlierReads = null;
            return default;
        }

        // The walk comes some time after the window's end. What was read in between is in the count of this walk and belongs to the next window, so that the
        // reads of a window are those since the walk before the last.
        ProcessIo? now = process.ReadIo(_buffer, out ProcessIo read) == ReadOutcome.Success ? read : null;
        ProcessIo? before = pages.EarlierReads ?? pages.Reads;
        if (!isGlance || pages.Reads is null)
        {
            (pages.EarlierReads, pages.Reads) = (pages.Reads, now);
        }

        return before is { } then && now is { } known ? Bound(process, then, known, areas, tally) : default;
    }

    private (long File, long Shmem) Bound(TrackedProcess process, in ProcessIo then, in ProcessIo now, List<MemoryArea> areas, in PageTally tally)
    {
        // A call may begin and end in the middle of a page.
        ulong calls = now.ReadSyscalls - then.ReadSyscalls;
        ulong bytes = now.ReadCharacters - then.ReadCharacters;
        long most = (long)Math.Min(bytes, (bytes / pageBytes) + (2 * calls));
        long file = Math.Min(tally.IdleFile, most);
        long shmem = Math.Min(tally.IdleShmem, most);
        return tally.IsSignificant(file + shmem) && HasMappedFileOpen(process, areas) ? (file, shmem) : default;
    }

    private bool HasMappedFileOpen(TrackedProcess process, List<MemoryArea> areas)
    {
        _inodes.Clear();
        foreach (MemoryArea area in areas)
        {
            _ = area.IsFile && _inodes.Add(area.Inode);
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
