using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using MemSnoop.Paging;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>
/// Adjacent pages are often in adjacent frames, and always in large folios. Such a run within one word of the frame state is processed at once.
/// </summary>
internal static class FrameRun
{
    /// <summary>How many entries lead to adjacent frames with the same flags, up to the end of a word of 64 frames.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int Length(ReadOnlySpan<ulong> entries)
    {
        ref ulong first = ref MemoryMarshal.GetReference(entries);
        int most = Math.Min(entries.Length, 64 - (int)(first & 63));
        int length = 1;
        if (Vector256.IsHardwareAccelerated)
        {
            Vector256<ulong> expected = Vector256.Create(first) + Vector256.Create(1UL, 2, 3, 4);
            while (length + Vector256<ulong>.Count <= most && Vector256.LoadUnsafe(ref first, (nuint)length) == expected)
            {
                expected += Vector256.Create((ulong)Vector256<ulong>.Count);
                length += Vector256<ulong>.Count;
            }
        }

        while (length < most && Unsafe.Add(ref first, length) == first + (ulong)length)
        {
            length++;
        }

        return length;
    }

    /// <summary>The bits of a run in its word.</summary>
    internal static ulong Mask(ulong firstEntry, int length) => (ulong.MaxValue >> (64 - length)) << (int)(firstEntry & 63);
}
