using System.Runtime.InteropServices;
using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.Paging;

/// <summary>Takes the pages of a walk, run by run in ascending order of addresses.</summary>
internal interface IPageRuns
{
    /// <summary>A run of entries of one area, absent ones among them. False stops the walk.</summary>
    bool Take(in MemoryArea area, ulong firstPage, ReadOnlySpan<ulong> entries);

    /// <summary>The runs that follow are of one unit of memory. Only called where a share is walked over.</summary>
    void BeginUnit(ulong unit)
    {
    }

    /// <summary>The unit has ended.</summary>
    void EndUnit()
    {
    }
}

/// <summary>
/// Walks the present pages of an address space by <c>/proc/PID/pagemap</c>. The kernel holds the target's mmap lock for 2 MB at a time only, so this does not
/// stall a target as smaps does. Reused from process to process.
/// </summary>
internal sealed class Pagemap(ulong pageBytes) : IAbandonable
{
    /// <summary>Present ranges asked for in one call.</summary>
    private const int MostRegions = 1024;

    /// <summary>Entries read in one call: 512 KiB of buffer, 256 MiB of address space.</summary>
    private const int MostEntries = 64 * 1024;

    /// <summary>Areas closer than this are read as one: an entry where nothing is mapped takes 15 instructions of the kernel, a call 2,600.</summary>
    private const ulong GapPages = 128;

    /// <summary>Present ranges of an area closer than this are read as one: an absent entry between present ones takes 38 instructions.</summary>
    private const ulong RegionGapPages = 64;

    /// <summary>Areas up to this size are read without PAGEMAP_SCAN: 4 KiB of entries cost less than the call.</summary>
    private const ulong DirectPages = 512;

    /// <summary>
    /// Larger ones too, up to so many pages for each that is resident. The search for a present page takes 100 instructions, as many as its entry, and saves 15 for one that is absent. So it
    /// pays only where six are absent for each that is there; but a walk may remember each entry that it was given, in a byte.
    /// </summary>
    private const ulong DirectPagesForResident = 2;

    /// <summary>
    /// Without PAGEMAP_SCAN every entry of an area has to be read to find the present ones. Areas larger than this (64 GiB, 128 MiB of entries) are nearly
    /// empty reservations of Go, Java, .NET and sanitizers. They are left out and counted.
    /// </summary>
    private const ulong MostBytesWithoutScan = 64UL << 30;

    /// <summary>Of a share of an area larger than this, the kernel is asked where the next present page is before a unit is read that may be empty.</summary>
    private const ulong SparseBytes = 1UL << 30;

    private ulong _directPages;
    private PageRegion[] _regions = new PageRegion[MostRegions];
    private ulong[] _entries = new ulong[MostEntries];

    /// <summary>Whether the kernel has PAGEMAP_SCAN (Linux 6.7); found out by the first walk that needs it.</summary>
    internal bool HasScan { get; private set; } = true;

    /// <summary>How many pages of the next process are resident, or nearly; 0 if that is not known.</summary>
    internal ulong ResidentPages { get; set; }

    /// <summary>Bytes of address space that the last walk left out, because their present pages cannot be found.</summary>
    internal ulong LeftOutBytes { get; private set; }

    internal ReadOutcome Walk<TRuns>(ProcessDirectory directory, List<MemoryArea> areas, in MemoryShare share, TRuns runs)
        where TRuns : IPageRuns
    {
        LeftOutBytes = 0;
        _directPages = ResidentPages * DirectPagesForResident;
        if (areas.Count == 0)
        {
            return ReadOutcome.Success;
        }

        ReadOutcome outcome = directory.OpenFile("pagemap"u8, Libc.OpenReadOnly, out KernelHandle handle);
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        using (handle)
        {
            return share.IsWhole ? WalkAreas(handle, CollectionsMarshal.AsSpan(areas), runs) : WalkUnits(handle, CollectionsMarshal.AsSpan(areas), share, runs);
        }
    }

    /// <inheritdoc/>
    public void Abandon() => (_regions, _entries) = (new PageRegion[MostRegions], new ulong[MostEntries]);

    private ReadOutcome WalkAreas<TRuns>(KernelHandle handle, ReadOnlySpan<MemoryArea> areas, TRuns runs)
        where TRuns : IPageRuns
    {
        ReadOutcome outcome = ReadOutcome.Success;
        for (int first = 0; first < areas.Length && outcome == ReadOutcome.Success;)
        {
            int count = 1;
            if (areas[first].Bytes > DirectPages * pageBytes)
            {
                outcome = ReadLarge(handle, areas.Slice(first, 1), runs);
            }
            else
            {
                while (first + count < areas.Length && IsNeighbour(areas[first + count - 1], areas[first + count]))
                {
                    count++;
                }

                outcome = ReadRange(handle, areas.Slice(first, count), areas[first].Start, areas[first + count - 1].End, runs);
            }

            first += count;
        }

        return outcome;
    }

