using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.ProcFs;

namespace MemSnoop.Paging;

/// <summary>The areas of one process that count, in ascending order; reused from process to process.</summary>
internal sealed class AreaList(AreaFilter filter, ulong pageBytes, IActivePages? active = null)
{
    /// <summary>
    /// Areas from here on are the kernel's (<c>[vsyscall]</c> on x86-64), listed in maps but without a pagemap.
    /// </summary>
    private const ulong UserEnd = 1UL << 63;

    private readonly KernelBuffer _buffer = new(64 * 1024);

    internal List<MemoryArea> Areas { get; } = [];

    /// <summary>
    /// Reads the areas. The handle stays open for the caller, who asks it after the walk whether the address space was
    /// still the same one.
    /// </summary>
    internal ReadOutcome Read(ProcessDirectory directory, out KernelHandle maps)
    {
        Areas.Clear();
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
                Areas.Add(new MemoryArea(entry.Start, entry.End, ((ulong)entry.DeviceMajor << 32) | entry.DeviceMinor, entry.Inode));
            }
        }

        return lines.Outcome;
    }

    /// <summary>Whether the address space that the areas were read from is still there.</summary>
    internal ReadOutcome StillThere(KernelHandle maps) => AddressSpace.StillThere(maps, _buffer);
}

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
