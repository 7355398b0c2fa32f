using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.ProcFs;

namespace MemSnoop.Paging;

/// <summary>The areas of one process that pass the filter, in ascending order; reused from process to process.</summary>
internal sealed class AreaList(AreaFilter filter, ulong pageBytes, IActivePages? active = null)
{
    /// <summary>
    /// Areas from this address on belong to the kernel (<c>[vsyscall]</c> on x86-64): maps lists them, but pagemap does not have them.
    /// </summary>
    private const ulong UserEnd = 1UL << 63;

    private readonly KernelBuffer _buffer = new(64 * 1024);

    private readonly HashSet<(ulong Device, ulong Inode)> _files = [];

    internal List<MemoryArea> Areas { get; } = [];

    /// <summary>Whether a file may be mapped more than once at the same place: then a frame may be found at several addresses.</summary>
    internal bool MayRepeatFrames { get; private set; }

    /// <summary>
    /// Reads the areas. The handle stays open: after the walk, the caller checks with it whether the address space was still the same.
    /// </summary>
    internal ReadOutcome Read(ProcessDirectory directory, out KernelHandle maps)
    {
        Areas.Clear();
        _files.Clear();
        MayRepeatFrames = false;
        active?.Begin();
        ReadOutcome outcome = directory.OpenFile("maps"u8, Libc.OpenReadOnly, out maps);
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        KernelLines lines = new(maps, _buffer);
        while (lines.MoveNext())
        {
            if (!MapsEntry.TryParse(lines.Current, out MapsEntry entry))
            {
                return ReadOutcome.Malformed;
            }

            if (entry.Start < UserEnd && filter.Includes(entry, pageBytes))
            {
                active?.AddArea(entry);
                Add(new MemoryArea(entry.Start, entry.End, ((ulong)entry.DeviceMajor << 32) | entry.DeviceMinor, entry.Inode, entry.Offset));
            }
        }

        return lines.Outcome;
    }

    /// <summary>
    /// The parts of a program or library are mapped one after another in the order of their offsets; a file that comes again elsewhere, or goes back, may be
    /// mapped twice.
    /// </summary>
    private void Add(in MemoryArea area)
    {
        if (area.IsFile && !MayRepeatFrames)
        {
            MemoryArea before = Areas.Count > 0 ? Areas[^1] : default;
            bool goesOn = before.Device == area.Device && before.Inode == area.Inode;
            MayRepeatFrames = goesOn ? area.Offset < before.Offset + before.Bytes : !_files.Add((area.Device, area.Inode));
        }

        Areas.Add(area);
    }

    /// <summary>Whether the address space that the areas were read from is still there.</summary>
    internal ReadOutcome StillThere(KernelHandle maps) => AddressSpace.StillThere(maps, _buffer);
}

/// <summary>One area of an address space, with what a walk over its pages needs.</summary>
/// <param name="Start">First address.</param>
/// <param name="End">Address after the last byte.</param>
/// <param name="Device">The device of the mapped file, major and minor; 0 without one.</param>
/// <param name="Inode">The inode of the mapped file; 0 for anonymous memory.</param>
/// <param name="Offset">Where in its file it begins, in bytes.</param>
internal readonly record struct MemoryArea(ulong Start, ulong End, ulong Device, ulong Inode, ulong Offset)
{
    internal ulong Bytes => End - Start;

    internal bool IsFile => Inode != 0;
}
