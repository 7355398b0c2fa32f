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

    /// <summary>At most how many idle pages of files and of shared memory the process may have read since the last call for it.</summary>
    internal (long File, long Shmem) FindHidden(TrackedProcess process, ProcessPages pages, List<MemoryArea> areas, DisturbanceReport report, in PageTally tally)
    {
        // When a process is new there is no report yet on what its window will be.
        if (!report.FileReadsAreHidden && !pages.IsNew)
        {
            pages.Reads = null;
            return default;
        }

        ProcessIo? before = pages.Reads;
        pages.Reads = process.ReadIo(_buffer, out ProcessIo now) == ReadOutcome.Success ? now : null;
        if (before is not { } then || pages.Reads is null)
        {
            return default;
        }

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