    /// <summary>Reads the units of a share alone.</summary>
    private ReadOutcome WalkUnits<TRuns>(KernelHandle handle, ReadOnlySpan<MemoryArea> areas, in MemoryShare share, TRuns runs)
        where TRuns : IPageRuns
    {
        ReadOutcome outcome = ReadOutcome.Success;
        for (int i = 0; i < areas.Length && outcome == ReadOutcome.Success; i++)
        {
            ref readonly MemoryArea area = ref areas[i];
            bool isSparse = area.Bytes > SparseBytes;
            if (isSparse && !HasScan && area.Bytes > MostBytesWithoutScan)
            {
                LeftOutBytes += area.Bytes;
                continue;
            }

            for (ulong address = area.Start; address < area.End && outcome == ReadOutcome.Success;)
            {
                ulong unit = MemoryUnit.Of(area, address);
                ulong end = MemoryUnit.EndOf(area, address);
                if (!share.Has(unit))
                {
                    address = end;
                }
                else if (isSparse && HasScan && TrySkip(handle, area, address, out ulong present, out outcome) && present >= end)
                {
                    // On to the unit of the next page that is present, if that is one of the share.
                    address = present == area.End ? present : Math.Max(end, MemoryUnit.StartOf(area, present));
                }
                else if (outcome == ReadOutcome.Success)
                {
                    runs.BeginUnit(unit);
                    outcome = ReadRange(handle, areas.Slice(i, 1), address, end, runs);
                    runs.EndUnit();
                    address = end;
                }
            }
        }

        return outcome;
    }

    /// <summary>Finds the next page that is present. False when the kernel cannot tell.</summary>
    private bool TrySkip(KernelHandle handle, in MemoryArea area, ulong address, out ulong present, out ReadOutcome outcome)
    {
        (present, outcome) = (address, ReadOutcome.Success);
        KernelCalls.Use(this);
        int found = PagemapScan.Find(handle, address, area.End, _regions.AsSpan(0, 1), out _, mostPages: 1);
        if (found >= 0)
        {
            present = found == 0 ? area.End : _regions[0].Start;
            return true;
        }

        int error = Marshal.GetLastPInvokeError();
        HasScan = error is not (Libc.ErrorNotATerminal or Libc.ErrorInvalid);
        outcome = HasScan ? KernelFile.Classify(error) : ReadOutcome.Success;
        return false;
    }

    private bool IsNeighbour(in MemoryArea area, in MemoryArea next) =>
        next.Bytes <= DirectPages * pageBytes && next.Start - area.End <= GapPages * pageBytes;

    private ReadOutcome ReadLarge<TRuns>(KernelHandle handle, ReadOnlySpan<MemoryArea> area, TRuns runs)
        where TRuns : IPageRuns
    {
        if (HasScan && MayBeDense(area[0]))
        {
            return ReadRange(handle, area, area[0].Start, area[0].End, runs);
        }

        if (HasScan && TryScan(handle, area, runs, out ReadOutcome outcome))
        {
            return outcome;
        }

        if (area[0].Bytes > MostBytesWithoutScan)
        {
            LeftOutBytes += area[0].Bytes;
            return ReadOutcome.Success;
        }

        return ReadRange(handle, area, area[0].Start, area[0].End, runs);
    }

    /// <summary>
    /// Whether what is resident may fill an area, so that it is read as a whole. All such areas of a process together are bounded: if what is resident is elsewhere, they cost what the searches would
    /// have cost.
    /// </summary>
    private bool MayBeDense(in MemoryArea area)
    {
        ulong pages = area.Bytes / pageBytes;
        bool mayBe = pages <= _directPages;
        _directPages -= mayBe ? pages : 0;
        return mayBe;
    }

    /// <summary>False when the kernel has no PAGEMAP_SCAN; nothing was taken then.</summary>
    private bool TryScan<TRuns>(KernelHandle handle, ReadOnlySpan<MemoryArea> area, TRuns runs, out ReadOutcome outcome)
        where TRuns : IPageRuns
    {
        ulong start = area[0].Start;
        outcome = ReadOutcome.Success;
        while (start < area[0].End && outcome == ReadOutcome.Success)
        {
            KernelCalls.Use(this);
            int found = PagemapScan.Find(handle, start, area[0].End, _regions, out ulong next);
            if (found < 0)
            {
                int error = Marshal.GetLastPInvokeError();
                outcome = KernelFile.Classify(error);
                HasScan = error is not (Libc.ErrorNotATerminal or Libc.ErrorInvalid);
                return HasScan;
            }

            outcome = ReadRegions(handle, area, _regions.AsSpan(0, found), runs);
            start = next > start ? next : area[0].End;
        }

        return true;
    }

