using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MemSnoop.Paging;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>
/// Attributes frames to the pages of one process: counts what was active and idle, brings the ages up to date and notes
/// which frames are mapped. The innermost loop of a pass, once for each page.
/// </summary>
internal sealed class PageWalk(FrameTable frames, Epochs epochs, DeviceKinds kinds) : IPageRuns
{
    private const ulong PresentBit = 1UL << 63;
    private const int FileOrSharedShift = 61;
    private const int ExclusiveShift = 56;
    private const ulong FrameMask = (1UL << 55) - 1;

    private readonly Dictionary<ulong, ulong> _moves = [];
    private ulong _pageBytes;
    private PageAges _before = new();
    private PageAges _after = new();
    private int _group;
    private PageTally _tally;
    private PageTally _groupTally;

    /// <summary>What the walk has counted.</summary>
    internal ref readonly PageTally Tally => ref _tally;

    /// <summary>What it has counted that no process of the group before it had; zero without a group.</summary>
    internal ref readonly PageTally GroupTally => ref _groupTally;

    /// <summary>Prepares the walk over one process.</summary>
    /// <param name="before">The ages as of the last walk.</param>
    /// <param name="after">Takes the ages as they are now.</param>
    /// <param name="areasBefore">The areas at the last walk.</param>
    /// <param name="areasNow">The areas now.</param>
    /// <param name="group">Number of the process's group, 0 for none; the processes of a group are walked one after another.</param>
    /// <param name="pageBytes">Size of a page.</param>
    internal void Begin(PageAges before, PageAges after, ReadOnlySpan<MemoryArea> areasBefore, ReadOnlySpan<MemoryArea> areasNow, int group, ulong pageBytes)
    {
        _before = before;
        _after = after;
        _after.Clear();
        _group = group;
        _pageBytes = pageBytes;
        _tally = default;
        _groupTally = default;
        AreaMoves.Find(areasBefore, areasNow, _moves);
    }

    /// <inheritdoc/>
    public bool Take(in MemoryArea area, ulong firstPage, ReadOnlySpan<ulong> entries)
    {
        BackingKind backing = area.IsFile ? kinds.Find(area, entries) : BackingKind.File;
        if (backing == BackingKind.Hugetlb)
        {
            TakeHugetlb(entries);
            return true;
        }

        Span<byte> ages = _after.Append(firstPage, entries.Length);
        _before.Read(PageBefore(area, firstPage), ages);
        return Attribute(entries, ages, backing == BackingKind.Shmem ? PageKind.Shmem : PageKind.File);
    }

    private ulong PageBefore(in MemoryArea area, ulong page) =>
        _moves.Count > 0 && _moves.TryGetValue(area.Start, out ulong start) ? page - ((area.Start - start) / _pageBytes) : page;

    private void TakeHugetlb(ReadOnlySpan<ulong> entries)
    {
        foreach (ulong entry in entries)
        {
            _tally.Hugetlb += (long)(entry >> 63);
        }
    }

    private bool Attribute(ReadOnlySpan<ulong> entries, Span<byte> ages, PageKind sharedKind)
    {
        byte current = epochs.Current;
        byte previous = epochs.Previous;
        long resident = 0;
        long activeAnon = 0;
        long activeShared = 0;
        ulong blockIndex = ulong.MaxValue;
        FrameBlock? block = null;
        for (int i = 0; i < entries.Length; i++)
        {
            ulong entry = entries[i];
            if (entry < PresentBit)
            {
                ages[i] = Epochs.Absent;
                continue;
            }

            ulong frame = entry & FrameMask;
            if (frame >> FrameBlock.FrameShift != blockIndex)
            {
                // Frame 0 is never a process's: the kernel hides the numbers from who lacks CAP_SYS_ADMIN.
                if (frame == 0)
                {
                    return false;
                }

                if (frame > FrameTable.HighestFrame)
                {
                    resident++;
                    _tally.Untracked++;
                    ages[i] = current;
                    continue;
                }

                block = frames.GetOrAdd(frame);
                blockIndex = frame >> FrameBlock.FrameShift;
            }

            int word = (int)(frame >> 6) & (FrameBlock.Words - 1);
            ulong bit = 1UL << (int)frame;
            ref ulong marked = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(block!.Marked), word);
            ref ulong idle = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(block.Idle), word);
            Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(block.Seen), word) |= bit;
            if ((idle & bit) != 0)
            {
                if ((marked & bit) == 0)
                {
                    resident += TakeUntracked(block, frame, ref ages[i]);
                    continue;
                }

                // Idle for the whole window, whatever is known of the time before it.
                ages[i] = ages[i] == Epochs.Absent ? previous : ages[i];
            }
            else
            {
                ages[i] = current;
                long shared = (long)(entry >> FileOrSharedShift & 1);
                activeShared += shared;
                activeAnon += 1 - shared;
            }

            resident++;
            if (_group != 0)
            {
                CountForGroup(block, entry, ages[i], (idle & bit) == 0, sharedKind);
            }
        }

        Count(ages, resident, activeAnon, activeShared, sharedKind);
        return true;
    }

    private void Count(ReadOnlySpan<byte> ages, long resident, long activeAnon, long activeShared, PageKind sharedKind)
    {
        foreach (byte age in ages)
        {
            _tally.Idle[age]++;
        }

        _tally.Resident += resident;
        _tally.AddActive(PageKind.Anon, activeAnon);
        _tally.AddActive(sharedKind, activeShared);
    }

    /// <summary>
    /// The zero page is nobody's memory and is no more resident than the kernel's own count says; other frames that are
    /// on no reclaim list, or beyond the bitmap, are resident, and whether they were used cannot be known.
    /// </summary>
    private int TakeUntracked(FrameBlock block, ulong frame, ref byte age)
    {
        if (block.IsZeroPage((int)frame & (FrameBlock.Frames - 1)))
        {
            age = Epochs.Absent;
            return 0;
        }

        _tally.Untracked++;
        age = epochs.Current;
        return 1;
    }

    private void CountForGroup(FrameBlock block, ulong entry, byte age, bool active, PageKind sharedKind)
    {
        // A page that only this process maps cannot have been counted before.
        bool exclusive = (entry >> ExclusiveShift & 1) != 0;
        if (!exclusive && !block.CountFor(_group, (int)(entry & (FrameBlock.Frames - 1))))
        {
            return;
        }

        _groupTally.Resident++;
        _groupTally.Idle[age]++;
        if (active)
        {
            _groupTally.AddActive((entry >> FileOrSharedShift & 1) != 0 ? sharedKind : PageKind.Anon, 1);
        }
    }
}
