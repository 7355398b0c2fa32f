using System.Buffers.Binary;
using System.Runtime.InteropServices;
using MemSnoop.Kernel;

namespace MemSnoop.WorkingSets.PageIdle.Handover;

/// <summary>What a file of ages begins with.</summary>
/// <param name="Checksum">Of all that follows, and of the rest of the header.</param>
/// <param name="Length">How many bytes follow.</param>
/// <param name="Boot">The start of the host, by the kernel's random number of it.</param>
/// <param name="Written">When it was written, as the time since that start, suspended time included.</param>
internal readonly record struct AgesHeader(uint Checksum, long Length, Guid Boot, TimeSpan Written)
{
    /// <summary>The length of a header.</summary>
    internal const int Bytes = 48;

    /// <summary>Changes whenever something is written in another way.</summary>
    internal const uint Version = 2;

    private const int ChecksumAt = 12;
    private const int SummedAt = 16;

    private static ReadOnlySpan<byte> Magic => "memsnoop"u8;

    /// <summary>The boot id of this host; none where the kernel does not say it.</summary>
    internal static Guid? BootOf(KernelPaths paths)
    {
        KernelBuffer buffer = new(64);
        return KernelFile.ReadToEnd(paths.Proc("sys/kernel/random/boot_id"), buffer, out ReadOnlySpan<byte> text) == ReadOutcome.Success
            && Guid.TryParse(System.Text.Encoding.ASCII.GetString(text).Trim(), out Guid boot)
            ? boot
            : null;
    }

    /// <summary>The header as bytes, for content with this checksum.</summary>
    internal static byte[] Write(uint checksum, long length, Guid boot, TimeSpan written)
    {
        byte[] bytes = new byte[Bytes];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), Version);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), length);
        MemoryMarshal.Write(bytes.AsSpan(24), boot);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(40), written.Ticks);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(ChecksumAt), AgesWriter.Sum(checksum, bytes.AsSpan(SummedAt)));
        return bytes;
    }

    /// <summary>Reads the header of a file, and makes sure that the file is whole.</summary>
    internal static AgesOutcome TryRead(KernelHandle file, out AgesHeader header)
    {
        header = default;
        byte[] bytes = new byte[Bytes];
        if (KernelFile.Read(file, bytes, 0, out int count) != ReadOutcome.Success || count < Bytes || !bytes.AsSpan().StartsWith(Magic))
        {
            return AgesOutcome.Damaged;
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(8)) != Version)
        {
            return AgesOutcome.OtherVersion;
        }

        header = new AgesHeader(
            BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(ChecksumAt)),
            BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(16)),
            MemoryMarshal.Read<Guid>(bytes.AsSpan(24)),
            TimeSpan.FromTicks(BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(40))));
        bool isPlausible = header.Length is >= 0 and <= Locks.AgesFile.MaxBytes && header.Written >= TimeSpan.Zero && KernelFile.LengthOf(file) == Bytes + header.Length;
        return isPlausible && AgesWriter.Sum(new AgesReader(file, Bytes, Bytes + header.Length).SumUp(), bytes.AsSpan(SummedAt)) == header.Checksum
            ? AgesOutcome.Continued
            : AgesOutcome.Damaged;
    }
}
