using System.Runtime.InteropServices;
using MemSnoop.Kernel;

namespace MemSnoop.Paging;

/// <summary>
/// The file <c>/proc/kpageflags</c>, 8 bytes a frame. Read in ranges: a call for each frame is about a hundred times
/// dearer than the frame.
/// </summary>
internal sealed class KpageFlags : IDisposable
{
    /// <summary>The most frames of one read: 256 KiB of buffer, 128 MiB of memory.</summary>
    internal const int MostFrames = FrameBlock.Frames;

    private readonly KernelHandle _handle;
    private readonly ulong[] _flags = new ulong[MostFrames];

    private KpageFlags(KernelHandle handle) => _handle = handle;

    internal static ReadOutcome Open(KernelPaths paths, out KpageFlags? flags)
    {
        ReadOutcome outcome = KernelFile.Open(paths.Proc("kpageflags"), out KernelHandle handle);
        flags = outcome == ReadOutcome.Success ? new KpageFlags(handle) : null;
        return outcome;
    }

    /// <summary>The flags of frames from <paramref name="first"/>; fewer than asked for at the end of memory, none on failure.</summary>
    internal ReadOnlySpan<ulong> Read(ulong first, int count) => _flags.AsSpan(0, ReadInto(first, _flags.AsSpan(0, count)));

    /// <summary>The same into a buffer of the caller's; how many were read.</summary>
    internal int ReadInto(ulong first, Span<ulong> flags)
    {
        ReadOutcome outcome = KernelFile.Read(_handle, MemoryMarshal.AsBytes(flags), (long)(first * sizeof(ulong)), out int bytes);
        return outcome == ReadOutcome.Success ? bytes / sizeof(ulong) : 0;
    }

    public void Dispose() => _handle.Dispose();
}
