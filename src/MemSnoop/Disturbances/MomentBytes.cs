using System.Buffers.Binary;
using MemSnoop.ProcFs;

namespace MemSnoop.Disturbances;

/// <summary>
/// A moment as bytes: what the kernel counts by itself, and so can be compared with what it counts later, by another program. What is noticed only by who watches, such as an
/// opening of the idle bitmap, is not in it.
/// </summary>
internal static class MomentBytes
{
    private const int Numbers = 12;
    private const int FixedBytes = (Numbers * sizeof(ulong)) + sizeof(ushort);

    /// <summary>No host has been up for longer than a hundred years.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromDays(36500);

    /// <param name="moment">The moment.</param>
    /// <param name="now">The time of the description, by the moment's clock.</param>
    internal static byte[] Write(HostMoment moment, TimeSpan now)
    {
        ReadOnlySpan<byte> listing = moment.Generations.IsKnown ? moment.Generations.Text : default;
        byte[] bytes = new byte[FixedBytes + listing.Length];
        Span<byte> rest = bytes;
        ushort known = 0;
        int place = 0;
        VmStat host = moment.Host;
        foreach (ulong? number in (ReadOnlySpan<ulong?>)[
            host.ScannedAnon, host.ScannedFile, host.Reclaims, host.Refilled, host.Deactivated, host.LazyFreed, host.Collapses,
            moment.Merged.Shared, moment.Merged.Sharing, moment.Merged.Zero])
        {
            known |= (ushort)(number is null ? 0 : 1 << place);
            BinaryPrimitives.WriteUInt64LittleEndian(rest[(place++ * sizeof(ulong))..], number ?? 0);
        }

        BinaryPrimitives.WriteInt64LittleEndian(rest[(place++ * sizeof(ulong))..], (now - moment.At).Ticks);
        BinaryPrimitives.WriteUInt64LittleEndian(rest[(place * sizeof(ulong))..], (moment.HasGenerations ? 1UL : 0) | (moment.Damon.IsOn ? 2UL : 0) | (moment.Bitmap.Open > 0 ? 4UL : 0));
        BinaryPrimitives.WriteUInt16LittleEndian(rest[(Numbers * sizeof(ulong))..], known);
        listing.CopyTo(rest[FixedBytes..]);
        return bytes;
    }

    /// <summary>False if these are not the bytes of a moment.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="moment">Takes what they say.</param>
    /// <param name="then">The time of the description, by the clock of this moment.</param>
    internal static bool TryRead(ReadOnlySpan<byte> bytes, HostMoment moment, TimeSpan then)
    {
        if (bytes.Length < FixedBytes)
        {
            return false;
        }

        TimeSpan age = TimeSpan.FromTicks(BinaryPrimitives.ReadInt64LittleEndian(bytes[(10 * sizeof(ulong))..]));
        if (age < TimeSpan.Zero || age > Longest)
        {
            return false;
        }

        ulong? Number(ReadOnlySpan<byte> all, int place) =>
            (BinaryPrimitives.ReadUInt16LittleEndian(all[(Numbers * sizeof(ulong))..]) >> place & 1) != 0 ? BinaryPrimitives.ReadUInt64LittleEndian(all[(place * sizeof(ulong))..]) : null;

        moment.Host = new VmStat
        {
            ScannedAnon = Number(bytes, 0),
            ScannedFile = Number(bytes, 1),
            Reclaims = Number(bytes, 2),
            Refilled = Number(bytes, 3),
            Deactivated = Number(bytes, 4),
            LazyFreed = Number(bytes, 5),
            Collapses = Number(bytes, 6),
        };
        moment.Merged = new MergedPages(Number(bytes, 7), Number(bytes, 8), Number(bytes, 9));
        ulong switches = BinaryPrimitives.ReadUInt64LittleEndian(bytes[(11 * sizeof(ulong))..]);
        moment.HasGenerations = (switches & 1) != 0;
        moment.Damon = ((switches & 2) != 0, 0);
        moment.Bitmap = ((switches & 4) != 0 ? 1 : 0, 0);
        moment.Generations.Take(bytes[FixedBytes..]);
        moment.At = then - age;
        return true;
    }
}
