using System.Numerics;
using MemSnoop.Disturbances;
using MemSnoop.Kernel;
using MemSnoop.Paging;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>Finds the groups that frames are counted for.</summary>
internal interface IChargedGroups
{
    /// <summary>The group of this inode number; null if its frames do not matter.</summary>
    ChargedGroup? Find(ulong inode);

    /// <summary>A unit of a share was counted; not called where all memory is.</summary>
    void EndUnit();
}

/// <summary>
/// Looks at all frames of a block for those that are charged to groups that matter, tells what they hold, and counts them. Nobody need map them: page tables are
/// not looked at.
/// </summary>
internal sealed class ChargedFrames(KpageCgroup cgroups, KpageFlags kpageFlags, FrameTable frames, FreshFrames fresh, Epochs epochs)
{
    /// <summary>Flags are read for as many frames at once; the charge is the cheaper of the two files, and says where flags are needed.</summary>
    private const int ChunkFrames = 512;

    private readonly ulong[] _groups = new ulong[FrameBlock.Frames];
    private readonly ulong[] _flags = new ulong[FrameBlock.Frames];
    private readonly bool[] _isRead = new bool[FrameBlock.Frames / ChunkFrames];
    private DisturbanceReport _report = DisturbanceReport.Quiet;
    private ulong _first;
    private PageFlags _head;

    /// <summary>Counts the frames of a block, and has them watched until the next pass.</summary>
    /// <param name="index">The block.</param>
    /// <param name="groups">Whose frames count.</param>
    /// <param name="report">What happened to accessed bits within the window.</param>
    /// <param name="reached">How many ages a page has reached, by the number of the pass that last saw it used; empty when the pass only begins windows.</param>
    /// <param name="count">How many frames there are; fewer than a block has where memory ends.</param>
    internal ReadOutcome Take(long index, IChargedGroups groups, DisturbanceReport report, ReadOnlySpan<byte> reached, out int count)
    {
        Begin(index, report);
        ReadOutcome outcome = cgroups.Read(_first, _groups, out count);
        if (outcome == ReadOutcome.Success)
        {
            TakeFrames(groups, 0, count, reached);
        }

        return outcome;
    }

    /// <summary>The same for a share of the block.</summary>
    /// <param name="index">The block.</param>
    /// <param name="share">The share.</param>
    /// <param name="counted">The share of the pass before: what that has not marked does not count yet.</param>
    /// <param name="unitFrames">Frames of a unit.</param>
    /// <param name="groups">Whose frames count.</param>
    /// <param name="report">What happened to accessed bits within the window.</param>
    /// <param name="reached">How many ages a page has reached, by the number of the pass that last saw it used; empty when the pass only begins windows.</param>
    /// <param name="isEnd">Whether memory ends in the block or before.</param>
    internal ReadOutcome TakeShare(
        long index, MemoryShare share, MemoryShare counted, int unitFrames, IChargedGroups groups, DisturbanceReport report, ReadOnlySpan<byte> reached, out bool isEnd)
    {
        isEnd = false;
        Begin(index, report);
        for (int from = 0; from < FrameBlock.Frames; from += unitFrames)
        {
            ulong unit = MemoryUnit.OfMemory((_first + (ulong)from) / (ulong)unitFrames);
            if (!share.Has(unit))
            {
                continue;
            }

            ReadOutcome outcome = cgroups.Read(_first + (ulong)from, _groups.AsSpan(from, unitFrames), out int count);
            if (outcome != ReadOutcome.Success)
            {
                return outcome;
            }

            if (count == 0)
            {
                isEnd = true;
                break;
            }

            bool counts = !reached.IsEmpty && counted.Has(unit);
            TakeFrames(groups, from, from + count, counts ? reached : default);
            if (counts)
            {
                groups.EndUnit();
            }
        }

        return ReadOutcome.Success;
    }

    private void Begin(long index, DisturbanceReport report)
    {
        _first = (ulong)index << FrameBlock.FrameShift;
        _report = report;
        Array.Clear(_isRead);
        fresh.Clear();
    }

    private void TakeFrames(IChargedGroups groups, int from, int count, ReadOnlySpan<byte> reached)
    {
        FrameBlock? block = null;
        while (from < count)
        {
            ulong inode = _groups[from];
            int same = _groups.AsSpan(from, count - from).IndexOfAnyExcept(inode);
            int end = same < 0 ? count : from + same;
            if (inode != 0 && groups.Find(inode) is { } group)
            {
                // Before Linux 6.4 the tails of a folio read as charged to nobody.
                while (end < count && _groups[end] == 0 && FlagsOf(end).IsCompoundTail)
                {
                    end++;
                }

                block ??= frames.GetOrAdd(_first);
                TakeRun(block, group, from, end, reached);
            }

            from = end;
        }
    }

