using System.Runtime.CompilerServices;
using MemSnoop.Kernel;

namespace MemSnoop.ProcFs;

/// <summary>Collects the value lines of one area, or of a rollup, until they make <see cref="SmapsSums"/>.</summary>
internal struct SmapsTally
{
    private const int FieldCount = 13;

    // Every kernel prints Rss: first and Locked: last of the lines read here, so an area with both has not been cut short.
    private const uint CompleteFields = (1u << (int)Field.Rss) | (1u << (int)Field.Locked);

    private Values _kib;
    private uint _seen;

    private enum Field
    {
        Rss,
        Pss,
        Referenced,
        Anonymous,
        AnonHugePages,
        ShmemPmdMapped,
        FilePmdMapped,
        SharedHugetlb,
        PrivateHugetlb,
        Swap,
        SwapPss,
        Locked,
        LazyFree,
        Other,
    }

    /// <summary>Whether the area's lines are all there.</summary>
    public readonly bool IsComplete => (_seen & CompleteFields) == CompleteFields;

    public readonly SmapsSums Sums => new()
    {
        RssKib = _kib[(int)Field.Rss],
        PssKib = _kib[(int)Field.Pss],
        ReferencedKib = _kib[(int)Field.Referenced],
        AnonymousKib = _kib[(int)Field.Anonymous],
        AnonHugePagesKib = _kib[(int)Field.AnonHugePages],
        ShmemPmdMappedKib = _kib[(int)Field.ShmemPmdMapped],
        FilePmdMappedKib = _kib[(int)Field.FilePmdMapped],
        SharedHugetlbKib = _kib[(int)Field.SharedHugetlb],
        PrivateHugetlbKib = _kib[(int)Field.PrivateHugetlb],
        SwapKib = _kib[(int)Field.Swap],
        SwapPssKib = _kib[(int)Field.SwapPss],
        LockedKib = _kib[(int)Field.Locked],
        LazyFreeKib = _kib[(int)Field.LazyFree],
    };

    /// <summary>
    /// Splits a value line such as <c>Swap:  0 kB</c> at its colon. A header has a blank before its first colon, so it is told apart in one search.
    /// </summary>
    public static bool TrySplit(ReadOnlySpan<byte> line, out ReadOnlySpan<byte> key, out ReadOnlySpan<byte> text)
    {
        int end = line.IndexOfAny((byte)':', (byte)' ');
        if (end <= 0 || line[end] != (byte)':')
        {
            key = text = default;
            return false;
        }

        key = line[..end];
        text = line[(end + 1)..];
        return true;
    }

    /// <summary>Takes one value in; keys that nobody asks for pass. False when the value is not a whole number of kB.</summary>
    public bool TryTake(ReadOnlySpan<byte> key, ReadOnlySpan<byte> text)
    {
        Field field = Find(key);
        if (field == Field.Other)
        {
            return true;
        }

        Utf8Cursor cursor = new(text);
        if (!cursor.TryReadUInt64(out ulong kib) || !cursor.Rest.SequenceEqual(" kB"u8))
        {
            return false;
        }

        _kib[(int)field] = kib;
        _seen |= 1u << (int)field;
        return true;
    }

    // By length first: it leaves at most two candidates, and rules out the dozen other keys of an area without comparing most of them.
    private static Field Find(ReadOnlySpan<byte> key) => key.Length switch
    {
        3 when key.SequenceEqual("Rss"u8) => Field.Rss,
        3 when key.SequenceEqual("Pss"u8) => Field.Pss,
        4 when key.SequenceEqual("Swap"u8) => Field.Swap,
        6 when key.SequenceEqual("Locked"u8) => Field.Locked,
        7 when key.SequenceEqual("SwapPss"u8) => Field.SwapPss,
        8 when key.SequenceEqual("LazyFree"u8) => Field.LazyFree,
        9 when key.SequenceEqual("Anonymous"u8) => Field.Anonymous,
        10 when key.SequenceEqual("Referenced"u8) => Field.Referenced,
        13 when key.SequenceEqual("AnonHugePages"u8) => Field.AnonHugePages,
        13 when key.SequenceEqual("FilePmdMapped"u8) => Field.FilePmdMapped,
        14 when key.SequenceEqual("ShmemPmdMapped"u8) => Field.ShmemPmdMapped,
        14 when key.SequenceEqual("Shared_Hugetlb"u8) => Field.SharedHugetlb,
        15 when key.SequenceEqual("Private_Hugetlb"u8) => Field.PrivateHugetlb,
        _ => Field.Other,
    };

    [InlineArray(FieldCount)]
    private struct Values
    {
        private ulong _first;
    }
}
