using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>
/// Updates the ages of a run of pages, without a branch on whether a page was used. That is known only when the frame state arrives from memory, and a
/// mispredicted branch would wait for it.
/// </summary>
internal static class AgeUpdate
{
    private const int Lanes = 16;

    private static readonly Vector128<byte> LowThenHigh = Vector128.Create((byte)0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
    private static readonly Vector128<byte> BitOfLane = Vector128.Create((byte)1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128);

    /// <summary>
    /// Ages the first pages of a span: used ones take the current epoch, idle ones keep theirs, and those that were absent at the last walk have been idle at
    /// least since the previous pass.
    /// </summary>
    /// <param name="ages">The ages; those behind the run may be read and written as they are.</param>
    /// <param name="count">Pages of the run, 64 at most.</param>
    /// <param name="idle">A bit for each page of the run.</param>
    /// <param name="current">Epoch of this pass.</param>
    /// <param name="previous">Epoch of the pass before.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Apply(Span<byte> ages, int count, ulong idle, byte current, byte previous)
    {
        int i = 0;
        if (Vector128.IsHardwareAccelerated)
        {
            for (; i < count && i + Lanes <= ages.Length; i += Lanes)
            {
                ref byte first = ref MemoryMarshal.GetReference(ages[i..]);
                Vector128<byte> known = Vector128.LoadUnsafe(ref first);
                Vector128<byte> kept = Vector128.ConditionalSelect(Vector128.Equals(known, Vector128.Create(Epochs.Absent)), Vector128.Create(previous), known);
                Vector128<byte> updated = Vector128.ConditionalSelect(Expand((ushort)(idle >> i)), kept, Vector128.Create(current));
                int lanes = Math.Min(count - i, Lanes);
                Vector128.ConditionalSelect(Expand((ushort)((1u << lanes) - 1)), updated, known).StoreUnsafe(ref first);
            }
        }

        for (; i < count; i++)
        {
            byte kept = ages[i] == Epochs.Absent ? previous : ages[i];
            ages[i] = (idle >> i & 1) != 0 ? kept : current;
        }
    }

    /// <summary>A lane of ones for each set bit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Expand(ushort bits) =>
        Vector128.Equals(Vector128.Shuffle(Vector128.Create(bits).AsByte(), LowThenHigh) & BitOfLane, BitOfLane);
}
