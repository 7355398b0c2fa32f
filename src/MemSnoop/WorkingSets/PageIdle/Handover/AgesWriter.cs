using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using MemSnoop.Kernel;
using MemSnoop.Locks;
using MemSnoop.Paging;

namespace MemSnoop.WorkingSets.PageIdle.Handover;

/// <summary>
/// Writes numbers and runs of bits and ages, either to a file piece by piece, with a checksum, or into memory, to see how long they become. What follows a failure goes nowhere.
/// </summary>
/// <param name="file">The file; null for memory.</param>
/// <param name="start">Where in the file to begin.</param>
internal sealed class AgesWriter(KernelHandle? file = null, long start = 0)
{
    /// <summary>Ages that are the same are told by their number from so many on.</summary>
    private const int LeastRun = 4;

    private const int PieceBytes = 64 * 1024;

    private byte[] _bytes = new byte[PieceBytes];
    private int _count;

    /// <summary>How many bytes were written so far.</summary>
    internal long Length { get; private set; }

    /// <summary>The checksum of what has gone to the file.</summary>
    internal uint Checksum { get; private set; }

    /// <summary>How writing to the file ended so far.</summary>
    internal ReadOutcome Outcome { get; private set; } = ReadOutcome.Success;

    /// <summary>Forgets what is in memory.</summary>
    internal void Clear() => (_count, Length) = (0, 0);

    /// <summary>Seven bits a byte, the lowest first; the highest bit says that more follow.</summary>
    internal void Number(ulong value)
    {
        Span<byte> space = Space(10);
        int length = 0;
        for (; value >= 0x80; value >>= 7)
        {
            space[length++] = (byte)(value | 0x80);
        }

        space[length++] = (byte)value;
        Took(length);
    }

    internal void Number(long value) => Number((ulong)value);

    /// <summary>How long before another time a time is; negative if it is after it.</summary>
    internal void Before(TimeSpan time, TimeSpan now)
    {
        long ticks = (now - time).Ticks;
        Number((ulong)((ticks << 1) ^ (ticks >> 63)));
    }

    internal void Flag(bool value) => Number(value ? 1UL : 0);

    /// <summary>A share of memory. What makes its choice random is part of the configuration.</summary>
    internal void Share(MemoryShare share) => Number((ulong)share.Bound);

    /// <summary>Bytes as they are, and before them their number.</summary>
    internal void Text(ReadOnlySpan<byte> bytes)
    {
        Number(bytes.Length);
        Raw(bytes);
    }

    /// <summary>What another has in memory.</summary>
    internal void Append(AgesWriter other) => Raw(other._bytes.AsSpan(0, other._count));

    /// <summary>A bit for each frame of a block.</summary>
    internal void Bits(ReadOnlySpan<ulong> words)
    {
        while (!words.IsEmpty)
        {
            int same = LengthOfRun(words);
            int other = same > 1 ? 0 : 1;
            while (same == 1 && other < words.Length && (other + 1 == words.Length || words[other] != words[other + 1]))
            {
                other++;
            }

            if (other == 0)
            {
                Number(((ulong)same << 1) | 1);
                Raw(MemoryMarshal.AsBytes(words[..1]));
                words = words[same..];
            }
            else
            {
                Number((ulong)other << 1);
                Raw(MemoryMarshal.AsBytes(words[..other]));
                words = words[other..];
            }
        }
    }

    /// <summary>An age for each page.</summary>
    internal void Ages(ReadOnlySpan<byte> ages)
    {
        while (!ages.IsEmpty)
        {
            int same = LengthOfRun(ages);
            if (same >= LeastRun)
            {
                Number(((ulong)same << 1) | 1);
                Raw(ages[..1]);
                ages = ages[same..];
                continue;
            }

            int other = same;
            while (other < ages.Length && LengthOfRun(ages[other..]) is < LeastRun and var next)
            {
                other += next;
            }

            Number((ulong)other << 1);
            Raw(ages[..other]);
            ages = ages[other..];
        }
    }

    /// <summary>Writes what is left to the file.</summary>
    internal void Flush()
    {
        if (file is not null && _count > 0)
        {
            Checksum = Sum(Checksum, _bytes.AsSpan(0, _count));
            Outcome = Outcome != ReadOutcome.Success ? Outcome
                : start + Length > AgesFile.MaxBytes ? ReadOutcome.TooLarge
                : KernelFile.Write(file, _bytes.AsSpan(0, _count), start + Length - _count);
            _count = 0;
        }
    }

    /// <summary>The checksum of some bytes that follow others.</summary>
    internal static uint Sum(uint before, ReadOnlySpan<byte> bytes)
    {
        uint sum = before;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
        {
            sum = BitOperations.Crc32C(sum, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        }

        foreach (byte one in bytes)
        {
            sum = BitOperations.Crc32C(sum, one);
        }

        return sum;
    }

    private static int LengthOfRun<T>(ReadOnlySpan<T> items)
        where T : unmanaged, IEquatable<T>
    {
        int other = items.IndexOfAnyExcept(items[0]);
        return other < 0 ? items.Length : other;
    }

    private void Raw(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            Span<byte> space = Space(1);
            int count = Math.Min(space.Length, bytes.Length);
            bytes[..count].CopyTo(space);
            Took(count);
            bytes = bytes[count..];
        }
    }

    private void Took(int count) => (_count, Length) = (_count + count, Length + count);

    /// <summary>Room for at least so many bytes.</summary>
    private Span<byte> Space(int count)
    {
        if (_bytes.Length - _count < count)
        {
            Flush();
            if (_count > 0)
            {
                Array.Resize(ref _bytes, _bytes.Length * 2);
            }
        }

        return _bytes.AsSpan(_count);
    }
}
