using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MemSnoop.Disturbances;
using MemSnoop.Paging;
using MemSnoop.Processes;
using MemSnoop.WorkingSets.Shares;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>
/// Attributes frames to the pages of one process: counts active and idle pages and notes which frames are mapped. This is the innermost loop of a pass, once for
/// each page.
/// </summary>
internal sealed class PageWalk(
    FrameTable frames, AreaList areas, Epochs epochs, DeviceKinds kinds, FreshFrames fresh, FileReads reads, KpageCgroup? kpageCgroup, ReachedAges? reached = null, bool isSpread = false, IActivePages? activePages = null)
    : IPageRuns
{
    private const ulong PresentBit = 1UL << 63;
    private const int FileOrSharedShift = 61;
    private const int ExclusiveShift = 56;
    private const ulong FrameMask = (1UL << 55) - 1;

    private readonly IdlePages _idle = new(kpageCgroup);
    private readonly IdlePages _groupIdle = new(kpageCgroup);
    private byte[] _agesBefore = new byte[64];
    private PageAges _before = new();
    private PageAges _after = new();
    private MemoryArea[] _areasBefore = [];
    private int _areasBeforeCount;
    private bool _isGlance;
    private bool _countsIdle;
    private bool _isPlain;
    private NewPages _newPages;
    private DisturbanceReport _report = DisturbanceReport.Quiet;
    private int _group;
    private int _process;
    private PageTally _tally;
    private PageTally _groupTally;
    private WindowSum _window;
    private MemoryShare _counted = MemoryShare.Whole;
    private UnitPages _unit;
    private EnteringUnit? _entering;

    private byte UsedAge => _isGlance ? Epochs.Absent : epochs.Current;

    /// <summary>What the walk has counted.</summary>
    internal ref readonly PageTally Tally => ref _tally;

    /// <summary>What it has counted that no earlier process of the group had; zero without a group. Doubts about idle pages are apart.</summary>
    internal ref readonly PageTally GroupTally => ref _groupTally;

    /// <summary>The idle pages of the group's processes since it began.</summary>
    internal IdlePages GroupIdle => _groupIdle;

    /// <summary>Idle pages of files and of shared memory that the process may have read by descriptor, without a trace.</summary>
    internal (long File, long Shmem) HiddenReads { get; private set; }

    /// <summary>What was counted of each unit; empty unless a share of the process was walked over.</summary>
    internal UnitSample Units { get; } = new();

    /// <summary>Sets what was counted to zero.</summary>
    internal void Clear()
    {
        Units.Clear();
        _tally = default;
        if (_group != 0 || _entering is not null)
        {
            _groupTally = default;
        }

        // A walk may have ended in the middle of a unit.
        _entering = null;
        _window = default;
        HiddenReads = default;
        _idle.Clear();
    }

    /// <summary>Prepares the walk over one process.</summary>
    internal void Begin(in WalkTerms terms)
    {
        _before = terms.Before;
        _after = terms.After;
        _after.Clear();
        if (_areasBefore.Length < terms.AreasBefore.Length)
        {
            _areasBefore = new MemoryArea[terms.AreasBefore.Length * 2];
        }

        terms.AreasBefore.CopyTo(_areasBefore);
        _areasBeforeCount = terms.AreasBefore.Length;
        _isGlance = terms.IsGlance;
        _newPages = terms.NewPages;
        _report = terms.Report;
        _countsIdle = !_report.Sum.IsNone || !_report.Everywhere.IsNone;
        _isPlain = !_isGlance && !isSpread && !_countsIdle && activePages is null;
        _group = terms.Group;
        _counted = terms.Counted;
        _process++;
        fresh.Clear();
    }

    /// <summary>Has what was counted of a share stand for all of the process, which has so many resident pages.</summary>
    internal void Scale(double weight, long? resident)
    {
        _tally.Scale(weight);
        _groupTally.Scale(weight);
        _tally.Resident = resident ?? _tally.Resident;
    }

    /// <summary>Adds what may have been used although it looks idle; after the walk, and after it was scaled.</summary>
    internal void AddDoubts(TrackedProcess process, ProcessPages pages)
    {
        if (_countsIdle)
        {
            _idle.AddDoubts(_report, Units.Weight, ref _tally);
        }

        (long file, long shmem) = HiddenReads = reads.FindHidden(process, pages, areas.Areas, _report, _isGlance, _tally);
        AddFileReads(ref _tally, file, shmem);
        if (_group != 0)
        {
            AddFileReads(ref _groupTally, file, shmem);
        }
    }

    private static void AddFileReads(ref PageTally tally, long file, long shmem)
    {
        tally.AddDoubt(PageKind.File, file, Disturbance.FileRead);
        tally.AddDoubt(PageKind.Shmem, shmem, Disturbance.FileRead);
    }

    /// <summary>The window of the mean frame of the process; the pass's own where it had no frame that was marked.</summary>
    internal WindowTimes Window(TimeSpan end, TimeSpan otherwise) => _window.ToTimes(end, otherwise);

    /// <inheritdoc/>
    public bool Take(in MemoryArea area, ulong firstPage, ReadOnlySpan<ulong> entries)
    {
        if ((area.IsFile ? kinds.Find(area, entries) : PageKind.File) is not { } sharedKind)
        {
            TakeHugetlb(entries);
            return true;
        }

        return Attribute(area, firstPage, entries, _after.Append(firstPage, entries.Length), sharedKind);
    }

    /// <inheritdoc/>
    public void BeginUnit(ulong unit)
    {
        if (!_counted.Has(unit))
        {
            // Nobody marked it: its pages would all look used. From the next walk on it counts.
            _entering = new EnteringUnit(_tally, _groupTally, _group, _countsIdle);
            (_group, _countsIdle) = (0, false);
            return;
        }

        _unit = new UnitPages(unit, _tally.Resident, _tally.Used, _groupTally.Used);
    }

    /// <inheritdoc/>
    public void EndUnit()
    {
        if (_entering is { } entering)
        {
            (_tally, _groupTally, _group, _countsIdle, _entering) = (entering.Tally, entering.GroupTally, entering.Group, entering.CountsIdle, null);
            return;
        }

        Units.Add(new UnitPages(_unit.Unit, _tally.Resident - _unit.Resident, _tally.Used - _unit.Used, _groupTally.Used - _unit.UsedForGroup));
    }

    private void TakeHugetlb(ReadOnlySpan<ulong> entries)
    {
        foreach (ulong entry in entries)
        {
            _tally.Hugetlb += (long)(entry >> 63);
        }
    }

    // Optimised from the first call: the runtime would begin with slower code, and `memsnoop wss` makes only two passes.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool Attribute(in MemoryArea area, ulong firstPage, ReadOnlySpan<ulong> entries, Span<byte> ages, PageKind sharedKind)
    {
        ulong blockIndex = ulong.MaxValue;
        FrameBlock? block = null;
        long inBlock = 0;
        for (int i = 0; i < entries.Length;)
        {
            ulong entry = entries[i];
            if (entry < PresentBit)
            {
                int absent = i;
                do
                {
                    i++;
                }
                while (i < entries.Length && entries[i] < PresentBit);
                ages[absent..i].Fill(Epochs.Absent);
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

                if (frame > PagemapEntry.HighestFrame)
                {
                    TakeDamaged(out ages[i++]);
                    continue;
                }

                _window.Add(block?.Times, inBlock);
                inBlock = 0;
                block = frames.GetOrAdd(frame);
                blockIndex = frame >> FrameBlock.FrameShift;
            }

            int count = FrameRun.Length(entries[i..]);
            int singles = count == 1 ? TakeSingles(block!, entries[i..], ages[i..], sharedKind) : 0;
            if (singles == 0)
            {
                TakeRun(block!, area, firstPage + (ulong)i, entry, ages[i..], count, sharedKind);
            }

            count = Math.Max(count, singles);
            inBlock += count;
            if (activePages is not null)
            {
                AddActive(activePages, block!, entry, firstPage + (ulong)i, count);
            }

            i += count;
        }

        _window.Add(block?.Times, inBlock);
        if (_isPlain)
        {
            FindTaken(firstPage, entries, ages, sharedKind);
        }

        _tally.Idle.Add(ages);
        return true;
    }

    /// <summary>
    /// Finds frames that were somebody else's when their window ended, were freed since, and taken by this process before the pass came to it. They look as idle as they were. What tells is the
    /// age, which is not the one that the page had, and the idle flag, which is gone: the kernel gives no frame away with it.
    /// </summary>
    private void FindTaken(ulong firstPage, ReadOnlySpan<ulong> entries, Span<byte> ages, PageKind sharedKind)
    {
        if (!_before.TryFind(firstPage, entries.Length, out ReadOnlySpan<byte> before))
        {
            if (_agesBefore.Length < entries.Length)
            {
                _agesBefore = new byte[entries.Length];
            }

            _before.Read(firstPage, _agesBefore.AsSpan(0, entries.Length));
            before = _agesBefore.AsSpan(0, entries.Length);
        }

        int same = before.CommonPrefixLength(ages);
        if (same == ages.Length)
        {
            return;
        }

        byte used = epochs.Current;
        for (int i = ChangedAges.Next(before, ages, same, used); i < ages.Length; i = ChangedAges.Next(before, ages, i + 1, used))
        {
            ulong entry = entries[i];
            bool isShared = (entry >> FileOrSharedShift & 1) != 0;

            // Memory of others is at new addresses after every fork and mmap, with the age that it has.
            bool isOthers = before[i] == Epochs.Absent && (isShared || (entry >> ExclusiveShift & 1) == 0);
            if (!isOthers && !fresh.MayBeIdle(entry & FrameMask))
            {
                CountTaken(frames.GetOrAdd(entry & FrameMask), (int)entry & (FrameBlock.Frames - 1), ages[i], isShared ? sharedKind : PageKind.Anon);
                ages[i] = used;
            }
        }
    }

    private void CountTaken(FrameBlock block, int frame, byte age, PageKind kind)
    {
        block.SetTaken(frame, epochs.Current);
        _tally.AddActive(kind, 1);
        _tally.AddIdle(kind, -1);
        if (_group != 0)
        {
            _groupTally.AddActive(kind, 1);
            _groupTally.Idle[age]--;
            _groupTally.Idle[epochs.Current]++;
        }
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
        age = UsedAge;
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

    /// <summary>
    /// Pages whose neighbours lie elsewhere, as most do where memory is fragmented: the same as runs of one, in a fifth of the instructions. Returns how many were taken: up to one of which more
    /// has to be known, that is in another block, or with which a run begins.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int TakeSingles(FrameBlock block, ReadOnlySpan<ulong> entries, Span<byte> ages, PageKind sharedKind)
    {
        if (!_isPlain || block.HasDoubts || block.HasReaccessed)
        {
            return 0;
        }

        ReadOnlySpan<ulong> marked = block.Marked;
        ReadOnlySpan<ulong> idle = block.Idle;
        Span<ulong> seen = block.Seen;
        ReadOnlySpan<byte> known = block.Ages;
        bool mayRepeat = areas.MayRepeatFrames;
        long resident = 0;
        long idleShared = 0;
        long activeShared = 0;
        long activeAnon = 0;
        int taken = 0;
        for (; taken < entries.Length; taken++)
        {
            ulong entry = entries[taken];
            int frame = (int)entry & (FrameBlock.Frames - 1);
            int word = frame >> 6;
            bool isOther = entry < PresentBit || (entry & FrameMask) >> FrameBlock.FrameShift != (ulong)block.Index;
            bool beginsRun = taken + 1 < entries.Length && entries[taken + 1] == entry + 1;
            if (isOther || beginsRun || (marked[word] >> frame & 1) == 0)
            {
                break;
            }

            seen[word] |= 1UL << frame;
            bool isShared = (entry >> FileOrSharedShift & 1) != 0;
            if (isShared && mayRepeat && block.ForProcess.Add(_process, word, 1UL << frame) == 0)
            {
                ages[taken] = Epochs.Absent;
                continue;
            }

            long isIdle = (long)(idle[word] >> frame & 1);
            ages[taken] = known[frame];
            resident++;
            idleShared += isShared ? isIdle : 0;
            activeShared += isShared ? 1 - isIdle : 0;
            activeAnon += isShared ? 0 : 1 - isIdle;
            if (_group != 0 && block.ForGroup.Add(_group, word, 1UL << frame) != 0)
            {
                _groupTally.Resident++;
                _groupTally.AddActive(isShared ? sharedKind : PageKind.Anon, 1 - isIdle);
                _groupTally.Idle[known[frame]]++;
            }
        }

        _tally.Resident += resident;
        _tally.AddActive(PageKind.Anon, activeAnon);
        _tally.AddActive(sharedKind, activeShared);
        _tally.AddIdle(sharedKind, idleShared);
        return taken;
    }

    /// <summary>Pages in frames that follow each other in one word of the block: the first of the ages are theirs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void TakeRun(FrameBlock block, in MemoryArea area, ulong page, ulong entry, Span<byte> ages, int count, PageKind sharedKind)
    {
        int word = (int)(entry >> 6) & (FrameBlock.Words - 1);
        ulong mask = FrameRun.Mask(entry, count);
        ulong marked = block.Marked[word] & mask;
        ulong idle = block.Idle[word] & mask;
        ref ulong seen = ref block.Seen[word];
        ulong unknown = mask & ~((_isGlance ? 0 : seen) | marked | idle);
        if (unknown != 0)
        {
            LookAtFresh(block, area, page, entry, unknown, ages[..count]);
            marked = block.Marked[word] & mask;
            idle = block.Idle[word] & mask;
        }

        seen |= _isGlance ? 0 : mask;
        ulong reaccessed = block.ReaccessedIn(word) & mask;
        bool isShared = (entry >> FileOrSharedShift & 1) != 0;
        ulong repeated = isShared && areas.MayRepeatFrames ? mask & ~block.ForProcess.Add(_process, word, mask) : 0;
        if ((idle & ~marked) != 0 || block.HasDoubts || repeated != 0)
        {
            LookAgain(block, area, page, entry, idle & ~marked, ages[..count]);
            ulong certain = reaccessed == 0 ? 0 : FindSame(block, page, entry, reaccessed, count);
            TakeEach(block, entry, ages[..count], certain, isShared ? sharedKind : PageKind.Anon, repeated);
            return;
        }

        PageKind kind = isShared ? sharedKind : PageKind.Anon;
        ReadOnlySpan<byte> known = block.Ages.AsSpan((int)entry & (FrameBlock.Frames - 1), count);
        if (_isGlance || isSpread)
        {
            CopyIdle(known, ages, idle >> (int)(entry & 63));
        }
        else
        {
            known.CopyTo(ages);
        }

        if (reaccessed != 0)
        {
            TakeReaccessed(block, page, entry, reaccessed, idle, ages[..count]);
        }

        _tally.Resident += count;
        _tally.AddActive(kind, count - BitOperations.PopCount(idle));
        if (_countsIdle && idle != 0)
        {
            _idle.Add(entry & FrameMask & ~63UL, idle, kind, _report);
        }

        if (isShared)
        {
            _tally.AddIdle(kind, BitOperations.PopCount(idle));
        }

        if (_group != 0)
        {
            CountForGroup(block, entry, ages[..count], idle, mask, kind);
        }
    }

    /// <summary>
    /// The ages of idle frames alone, where the block's window did not end with this pass. What was used takes the number of this pass. In a glance it has no
    /// age yet: the number of this window would make it as old as the window.
    /// </summary>
    private void CopyIdle(ReadOnlySpan<byte> known, Span<byte> ages, ulong idle)
    {
        for (int i = 0; i < known.Length; i++)
        {
            ages[i] = (idle >> i & 1) != 0 ? known[i] : UsedAge;
        }
    }

    /// <summary>
    /// Frames of a run that were accessed again: counts them by the ages that they had, and gives their pages the age that they have now. Where a glance finds them idle
    /// since, that is the age of this pass.
    /// </summary>
    private void TakeReaccessed(FrameBlock block, ulong page, ulong entry, ulong reaccessed, ulong idle, Span<byte> ages)
    {
        ulong certain = FindSame(block, page, entry, reaccessed, ages.Length);
        if (certain != 0)
        {
            CountReaccessed(block, (int)(entry >> 6) & (FrameBlock.Words - 1), certain);
        }

        int first = (int)(entry & 63);
        for (ulong left = reaccessed; left != 0; left &= left - 1)
        {
            int bit = BitOperations.TrailingZeroCount(left);
            ages[bit - first] = (idle >> bit & 1) != 0 ? epochs.Current : UsedAge;
        }
    }

    /// <summary>
    /// Those of the frames that hold what they held before: a frame that was freed and taken within the window looks like one that is accessed again. The process had
    /// a page of the same age at the address.
    /// </summary>
    private ulong FindSame(FrameBlock block, ulong page, ulong entry, ulong reaccessed, int count)
    {
        if (_isGlance)
        {
            return 0;
        }

        _before.Read(page, _agesBefore.AsSpan(0, count));
        int first = (int)(entry & 63);
        int word = (int)entry & (FrameBlock.Frames - 1) & ~63;
        ulong same = reaccessed;
        for (ulong left = reaccessed; left != 0; left &= left - 1)
        {
            int bit = BitOperations.TrailingZeroCount(left);
            same = _agesBefore[bit - first] == block.Ages[word + bit] ? same : same & ~(1UL << bit);
        }

        return same;
    }

    private void CountReaccessed(FrameBlock block, int word, ulong frames)
    {
        CountReaccessed(ref _tally, block, word, frames);
        if (_group != 0)
        {
            CountReaccessed(ref _groupTally, block, word, block.ReaccessedForGroup.Add(_group, word, frames));
        }
    }

    private void CountReaccessed(ref PageTally tally, FrameBlock block, int word, ulong frames)
    {
        for (ulong left = frames; left != 0; left &= left - 1)
        {
            tally.Reaccessed[reached!.Of(block, block.Ages[(word * 64) + BitOperations.TrailingZeroCount(left)])]++;
        }
    }

    /// <summary>Frames that nobody has marked: what they are depends on what was at their addresses before.</summary>
    private void LookAtFresh(FrameBlock block, in MemoryArea area, ulong page, ulong entry, ulong candidates, Span<byte> before)
    {
        // The span of the ages serves for those that were there before; it is overwritten afterwards.
        _before.Read(page, before);
        int first = (int)(entry & 63);
        for (ulong left = candidates; left != 0; left &= left - 1)
        {
            int bit = BitOperations.TrailingZeroCount(left);
            int frame = ((int)entry & (FrameBlock.Frames - 1) & ~63) + bit;
            byte age = before[bit - first];
            block.Ages[frame] = epochs.Current;
            switch (fresh.Look(block.FirstFrame + (ulong)frame, age != Epochs.Absent, _isGlance, _report))
            {
                case FreshFrame.ZeroPage:
                    block.SetZeroPage(frame);
                    break;
                case FreshFrame.Idle:
                    // The flag that it carries was set at the window's start or before.
                    block.SetIdle(frame, age != Epochs.Absent && IsSameArea(area, entry) ? age : epochs.Previous);
                    break;
                case FreshFrame.Moved:
                    block.SetDoubtful(frame, Disturbance.Moved);
                    break;
                default:
                    if (_newPages == NewPages.AreDoubtful || (_newPages == NewPages.AreUsedIfExclusive && (entry >> ExclusiveShift & 1) == 0))
                    {
                        block.SetDoubtful(frame, Disturbance.Unmarked);
                    }

                    break;
            }
        }
    }

    /// <summary>Frames that could not be tracked when the window ended: those that can be by now have come into use since, as frames that nobody has marked.</summary>
    private void LookAgain(FrameBlock block, in MemoryArea area, ulong page, ulong entry, ulong untracked, Span<byte> before)
    {
        ulong joined = 0;
        for (ulong left = untracked; left != 0; left &= left - 1)
        {
            int frame = ((int)entry & (FrameBlock.Frames - 1) & ~63) + BitOperations.TrailingZeroCount(left);
            if (!block.IsZeroPage(frame) && fresh.CanBeTracked(block.FirstFrame + (ulong)frame))
            {
                block.SetFresh(frame);
                joined |= 1UL << frame;
            }
        }

        if (joined != 0)
        {
            LookAtFresh(block, area, page, entry, joined, before);
        }
    }

    /// <summary>
    /// Whether the address still means the same memory, so that its age is that of a page that was migrated. Anonymous memory cannot come to its address
    /// otherwise: a frame that was moved there by mremap(2) was marked.
    /// </summary>
    private bool IsSameArea(in MemoryArea area, ulong entry) =>
        (entry >> FileOrSharedShift & 1) == 0 || _areasBefore.AsSpan(0, _areasBeforeCount).BinarySearch(area, ByStart.Instance) is >= 0 and var index && _areasBefore[index] == area;

    /// <summary>A run with frames among it that cannot be tracked, are in doubt, or were counted before, page by page.</summary>
    private void TakeEach(FrameBlock block, ulong entry, Span<byte> ages, ulong reaccessed, PageKind kind, ulong repeated)
    {
        for (int i = 0; i < ages.Length; i++)
        {
            ulong page = entry + (ulong)i;
            int frame = (int)page & (FrameBlock.Frames - 1);
            if ((repeated >> frame & 1) != 0)
            {
                ages[i] = Epochs.Absent;
                continue;
            }

            if (block.IsUntracked(frame))
            {
                _tally.Resident += TakeUntracked(block, page, ref ages[i]);
                continue;
            }

            if ((reaccessed >> frame & 1) != 0)
            {
                CountReaccessed(block, frame >> 6, 1UL << frame);
            }

            TakeTracked(block, page, frame, out ages[i], kind);
        }
    }

    private void TakeTracked(FrameBlock block, ulong entry, int frame, out byte age, PageKind kind)
    {
        ulong bit = 1UL << frame;
        ulong idle = block.Idle[frame >> 6] & bit;
        bool isDoubtful = block.IsDoubtful(frame);
        age = idle == 0 ? UsedAge : (block.ReaccessedIn(frame >> 6) & bit) != 0 ? epochs.Current : block.Ages[frame];
        Count(ref _tally, block, idle, isDoubtful, kind);
        _tally.AddIdle(kind, idle != 0 ? 1 : 0);
        if (_countsIdle && idle != 0)
        {
            _idle.Add(entry & FrameMask & ~63UL, idle, kind, _report);
        }

        if (_group != 0 && block.ForGroup.Add(_group, frame >> 6, bit) != 0)
        {
            Count(ref _groupTally, block, idle, isDoubtful, kind);
            _groupTally.Idle[age]++;
            if (_countsIdle && idle != 0)
            {
                _groupIdle.Add(entry & FrameMask & ~63UL, idle, kind, _report);
            }
        }
    }

    private static void Count(ref PageTally tally, FrameBlock block, ulong idle, bool isDoubtful, PageKind kind)
    {
        tally.Resident++;
        if (isDoubtful)
        {
            tally.AddDoubt(kind, 1, block.DoubtReason);
            tally.DoubtfulNew++;
        }
        else if (idle == 0)
        {
            tally.AddActive(kind, 1);
        }
    }

    /// <summary>
    /// The zero page belongs to no process, and is not resident by the kernel's own count either. Other frames on no reclaim list, or beyond the bitmap, are
    /// resident, and their use is unknown.
    /// </summary>
    private int TakeUntracked(FrameBlock block, ulong entry, ref byte age)
    {
        int frame = (int)entry & (FrameBlock.Frames - 1);
        if (block.IsZeroPage(frame))
        {
            age = Epochs.Absent;
            return 0;
        }

        _tally.Untracked++;
        age = UsedAge;
        if (_group != 0 && block.ForGroup.Add(_group, frame >> 6, 1UL << frame) != 0)
        {
            CountUntracked(ref _groupTally);
            _groupTally.Idle[age]++;
        }

        return 1;
    }

    /// <summary>
    /// Counts the frames of a run that no process of the group was counted for. The kernel's exclusive bit would not do: it is about address spaces, of which two
    /// processes can share one (CLONE_VM, a vfork(2) under way).
    /// </summary>
    private void CountForGroup(FrameBlock block, ulong entry, ReadOnlySpan<byte> ages, ulong idle, ulong mask, PageKind kind)
    {
        ulong counted = block.ForGroup.Add(_group, (int)(entry >> 6) & (FrameBlock.Words - 1), mask);
        _groupTally.Resident += BitOperations.PopCount(counted);
        _groupTally.AddActive(kind, BitOperations.PopCount(counted & ~idle));
        if (_countsIdle && (counted & idle) != 0)
        {
            _groupIdle.Add(entry & FrameMask & ~63UL, counted & idle, kind, _report);
        }

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

    /// <summary>What was counted before a unit that does not count yet.</summary>
    private readonly record struct EnteringUnit(PageTally Tally, PageTally GroupTally, int Group, bool CountsIdle);

    private sealed class ByStart : IComparer<MemoryArea>
    {
        internal static ByStart Instance { get; } = new();

        public int Compare(MemoryArea x, MemoryArea y) => x.Start.CompareTo(y.Start);
    }
}
