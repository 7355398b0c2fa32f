namespace MemSnoop.Tracing;

/// <summary>
/// The constants of the page trace format; docs/trace-report.md describes all of it. A file is the magic, the version, and frames; each frame is compressed on
/// its own and has a checksum, so the undamaged part of a file can be read.
/// </summary>
internal static class PageTraceFormat
{
    /// <summary>The version that is written. A reader knows this one and all below.</summary>
    internal const ushort Version = 1;

    /// <summary>Raw length, compressed length, checksum: 32 bits each, little-endian.</summary>
    internal const int FrameHeaderBytes = 12;

    /// <summary>No frame is longer than this, compressed or not: some 100 million ranges. It bounds what a damaged length can make a reader allocate.</summary>
    internal const int MaxFrameBytes = 256 << 20;

    /// <summary>The first payload byte of the first frame: who was traced, and when.</summary>
    internal const byte TraceFrame = 1;

    /// <summary>The first payload byte of a sample's frame.</summary>
    internal const byte SampleFrame = 2;

    /// <summary>The first payload byte of the last frame. A file without it was cut short, or its writer was killed.</summary>
    internal const byte EndFrame = 3;

    /// <summary>A name, a byte that no text file has, and a line end that a text transfer would change.</summary>
    internal static ReadOnlySpan<byte> Magic => "MSPAGES\u0000\r\n"u8;
}