    private PageFlags FlagsOf(int frame)
    {
        int chunk = frame / ChunkFrames;
        if (!_isRead[chunk])
        {
            Span<ulong> flags = _flags.AsSpan(chunk * ChunkFrames, ChunkFrames);
            int read = kpageFlags.ReadInto(_first + (ulong)(chunk * ChunkFrames), flags);

            // Beyond the end of memory: on no list, and so nothing that counts.
            flags[read..].Clear();
            _isRead[chunk] = true;
        }

        return new PageFlags(_flags[frame]);
    }

    private void TakeRun(FrameBlock block, ChargedGroup group, int from, int to, ReadOnlySpan<byte> reached)
    {
        _head = FindHead(from);
        while (from < to)
        {
            int end = Math.Min(to, (from | 63) + 1);
            TakeWord(block, group, from, end, reached);
            from = end;
        }
    }

    /// <summary>The flags of the folio's head, if the frame is a tail. It lies in the same block, since blocks are multiples of the largest folio.</summary>
    private PageFlags FindHead(int frame)
    {
        while (frame > 0 && FlagsOf(frame).IsCompoundTail)
        {
            frame--;
        }

        return FlagsOf(frame);
    }

    private void TakeWord(FrameBlock block, ChargedGroup group, int from, int to, ReadOnlySpan<byte> reached)
    {
        ulong anon = 0;
        ulong file = 0;
        ulong shmem = 0;
        ulong cache = 0;
        ulong mapped = 0;
        for (int frame = from; frame < to; frame++)
        {
            PageFlags page = FlagsOf(frame);
            _head = page.IsCompoundTail ? _head : page;
            page = page.IsCompoundTail ? page.With(_head) : page;
            if (page.IsHugetlb || page.IsZeroPage || page.IsSlab)
            {
                continue;
            }

            ulong bit = 1UL << frame;
            mapped |= page.IsMapped ? bit : 0;
            if (page.IsAnon)
            {
                anon |= bit;
            }
            else if (page.IsSwapBacked)
            {
                shmem |= bit;
            }
            else if (page.IsOnLru)
            {
                file |= page.IsMapped ? bit : 0;
                cache |= page.IsMapped ? 0 : bit;
            }

            // All else is the kernel's own: stacks, page tables, buffers.
        }

        int word = from >> 6;
        ulong all = anon | file | shmem | cache;
        ulong unknown = all & ~(block.Seen[word] | block.Marked[word] | block.Idle[word]);
        if (unknown != 0)
        {
            LookAtFresh(block, word, unknown);
        }

        block.Seen[word] |= all;
        if (!reached.IsEmpty)
        {
            Count(block, group, word, ChargedKind.Anon, anon, mapped, reached);
            Count(block, group, word, ChargedKind.File, file, mapped, reached);
            Count(block, group, word, ChargedKind.Shmem, shmem, mapped, reached);
            Count(block, group, word, ChargedKind.Cache, cache, mapped, reached);
        }
    }

    private static void Count(FrameBlock block, ChargedGroup group, int word, ChargedKind kind, ulong frames, ulong mapped, ReadOnlySpan<byte> reached)
    {
        if (frames != 0)
        {
            group.Count(block, word, kind, frames, mapped, reached);
        }
    }

    /// <summary>Frames that nobody has marked and no watched process maps: they came into use within the window, unless the kernel moved what they hold there.</summary>
    private void LookAtFresh(FrameBlock block, int word, ulong unknown)
    {
        for (ulong left = unknown; left != 0; left &= left - 1)
        {
            int frame = (word * 64) + BitOperations.TrailingZeroCount(left);
            block.Ages[frame] = epochs.Current;
            PageFlags page = FlagsOf(frame);
            page = page.IsCompoundTail ? page.With(FindHead(frame)) : page;
            if (page.HasIdleFlag && fresh.Look(_first + (ulong)frame, wasResident: false, isGlance: false, _report) == FreshFrame.Idle)
            {
                block.SetIdle(frame, epochs.Previous);
            }
            else if ((_report.HugePagesCollapsed && page.IsCompound) || (_report.PagesMerged && page.IsKsm))
            {
                block.SetDoubtful(frame, Disturbance.Moved);
            }
        }
    }
}
