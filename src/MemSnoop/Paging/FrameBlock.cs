using System.Numerics;

namespace MemSnoop.Paging;

/// <summary>What became of a page frame within a window.</summary>
internal enum FrameState
{
    /// <summary>Was not marked at the start of the window, so it came into use within it.</summary>
    Fresh,

    /// <summary>Was marked, and accessed since.</summary>
    Active,

    /// <summary>Was marked, and not accessed since.</summary>
    Idle,

    /// <summary>Cannot be tracked: on no list of the reclaim, beyond the bitmap, or the zero page.</summary>
    Untracked,
}

/// <summary>
/// The state of 32,768 frames (128 MiB of memory with pages of 4 KiB), as many as one call on the idle bitmap can reach.
/// Three bits a frame; blocks exist only for memory that watched processes map, so a hole in the physical address space
/// costs nothing.
/// </summary>
internal sealed class FrameBlock(long index)
{
    internal const int Frames = Words * 64;
    internal const int Words = 512;
    internal const int FrameShift = 15;

    /// <summary>Frames that were marked idle at the start of the window.</summary>
    internal readonly ulong[] Marked = new ulong[Words];

    /// <summary>Of those, the ones that were not accessed; of the others, the ones that cannot be tracked.</summary>
    internal readonly ulong[] Idle = new ulong[Words];

    /// <summary>Frames that processes map in the current walk.</summary>
    internal readonly ulong[] Seen = new ulong[Words];

    /// <summary>Frames already counted for a group of processes; see <see cref="Group"/>.</summary>
    internal ulong[]? Counted;

    /// <summary>The group that <see cref="Counted"/> is about.</summary>
    internal int Group;

    /// <summary>Words from here on cannot be read: memory ends here.</summary>
    internal int ReadableWords = Words;

    /// <summary>Which block of physical memory it is.</summary>
    internal long Index { get; } = index;

    internal long FirstWord => Index * Words;

    internal ulong FirstFrame => (ulong)Index << FrameShift;

    internal bool IsEmpty => !Marked.AsSpan().ContainsAnyExcept(0UL) && !Seen.AsSpan().ContainsAnyExcept(0UL);

    internal FrameState StateOf(int frame)
    {
        int word = frame >> 6;
        bool marked = (Marked[word] >> frame & 1) != 0;
        bool idle = (Idle[word] >> frame & 1) != 0;
        return marked ? (idle ? FrameState.Idle : FrameState.Active) : idle ? FrameState.Untracked : FrameState.Fresh;
    }

    /// <summary>Takes the frames of the walk for those to look at in the next window.</summary>
    internal void AdoptSeen()
    {
        for (int word = 0; word < Words; word++)
        {
            Idle[word] &= Marked[word] & Seen[word];
        }

        Seen.CopyTo(Marked, 0);
        Array.Clear(Seen);
    }

    /// <summary>Counts a frame for a group; false when it was counted before.</summary>
    internal bool CountFor(int group, int frame)
    {
        Counted ??= new ulong[Words];
        if (Group != group)
        {
            Array.Clear(Counted);
            Group = group;
        }

        ref ulong word = ref Counted[frame >> 6];
        ulong bit = 1UL << frame;
        bool isNew = (word & bit) == 0;
        word |= bit;
        return isNew;
    }

    internal static int CountBits(ReadOnlySpan<ulong> words)
    {
        int bits = 0;
        foreach (ulong word in words)
        {
            bits += BitOperations.PopCount(word);
        }

        return bits;
    }
}
