using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using MemSnoop.Paging;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>
/// Updates the ages of a block's frames after a window, without a branch on whether a frame was used: that is as good as random, and a mispredicted branch costs
/// more than the update.
/// </summary>
internal static class AgeUpdate
{
    private const int Lanes = 16;

    private static readonly Vector128<byte> LowThenHigh = Vector128.Create((byte)0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
    private static readonly Vector128<byte> BitOfLane = Vector128.Create((byte)1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128);

    /// <summary>Frames that were used, and those whose use is unknown, take the current epoch; idle ones keep theirs.</summary>
    internal static void Apply(FrameBlock block, byte current)
    {
        for (int word = 0; word < FrameBlock.Words; word++)
        {
            ulong idle = block.Marked[word] & block.Idle[word];
            ulong known = block.Marked[word] | block.Idle[word];
            if (known != idle)
            {
                Set(block.Ages.AsSpan(word * 64, 64), known & ~idle, current);
            }
        }
    }

    /// <summary>The same, but frames that were idle for an age that counts are noted, and keep the age that they had.</summary>
    /// <param name="block">The block.</param>
    /// <param name="current">The epoch of this pass.</param>
    /// <param name="reached">Which ages count.</param>
    internal static void ApplyNoting(FrameBlock block, byte current, ReachedAges reached)
    {
        if (reached.Youngest < 0)
        {
            Apply(block, current);
            return;
        }

        byte youngest = (byte)reached.Youngest;
        block.ReaccessedPass = reached.Pass;

        for (int word = 0; word < FrameBlock.Words; word++)
        {
            ulong idle = block.Marked[word] & block.Idle[word];
            ulong known = block.Marked[word] | block.Idle[word];
            if (known != idle)
            {
                Span<byte> ages = block.Ages.AsSpan(word * 64, 64);
                ulong reaccessed = block.Marked[word] & ~idle;
                reaccessed = reaccessed == 0 ? 0 : reaccessed & FindUpTo(ages, youngest);
                if (reaccessed != 0)
                {
                    block.NoteReaccessed(word, reaccessed);
                }

                Set(ages, known & ~idle & ~reaccessed, current);
            }
        }
    }

    /// <summary>The frames of a word whose age is at most this epoch.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong FindUpTo(ReadOnlySpan<byte> ages, byte youngest)
    {
        ulong found = 0;
        int i = 0;
        if (Vector128.IsHardwareAccelerated)
        {
            Vector128<byte> most = Vector128.Create(youngest);
            for (; i + Lanes <= ages.Length; i += Lanes)
            {
                // No processor before AVX-512 compares bytes without a sign, but all have their minimum.
                Vector128<byte> known = Vector128.LoadUnsafe(ref MemoryMarshal.GetReference(ages[i..]));
                found |= (ulong)Vector128.Equals(Vector128.Min(known, most), known).ExtractMostSignificantBits() << i;
            }
        }

        for (; i < ages.Length; i++)
        {
            found |= ages[i] <= youngest ? 1UL << i : 0;
        }

        return found;
    }

    /// <summary>Sets the ages of the frames of a word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Set(Span<byte> ages, ulong frames, byte current)
    {
        int i = 0;
        if (Vector128.IsHardwareAccelerated)
        {
            for (; i + Lanes <= ages.Length; i += Lanes)
            {
                ref byte first = ref MemoryMarshal.GetReference(ages[i..]);
                Vector128<byte> known = Vector128.LoadUnsafe(ref first);
                Vector128.ConditionalSelect(Expand((ushort)(frames >> i)), Vector128.Create(current), known).StoreUnsafe(ref first);
            }
        }

        for (; i < ages.Length; i++)
        {
            ages[i] = (frames >> i & 1) != 0 ? current : ages[i];
        }
    }

    /// <summary>A lane of ones for each set bit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Expand(ushort bits) =>
        Vector128.Equals(Vector128.Shuffle(Vector128.Create(bits).AsByte(), LowThenHigh) & BitOfLane, BitOfLane);
}
