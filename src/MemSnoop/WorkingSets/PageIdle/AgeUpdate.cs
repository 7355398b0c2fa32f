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
