using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>
/// Finds pages that are idle and yet have another age than at the last walk. An idle page keeps its age, so there is other memory at its address: it was moved there, or its frame belonged to
/// somebody else when its window ended. Nearly all pages have the same age or were used, so most are passed over many at once.
/// </summary>
internal static class ChangedAges
{
    /// <summary>The next one from a place on; the length if there is none.</summary>
    /// <param name="before">The ages at the last walk.</param>
    /// <param name="now">The ages at this walk, as many.</param>
    /// <param name="from">Where to begin.</param>
    /// <param name="used">The age of what was used.</param>
    internal static int Next(ReadOnlySpan<byte> before, ReadOnlySpan<byte> now, int from, byte used)
    {
        int i = from;
        if (Vector128.IsHardwareAccelerated)
        {
            ref byte then = ref MemoryMarshal.GetReference(before);
            ref byte here = ref MemoryMarshal.GetReference(now);
            Vector128<byte> ofUsed = Vector128.Create(used);
            Vector128<byte> ofAbsent = Vector128.Create(Epochs.Absent);
            for (; i + Vector128<byte>.Count <= now.Length; i += Vector128<byte>.Count)
            {
                Vector128<byte> age = Vector128.LoadUnsafe(ref here, (nuint)i);
                Vector128<byte> isPlain = Vector128.Equals(age, Vector128.LoadUnsafe(ref then, (nuint)i)) | Vector128.Equals(age, ofUsed) | Vector128.Equals(age, ofAbsent);
                uint plain = isPlain.ExtractMostSignificantBits();
                if (plain != ushort.MaxValue)
                {
                    return i + BitOperations.TrailingZeroCount(~plain);
                }
            }
        }

        while (i < now.Length && (now[i] == before[i] || now[i] == used || now[i] == Epochs.Absent))
        {
            i++;
        }

        return i;
    }
}