    private ReadOutcome ReadRegions<TRuns>(KernelHandle handle, ReadOnlySpan<MemoryArea> area, ReadOnlySpan<PageRegion> regions, TRuns runs)
        where TRuns : IPageRuns
    {
        for (int i = 0; i < regions.Length;)
        {
            ulong start = regions[i].Start;
            ulong end = regions[i].End;
            while (++i < regions.Length && regions[i].Start - end <= RegionGapPages * pageBytes)
            {
                end = regions[i].End;
            }

            ReadOutcome outcome = ReadRange(handle, area, start, end, runs);
            if (outcome != ReadOutcome.Success)
            {
                return outcome;
            }
        }

        return ReadOutcome.Success;
    }

    /// <summary>Reads the entries of a range of addresses and hands each area its own.</summary>
    private ReadOutcome ReadRange<TRuns>(KernelHandle handle, ReadOnlySpan<MemoryArea> areas, ulong from, ulong to, TRuns runs)
        where TRuns : IPageRuns
    {
        ulong page = from / pageBytes;
        ulong last = to / pageBytes;
        while (page < last)
        {
            Span<ulong> wanted = _entries.AsSpan(0, (int)Math.Min(last - page, MostEntries));
            KernelCalls.Use(this);
            ReadOutcome outcome = KernelFile.Read(handle, MemoryMarshal.AsBytes(wanted), (long)(page * sizeof(ulong)), out int bytes);
            if (outcome != ReadOutcome.Success)
            {
                return outcome;
            }

            int count = bytes / sizeof(ulong);
            if (count == 0)
            {
                // 0 bytes inside an area: the address space ended by exit or exec.
                return ReadOutcome.ProcessGone;
            }

            if (!Distribute(ref areas, page, wanted[..count], runs))
            {
                return ReadOutcome.Denied;
            }

            page += (ulong)count;
        }

        return ReadOutcome.Success;
    }

    private bool Distribute<TRuns>(ref ReadOnlySpan<MemoryArea> areas, ulong page, ReadOnlySpan<ulong> entries, TRuns runs)
        where TRuns : IPageRuns
    {
        ulong end = page + (ulong)entries.Length;
        while (!areas.IsEmpty)
        {
            ref readonly MemoryArea area = ref areas[0];
            ulong from = Math.Max(area.Start / pageBytes, page);
            ulong to = Math.Min(area.End / pageBytes, end);
            if (from < to && !runs.Take(area, from, entries[(int)(from - page)..(int)(to - page)]))
            {
                return false;
            }

            if (area.End / pageBytes > end)
            {
                return true;
            }

            areas = areas[1..];
        }

        return true;
    }
}

/// <summary>
/// One 64-bit entry of <c>/proc/PID/pagemap</c>: what a page of virtual memory is backed by.
/// Source: <c>Documentation/admin-guide/mm/pagemap.rst</c>, <c>fs/proc/task_mmu.c</c>.
/// </summary>
/// <param name="Word">The entry as the kernel writes it.</param>
public readonly record struct PagemapEntry(ulong Word)
{
    /// <summary>
    /// The highest number that a frame can have: 52 bits of physical address, the most that x86-64 and arm64 have. A larger one is an error, and no table must grow by it.
    /// </summary>
    internal const ulong HighestFrame = (1UL << 40) - 1;

    private const ulong FrameMask = (1UL << 55) - 1;
    private const int Exclusive = 56;
    private const int FileOrShared = 61;
    private const int Swapped = 62;
    private const int Present = 63;

    /// <summary>The page is in memory.</summary>
    public bool IsPresent => IsSet(Present);

    /// <summary>The page is in swap, or being migrated; the frame number then means something else.</summary>
    public bool IsSwapped => IsSet(Swapped);

    /// <summary>The page belongs to a file or to shared memory; clear for anonymous memory.</summary>
    public bool IsFileOrShared => IsSet(FileOrShared);

    /// <summary>The page is mapped by this process only (Linux 4.2; a hint for large folios).</summary>
    public bool IsExclusive => IsSet(Exclusive);

    /// <summary>Number of the page frame; 0 without CAP_SYS_ADMIN (Linux 4.2), which no page of a process ever is.</summary>
    public ulong FrameNumber => Word & FrameMask;

    private bool IsSet(int bit) => (Word >> bit & 1) != 0;
}
