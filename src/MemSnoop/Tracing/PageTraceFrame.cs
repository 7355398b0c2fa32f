using System.Buffers.Binary;
using System.IO.Compression;
using System.Numerics;

namespace MemSnoop.Tracing;

/// <summary>One frame of a page trace file: a payload, compressed by itself, with its lengths and a CRC-32C of everything but the CRC.</summary>
internal sealed class PageTraceFrame
{
    // Medium quality, since a recorder shares the processors with its target. A window of 256 kB holds most payloads.
    private const int Quality = 5;
    private const int Window = 18;

    private byte[] _compressed = new byte[4096];
    private byte[] _raw = [];

    /// <summary>Writes a payload as a frame.</summary>
    internal void Write(Stream stream, ReadOnlySpan<byte> payload)
    {
        if (payload.Length > PageTraceFormat.MaxFrameBytes)
        {
            throw new NotSupportedException($"A sample of {payload.Length} bytes is too large for a page trace.");
        }

        Grow(ref _compressed, PageTraceFormat.FrameHeaderBytes + BrotliEncoder.GetMaxCompressedLength(payload.Length));
        Span<byte> body = _compressed.AsSpan(PageTraceFormat.FrameHeaderBytes);
        if (!BrotliEncoder.TryCompress(payload, body, out int length, Quality, Window))
        {
            throw new InvalidOperationException("A buffer of the compressor's own bound was too small for it.");
        }

        BinaryPrimitives.WriteInt32LittleEndian(_compressed, payload.Length);
        BinaryPrimitives.WriteInt32LittleEndian(_compressed.AsSpan(4), length);
        BinaryPrimitives.WriteUInt32LittleEndian(_compressed.AsSpan(8), Checksum(_compressed.AsSpan(0, 8), body[..length]));
        stream.Write(_compressed, 0, PageTraceFormat.FrameHeaderBytes + length);
    }

    /// <summary>Reads the next frame.</summary>
    /// <param name="stream">At a frame's first byte.</param>
    /// <param name="payload">The payload, until the next call; empty unless the frame is whole.</param>
    /// <param name="read">How many bytes were taken from the stream.</param>
    internal FrameState Read(Stream stream, out ReadOnlySpan<byte> payload, out int read)
    {
        payload = default;
        Span<byte> header = stackalloc byte[PageTraceFormat.FrameHeaderBytes];
        read = stream.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
        if (read < header.Length)
        {
            return FrameState.CutShort;
        }

        int rawLength = BinaryPrimitives.ReadInt32LittleEndian(header);
        int length = BinaryPrimitives.ReadInt32LittleEndian(header[4..]);
        if (rawLength is <= 0 or > PageTraceFormat.MaxFrameBytes || length is <= 0 or > PageTraceFormat.MaxFrameBytes)
        {
            return FrameState.Damaged;
        }

        // Piece by piece, so that a damaged length cannot allocate much more memory than the file has bytes.
        int have = 0;
        while (have < length)
        {
            int piece = Math.Min(length - have, Math.Max(have, 1 << 16));
            Grow(ref _compressed, have + piece);
            int got = stream.ReadAtLeast(_compressed.AsSpan(have, piece), piece, throwOnEndOfStream: false);
            read += got;
            have += got;
            if (got < piece)
            {
                return FrameState.CutShort;
            }
        }

        ReadOnlySpan<byte> body = _compressed.AsSpan(0, length);
        if (Checksum(header[..8], body) != BinaryPrimitives.ReadUInt32LittleEndian(header[8..]))
        {
            return FrameState.Damaged;
        }

        Grow(ref _raw, rawLength);
        if (!BrotliDecoder.TryDecompress(body, _raw.AsSpan(0, rawLength), out int written) || written != rawLength)
        {
            return FrameState.Damaged;
        }

        payload = _raw.AsSpan(0, rawLength);
        return FrameState.Whole;
    }

    private static uint Checksum(ReadOnlySpan<byte> lengths, ReadOnlySpan<byte> body)
    {
        uint crc = uint.MaxValue;
        crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(lengths));
        for (; body.Length >= 8; body = body[8..])
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(body));
        }

        foreach (byte rest in body)
        {
            crc = BitOperations.Crc32C(crc, rest);
        }

        return ~crc;
    }

    private static void Grow(ref byte[] buffer, int length)
    {
        if (buffer.Length < length)
        {
            Array.Resize(ref buffer, (int)Math.Min(Array.MaxLength, Math.Max(length, buffer.Length * 2L)));
        }
    }
}

/// <summary>The result of reading a frame.</summary>
internal enum FrameState
{
    Whole,

    /// <summary>The stream ended before the frame did.</summary>
    CutShort,

    /// <summary>All bytes were there, but some are not those that were written.</summary>
    Damaged,
}
