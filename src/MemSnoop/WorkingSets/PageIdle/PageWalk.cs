using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MemSnoop.Paging;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>
/// Attributes frames to the pages of one process: counts what was active and idle, brings the ages up to date and notes
/// which frames are mapped. The innermost loop of a pass, once for each page.
/// </summary>
internal sealed class PageWalk(FrameTable frames, Epochs epochs, DeviceKinds kinds, IActivePages? activePages = null) : IPageRuns
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
        return Attribute(firstPage, entries, ages, backing == BackingKind.Shmem ? PageKind.Shmem : PageKind.File);
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

    /// <summary>
    /// Pages allocated together mostly lie in frames one behind the other, and their entries then differ by one. Such runs
    /// are handled up to 64 frames, a word of each set, at a time.
    /// </summary>
    private bool Attribute(ulong firstPage, ReadOnlySpan<ulong> entries, Span<byte> ages, PageKind sharedKind)
    {
        PageTally tally = default;
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
                // Frame 0 is never a process's: the kernel hides the numbers from who lacks CAP_SYS_ADMIN.
                if (frame == 0)
                {
                    return false;
                }

                if (frame > FrameTable.HighestFrame)
                {
                    tally.Resident++;
                    tally.Untracked++;
                    ages[i++] = epochs.Current;
                    continue;
                }

                block = frames.GetOrAdd(frame);
                blockIndex = frame >> FrameBlock.FrameShift;
            }

            int length = RunLength(entries, i, 64 - (int)(frame & 63));
            Span<byte> runAges = ages.Slice(i, length);
            int active = TakeRun(block!, (int)frame & (FrameBlock.Frames - 1), runAges, ref tally);
            tally.AddActive((entry >> FileOrSharedShift & 1) != 0 ? sharedKind : PageKind.Anon, active);
            if (active > 0 && activePages is not null)
            {
                AddActive(activePages, block!, (int)frame & (FrameBlock.Frames - 1), firstPage + (ulong)i, length);
            }

            if (_group != 0)
            {
                CountForGroup(block!, entry, runAges, sharedKind);
            }

            i += length;
        }

        CountAges(ages);
        _tally.Resident += tally.Resident;
        _tally.Untracked += tally.Untracked;
        _tally.Anon += tally.Anon;
        _tally.File += tally.File;
        _tally.Shmem += tally.Shmem;
        return true;
    }

    /// <summary>Reports the active pages of a run of frames within one word.</summary>
    private static void AddActive(IActivePages pages, FrameBlock block, int frame, ulong page, int length)
    {
        ulong active = (~block.Idle[frame >> 6] >> frame) & (ulong.MaxValue >> (64 - length));
        while (active != 0)
        {
            int first = BitOperations.TrailingZeroCount(active);
            int count = BitOperations.TrailingZeroCount(~(active >> first));
            pages.AddActive(page + (ulong)first, count);
            active = first + count == 64 ? 0 : active >> (first + count) << (first + count);
        }
    }

    /// <summary>How many entries from one on continue it: the next frame each, with the same flags.</summary>
    private static int RunLength(ReadOnlySpan<ulong> entries, int first, int most)
    {
        ref ulong start = ref Unsafe.Add(ref MemoryMarshal.GetReference(entries), first);
        int limit = Math.Min(most, entries.Length - first);
        int length = 1;
        while (length < limit && Unsafe.Add(ref start, length) == start + (ulong)length)
        {
            length++;
        }

        return length;
    }

    /// <summary>Brings the ages of a run of frames within one word up to date; returns how many of them were active.</summary>
    private int TakeRun(FrameBlock block, int frame, Span<byte> ages, ref PageTally tally)
    {
        int word = frame >> 6;
        ulong mask = ulong.MaxValue >> (64 - ages.Length) << frame;
        block.Seen[word] |= mask;
        ulong idle = block.Idle[word] & mask;
        tally.Resident += ages.Length;
        if (idle == 0)
        {
            ages.Fill(epochs.Current);
            return ages.Length;
        }

        if (idle == (block.Marked[word] & mask) && idle == mask)
        {
            KeepIdle(ages);
            return 0;
        }

        return TakeMixed(block, frame, ages, ref tally);
    }

    /// <summary>Idle for the whole window, whatever is known of the time before it.</summary>
    private void KeepIdle(Span<byte> ages)
    {
        if (ages.Contains(Epochs.Absent))
        {
            ages.Replace(Epochs.Absent, epochs.Previous);
        }
    }

    private int TakeMixed(FrameBlock block, int frame, Span<byte> ages, ref PageTally tally)
    {
        int active = 0;
        for (int i = 0; i < ages.Length; i++, frame++)
        {
            int word = frame >> 6;
            if ((block.Idle[word] >> frame & 1) == 0)
            {
                ages[i] = epochs.Current;
                active++;
            }
            else if ((block.Marked[word] >> frame & 1) != 0)
            {
                KeepIdle(ages.Slice(i, 1));
            }
            else
            {
                TakeUntracked(block, frame, ref ages[i], ref tally);
            }
        }

        return active;
    }

    /// <summary>Neighbouring pages mostly are of one age: counts them stretch by stretch.</summary>
    private void CountAges(ReadOnlySpan<byte> ages)
    {
        while (!ages.IsEmpty)
        {
            byte age = ages[0];
            int other = ages.IndexOfAnyExcept(age);
            int count = other < 0 ? ages.Length : other;
            _tally.Idle[age] += count;
            ages = ages[count..];
        }
    }

    /// <summary>
    /// The zero page is nobody's memory and, as in the kernel's own count, not resident; other frames that are on no
    /// reclaim list, or beyond the bitmap, are resident, and whether they were used cannot be known.
    /// </summary>
    private void TakeUntracked(FrameBlock block, int frame, ref byte age, ref PageTally tally)
    {
        if (block.IsZeroPage(frame))
        {
            age = Epochs.Absent;
            tally.Resident--;
            return;
        }

        tally.Untracked++;
        age = epochs.Current;
    }

    private void CountForGroup(FrameBlock block, ulong entry, ReadOnlySpan<byte> ages, PageKind sharedKind)
    {
        // A page that only this process maps cannot have been counted before.
        bool exclusive = (entry >> ExclusiveShift & 1) != 0;
        PageKind kind = (entry >> FileOrSharedShift & 1) != 0 ? sharedKind : PageKind.Anon;
        int frame = (int)(entry & (FrameBlock.Frames - 1));
        for (int i = 0; i < ages.Length; i++, frame++)
        {
            if (ages[i] == Epochs.Absent || !(exclusive || block.CountFor(_group, frame)))
            {
                continue;
            }

            _groupTally.Resident++;
            _groupTally.Idle[ages[i]]++;
            bool isActive = (block.Idle[frame >> 6] >> frame & 1) == 0;
            _groupTally.AddActive(kind, isActive ? 1 : 0);
        }
    }
}
