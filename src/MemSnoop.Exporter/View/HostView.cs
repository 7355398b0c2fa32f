using MemSnoop.Kernel;
using MemSnoop.ProcFs;

namespace MemSnoop.Exporter.View;

/// <summary>The host's memory as one bar.</summary>
/// <param name="paths">Where the kernel's files are.</param>
internal sealed class HostView(KernelPaths paths)
{
    private readonly KernelBuffer _buffer = new();

    /// <summary>The parts as of now. Not for two threads at once.</summary>
    internal HostMemory Read()
    {
        if (KernelFile.ReadToEnd(paths.Proc("meminfo"), _buffer, out ReadOnlySpan<byte> text) != ReadOutcome.Success || !MemInfo.TryParse(text, out MemInfo memory))
        {
            return new HostMemory { Reason = "no_meminfo", Explanation = $"{paths.Proc("meminfo")} cannot be read" };
        }

        ulong mapped = memory.AnonKib + memory.MappedKib;
        ulong cache = Less(memory.CachedKib + memory.BuffersKib + memory.SwapCachedKib, memory.MappedKib);
        return new HostMemory
        {
            TotalBytes = memory.TotalKib * 1024,
            UnknownBytes = mapped * 1024,
            PageCacheBytes = cache * 1024,
            KernelBytes = Less(memory.TotalKib, memory.FreeKib + mapped + cache) * 1024,
            FreeBytes = memory.FreeKib * 1024,
            Reason = "no_sum",
            Explanation = "memory that programs share would be counted for each of them, so what all use together is not known",
        };
    }

    // The kernel's counters are not read at one moment.
    private static ulong Less(ulong all, ulong part) => all > part ? all - part : 0;
}
