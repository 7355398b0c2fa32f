using System.Runtime.InteropServices;
using MemSnoop.Kernel;
using MemSnoop.Paging;

namespace MemSnoop.WorkingSets.PageIdle.Handover;

/// <summary>Reads what <see cref="AgesWriter"/> has written to a file. Nothing is taken on trust: every number has a bound, and what is longer than the file says ends it.</summary>
/// <param name="file">The file.</param>
/// <param name="start">Where in the file to begin.</param>
/// <param name="end">Where to end.</param>
internal sealed class AgesReader(KernelHandle file, long start, long end)
{
    private const int PieceBytes = 64 * 1024;

    /// <summary>No host has been up for longer than a hundred years.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromDays(36500);

    private readonly byte[] _bytes = new byte[PieceBytes];
    private long _next = start;
    private int _at;
    private int _count;

    /// <summary>Whether all was read.</summary>
    internal bool IsAtEnd => _at == _count && _next == end;

    /// <summary>The checksum of all that comes.</summary>
    internal uint SumUp()
    {
        uint sum = 0;
        while (!IsAtEnd)
        {
            Fill();
            sum = AgesWriter.Sum(sum, _bytes.AsSpan(0, _count));
            _at = _count;
        }

        return sum;
    }

    internal ulong Number()
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = Byte();
            if (shift == 63 && next > 1)
            {
                throw new DamagedAgesException();
            }

            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
    }

    /// <summary>A number that is at most this.</summary>
    internal long Number(long most) => Number() is var value && value <= (ulong)most ? (long)value : throw new DamagedAgesException();

    internal int Number(int most) => (int)Number((long)most);

    internal bool Flag() => Number(1) == 1;

    /// <summary>A share of memory.</summary>
    /// <param name="salt">What makes its choice random.</param>
    internal MemoryShare Share(ulong salt) => (uint)Number((long)uint.MaxValue) is var bound && bound == uint.MaxValue ? MemoryShare.Whole : new MemoryShare(bound, salt);

    /// <summary>A time, by how long before another it is.</summary>
    internal TimeSpan Before(TimeSpan now)
    {
        ulong number = Number();
        TimeSpan before = TimeSpan.FromTicks((long)(number >> 1) ^ -(long)(number & 1));
        return before <= Longest && before >= -Longest ? now - before : throw new DamagedAgesException();
    }

    /// <summary>Bytes, at most so many.</summary>
    internal byte[] Text(int most)
    {
        byte[] bytes = new byte[Number(most)];
        Raw(bytes);
        return bytes;
    }

    /// <summary>A bit for each frame of a block.</summary>
    internal void Bits(Span<ulong> words)
    {
        while (!words.IsEmpty)
        {
            (int count, bool isRun) = Run(words.Length);
            Raw(MemoryMarshal.AsBytes(words[..(isRun ? 1 : count)]));
            if (isRun)
            {
                words[1..count].Fill(words[0]);
            }

            words = words[count..];
        }
    }

    /// <summary>An age for each page.</summary>
    internal void Ages(Span<byte> ages)
    {
        while (!ages.IsEmpty)
        {
            (int count, bool isRun) = Run(ages.Length);
            Raw(ages[..(isRun ? 1 : count)]);
            if (isRun)
            {
                ages[1..count].Fill(ages[0]);
            }

            ages = ages[count..];
        }
    }

    private (int Count, bool IsRun) Run(int most)
    {
        long number = Number(((long)most << 1) | 1);
        return number >= 2 ? ((int)(number >> 1), (number & 1) != 0) : throw new DamagedAgesException();
    }

    private byte Byte()
    {
        if (_at == _count)
        {
            Fill();
        }

        return _bytes[_at++];
    }

    private void Raw(Span<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_at == _count)
            {
                Fill();
            }

            int count = Math.Min(_count - _at, bytes.Length);
            _bytes.AsSpan(_at, count).CopyTo(bytes);
            _at += count;
            bytes = bytes[count..];
        }
    }

    private void Fill()
    {
        int wanted = (int)Math.Min(PieceBytes, end - _next);
        if (wanted <= 0 || KernelFile.Read(file, _bytes.AsSpan(0, wanted), _next, out int read) != ReadOutcome.Success || read == 0)
        {
            throw new DamagedAgesException();
        }

        (_at, _count, _next) = (0, read, _next + read);
    }
}

/// <summary>The file of ages is not what an exporter has written.</summary>
internal sealed class DamagedAgesException : Exception;
