using System.Runtime.InteropServices;
using MemSnoop.Kernel;

namespace MemSnoop.Paging;

/// <summary>
/// The file <c>/proc/kpagecgroup</c>, 8 bytes a frame: the inode number of the memory control group that the frame is charged to, 0 if none. Source:
/// <c>Documentation/admin-guide/mm/pagemap.rst</c>.
/// </summary>
internal sealed class KpageCgroup : IDisposable
{
    /// <summary>Frames that are asked for are mostly adjacent: as many as one word of the bitmap has are read at once.</summary>
    private const int RangeFrames = 64;

    private readonly KernelHandle _handle;
    private readonly ulong[] _groups = new ulong[RangeFrames];
    private ulong _first = ulong.MaxValue;
    private int _count;

    private KpageCgroup(KernelHandle handle) => _handle = handle;

    /// <summary>Null if the kernel has no memory control groups, or does not let us read; the outcome tells which.</summary>
    internal static ReadOutcome Open(KernelPaths paths, out KpageCgroup? cgroups)
    {
        ReadOutcome outcome = KernelFile.Open(paths.Proc("kpagecgroup"), out KernelHandle handle);
        cgroups = outcome == ReadOutcome.Success ? new KpageCgroup(handle) : null;
        return outcome;
    }

    /// <summary>Drops what was read: pages are charged elsewhere when they are freed and allocated again.</summary>
    internal void Clear() => _first = ulong.MaxValue;

    /// <summary>The control group of a frame; 0 if it is not known.</summary>
    internal ulong Find(ulong frame)
    {
        ulong first = frame & ~(RangeFrames - 1UL);
        if (first != _first)
        {
            _first = first;
            ReadOutcome outcome = KernelFile.Read(_handle, MemoryMarshal.AsBytes(_groups.AsSpan()), (long)(first * sizeof(ulong)), out int bytes);
            _count = outcome == ReadOutcome.Success ? bytes / sizeof(ulong) : 0;
        }

        int index = (int)(frame - first);
        return index < _count ? _groups[index] : 0;
    }

    /// <summary>The control groups of frames from <paramref name="first"/>.</summary>
    /// <param name="first">The first frame.</param>
    /// <param name="groups">Takes an inode number for each.</param>
    /// <param name="count">How many were read: fewer than asked for at the end of memory.</param>
    internal ReadOutcome Read(ulong first, Span<ulong> groups, out int count)
    {
        count = 0;
        while (count < groups.Length)
        {
            ReadOutcome outcome = KernelFile.Read(_handle, MemoryMarshal.AsBytes(groups[count..]), (long)((first + (ulong)count) * sizeof(ulong)), out int bytes);
            if (outcome != ReadOutcome.Success)
            {
                return outcome;
            }

            if (bytes < sizeof(ulong))
            {
                break;
            }

            count += bytes / sizeof(ulong);
        }

        return ReadOutcome.Success;
    }

    public void Dispose() => _handle.Dispose();
}
