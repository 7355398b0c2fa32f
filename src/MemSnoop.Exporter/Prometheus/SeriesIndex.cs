using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>Where a sample lies in its block, and where in it are the labels, by which it is told from others of its family.</summary>
internal readonly record struct SampleSpan(int Block, int Start, int KeyStart, int KeyLength, int End);

/// <summary>
/// Finds a series among the samples of a buffer by the bytes of its labels: a hash table that keeps its arrays from one collection to the next.
/// </summary>
internal sealed class SeriesIndex
{
    // Room for this many series at first; both arrays grow by doubling.
    private const int InitialCapacity = 16;

    // Random, so that nobody can choose process names that collide. A GUID, since RandomNumberGenerator needs OpenSSL, and without TLS nothing else here does.
    private static readonly (ulong Seed, ulong Key) Secret = MemoryMarshal.Cast<byte, (ulong Seed, ulong Key)>(Guid.NewGuid().ToByteArray())[0];

    private int _count;
    private Slot[] _slots = new Slot[InitialCapacity];
    private int[] _buckets = new int[InitialCapacity * 2];

    // Buckets and links hold positions plus one, so that a cleared array is an empty table.
    private record struct Slot(int Hash, int Next, SampleSpan Sample);

    /// <summary>Adds a sample; returns the one of the same series that it takes the place of, if there is one.</summary>
    public SampleSpan? AddOrReplace(List<byte[]> blocks, SampleSpan sample)
    {
        ReadOnlySpan<byte> key = KeyOf(blocks, sample);
        int hash = Hash(key);
        for (int i = _buckets[hash & (_buckets.Length - 1)] - 1; i >= 0; i = _slots[i].Next - 1)
        {
            ref Slot slot = ref _slots[i];
            if (slot.Hash == hash && KeyOf(blocks, slot.Sample).SequenceEqual(key))
            {
                SampleSpan replaced = slot.Sample;
                slot.Sample = sample;
                return replaced;
            }
        }

        if (_count == _slots.Length)
        {
            Grow();
        }

        _slots[_count].Sample = sample;
        Link(_count++, hash);
        return null;
    }

    /// <summary>Makes it empty. Its arrays stay, unless they are four times as large as needed.</summary>
    public void Clear()
    {
        bool isTooLarge = _slots.Length > InitialCapacity && _count < _slots.Length / 4;
        _count = 0;
        if (isTooLarge)
        {
            _slots = new Slot[InitialCapacity];
            _buckets = new int[InitialCapacity * 2];
        }
        else
        {
            Array.Clear(_buckets);
        }
    }

    // Eight bytes at a time: the product of two halves that are shifted by secret keys (as in NH), a fifth of what HashCode.AddBytes takes. Not the whole product of
    // 64 bits, which a processor of the oldest kind takes fifty instructions for.
    private static int Hash(ReadOnlySpan<byte> key)
    {
        ulong hash = Secret.Seed ^ (ulong)key.Length;
        for (; key.Length >= sizeof(ulong); key = key[sizeof(ulong)..])
        {
            hash = Mix(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(key));
        }

        ulong last = 0;
        foreach (byte value in key)
        {
            last = (last << 8) | value;
        }

        hash = Mix(hash ^ last);
        return (int)(hash ^ (hash >> 32));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Mix(ulong value)
    {
        ulong shifted = value + Secret.Key;
        return ((shifted & uint.MaxValue) * (shifted >> 32)) ^ BitOperations.RotateLeft(value, 32);
    }

    private static ReadOnlySpan<byte> KeyOf(List<byte[]> blocks, in SampleSpan sample) => blocks[sample.Block].AsSpan(sample.KeyStart, sample.KeyLength);

    private void Link(int index, int hash)
    {
        ref int bucket = ref _buckets[hash & (_buckets.Length - 1)];
        (_slots[index].Hash, _slots[index].Next) = (hash, bucket);
        bucket = index + 1;
    }

    private void Grow()
    {
        Array.Resize(ref _slots, _slots.Length * 2);
        _buckets = new int[_slots.Length * 2];
        for (int i = 0; i < _count; i++)
        {
            Link(i, _slots[i].Hash);
        }
    }
}
