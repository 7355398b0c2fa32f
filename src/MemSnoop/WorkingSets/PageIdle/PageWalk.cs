using System.Numerics;
using System.Runtime.CompilerServices;
using MemSnoop.Paging;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>
/// Attributes frames to the pages of one process: counts active and idle pages, updates the ages and notes which frames are mapped. This is the innermost loop
/// of a pass, once for each page.
/// </summary>
internal sealed class PageWalk(FrameTable frames, Epochs epochs, DeviceKinds kinds, FreshFrames fresh, IActivePages? activePages = null) : IPageRuns
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

    /// <summary>What it has counted that no earlier process of the group had; zero without a group.</summary>
    internal ref readonly PageTally GroupTally => ref _groupTally;

    /// <summary>Sets what was counted to zero.</summary>
    internal void Clear()
    {
        _tally = default;
        _groupTally = default;
    }

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
        fresh.Clear();
        AreaMoves.Find(areasBefore, areasNow, _moves);
    }

    /// <inheritdoc/>
    public bool Take(in MemoryArea area, ulong firstPage, ReadOnlySpan<ulong> entries)
    {
        if ((area.IsFile ? kinds.Find(area, entries) : PageKind.File) is not { } sharedKind)
        {
            TakeHugetlb(entries);
            return true;
        }

        Span<byte> ages = _after.Append(firstPage, entries.Length);
        _before.Read(PageBefore(area, firstPage), ages);
        return Attribute(firstPage, entries, ages, sharedKind);
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

    // Optimised from the first call: the runtime would begin with slower code, and `memsnoop wss` makes only two passes.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool Attribute(ulong firstPage, ReadOnlySpan<ulong> entries, Span<byte> ages, PageKind sharedKind)
    {
        ulong blockIndex = ulong.MaxValue;
        FrameBlock? block = null;
        for (int i = 0; i < entries.Length;)
        {
            ulong entry = entries[i];
            if (entry < PresentBit)
            {
                ages[i++] = Epochs.Absent;
                continue;
            }

            ulong frame = entry & FrameMask;
            if (frame >> FrameBlock.FrameShift != blockIndex)
            {
                // No process maps frame 0: the kernel reports 0 to a reader without CAP_SYS_ADMIN.
                if (frame == 0)
                {
                    return false;
                }

                if (frame > FrameTable.HighestFrame)
                {
                    TakeDamaged(out ages[i++]);
                    continue;
                }

                block = frames.GetOrAdd(frame);
                blockIndex = frame >> FrameBlock.FrameShift;
            }

            int count = FrameRun.Length(entries[i..]);
            TakeRun(block!, entry, ages[i..], count, sharedKind);
            if (activePages is not null)
            {
                AddActive(activePages, block!, entry, firstPage + (ulong)i, count);
            }

            i += count;
        }

        _tally.Idle.Add(ages);
        return true;
    }

    /// <summary>Reports the active pages of a run of frames within one word.</summary>
    private static void AddActive(IActivePages pages, FrameBlock block, ulong entry, ulong page, int length)
    {
        ulong idle = block.Idle[(int)(entry >> 6) & (FrameBlock.Words - 1)] >> (int)(entry & 63);
        ulong active = ~idle & (ulong.MaxValue >> (64 - length));
        while (active != 0)
        {
            int first = BitOperations.TrailingZeroCount(active);
            int end = first + BitOperations.TrailingZeroCount(~(active >> first));
            pages.AddActive(page + (ulong)first, end - first);
            active = end == 64 ? 0 : active >> end << end;
        }
    }

    /// <summary>A number that cannot be a frame: the page is resident, and nothing else is known.</summary>
    private void TakeDamaged(out byte age)
    {
        age = epochs.Current;
        CountUntracked(ref _tally);
        if (_group != 0)
        {
            CountUntracked(ref _groupTally);
            _groupTally.Idle[age]++;
        }
    }

    private static void CountUntracked(ref PageTally tally)
    {
        tally.Resident++;
        tally.Untracked++;
    }

    /// <summary>Pages in frames that follow each other in one word of the block: the first of the ages are theirs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void TakeRun(FrameBlock block, ulong entry, Span<byte> ages, int count, PageKind sharedKind)
    {
        int word = (int)(entry >> 6) & (FrameBlock.Words - 1);
        ulong mask = FrameRun.Mask(entry, count);
        ulong marked = block.Marked[word] & mask;
        ulong idle = block.Idle[word] & mask;
        ref ulong seen = ref block.Seen[word];
        if ((mask & ~(seen | marked | idle)) != 0)
        {
            LookAtFresh(block, entry, mask & ~(seen | marked | idle));
            idle = block.Idle[word] & mask;
        }

        seen |= mask;
        if ((idle & ~marked) != 0)
        {
            TakeWithUntracked(block, entry, ages[..count], sharedKind);
            return;
        }

        PageKind kind = (entry >> FileOrSharedShift & 1) != 0 ? sharedKind : PageKind.Anon;
        AgeUpdate.Apply(ages, count, idle >> (int)(entry & 63), epochs.Current, epochs.Previous);
        _tally.Resident += count;
        _tally.AddActive(kind, count - BitOperations.PopCount(idle));
        if (_group != 0)
        {
            CountForGroup(block, entry, ages[..count], idle, mask, kind);
        }
    }

    private void LookAtFresh(FrameBlock block, ulong entry, ulong candidates)
    {
        for (ulong left = candidates; left != 0; left &= left - 1)
        {
            ulong frame = (entry & FrameMask & ~63UL) + (ulong)BitOperations.TrailingZeroCount(left);
            if (fresh.IsZeroPage(frame))
            {
                block.SetZeroPage((int)frame & (FrameBlock.Frames - 1));
            }
        }
    }

    /// <summary>A run with frames among it that cannot be tracked, page by page.</summary>
    private void TakeWithUntracked(FrameBlock block, ulong entry, Span<byte> ages, PageKind sharedKind)
    {
        for (int i = 0; i < ages.Length; i++)
        {
            ulong page = entry + (ulong)i;
            if (block.IsUntracked((int)page & (FrameBlock.Frames - 1)))
            {
                _tally.Resident += TakeUntracked(block, page, ref ages[i]);
            }
            else
            {
                TakeRun(block, page, ages[i..], 1, sharedKind);
            }
        }
    }

    /// <summary>
    /// The zero page belongs to no process, and is not resident by the kernel's own count either. Other frames on no reclaim list, or beyond the bitmap, are
    /// resident, and their use is unknown.
    /// </summary>
    private int TakeUntracked(FrameBlock block, ulong entry, ref byte age)
    {
        if (block.IsZeroPage((int)entry & (FrameBlock.Frames - 1)))
        {
            age = Epochs.Absent;
            return 0;
        }

        _tally.Untracked++;
        age = epochs.Current;
        if (_group != 0 && NewToGroup(block, entry, 1UL << (int)(entry & 63)) != 0)
        {
            CountUntracked(ref _groupTally);
            _groupTally.Idle[age]++;
        }

        return 1;
    }

    /// <summary>A page that only this process maps cannot have been counted before.</summary>
    private ulong NewToGroup(FrameBlock block, ulong entry, ulong mask) =>
        (entry >> ExclusiveShift & 1) != 0 ? mask : block.CountFor(_group, (int)(entry >> 6) & (FrameBlock.Words - 1), mask);

    private void CountForGroup(FrameBlock block, ulong entry, ReadOnlySpan<byte> ages, ulong idle, ulong mask, PageKind kind)
    {
        ulong counted = NewToGroup(block, entry, mask);
        _groupTally.Resident += BitOperations.PopCount(counted);
        _groupTally.AddActive(kind, BitOperations.PopCount(counted & ~idle));
        if (counted == mask)
        {
            _groupTally.Idle.Add(ages);
            return;
        }

        for (ulong left = counted >> (int)(entry & 63); left != 0; left &= left - 1)
        {
            _groupTally.Idle[ages[BitOperations.TrailingZeroCount(left)]]++;
        }
    }
}
