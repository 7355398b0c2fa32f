using MemSnoop.Kernel;
using MemSnoop.ProcFs;
using MemSnoop.WorkingSets;

namespace MemSnoop.Exporter.View;

/// <summary>The host's memory as one bar: what the kernel says of all memory, divided further by what was measured.</summary>
/// <param name="paths">Where the kernel's files are.</param>
/// <param name="bands">The bands of idle memory.</param>
internal sealed class HostView(KernelPaths paths, IdleBands bands)
{
    private readonly KernelBuffer _buffer = new();

    /// <summary>The parts as of now. Not for two threads at once.</summary>
    /// <param name="measured">What all measured programs together hold and use; null if that is not known.</param>
    /// <param name="reason">Why not.</param>
    internal HostMemory Read(HostMemorySample? measured, HostReason reason)
    {
        if (KernelFile.ReadToEnd(paths.Proc("meminfo"), _buffer, out ReadOnlySpan<byte> text) != ReadOutcome.Success || !MemInfo.TryParse(text, out MemInfo memory))
        {
            return new HostMemory { Reason = "no_meminfo", Explanation = $"{paths.Proc("meminfo")} cannot be read" };
        }

        ulong mapped = (memory.AnonKib + memory.MappedKib) * 1024;
        ulong cache = Less((memory.CachedKib + memory.BuffersKib + memory.SwapCachedKib) * 1024, memory.MappedKib * 1024);
        HostMemory host = new()
        {
            TotalBytes = memory.TotalKib * 1024,
            KernelBytes = Less(memory.TotalKib * 1024, (memory.FreeKib * 1024) + mapped + cache),
            FreeBytes = memory.FreeKib * 1024,
        };
        if (measured is not { } found)
        {
            return host with { UnknownBytes = mapped, PageCacheBytes = cache, Reason = Word(reason), Explanation = Explain(reason) };
        }

        // Of containers, page cache that nobody maps is measured too.
        ulong held = found.UsedBytes + found.UntrackedBytes + found.Idle[0];
        return host with
        {
            UsedBytes = found.UsedBytes,
            Idle = bands.View(found),
            UnknownBytes = found.UntrackedBytes + Less(mapped, held),
            PageCacheBytes = Less(cache, Less(held, mapped)),
        };
    }

    private static string Word(HostReason reason) => reason switch
    {
        HostReason.NoMethod => "no_method",
        HostReason.NoSum => "no_sum",
        HostReason.Share => "share",
        _ => "no_window",
    };

    private static string Explain(HostReason reason) => reason switch
    {
        HostReason.NoMethod => "no method tells here which memory is used",
        HostReason.NoSum => "the method counts memory that programs share for each of them, so what all use together is not known",
        HostReason.Share => "only a share of memory is measured, to keep within the CPU budget, so what all use together is not known",
        _ => "what all programs use together is known once the first windows have ended, and no pass is under way",
    };

    // The kernel's counters are not read at one moment, nor at that of the pass.
    private static ulong Less(ulong all, ulong part) => all > part ? all - part : 0;
}

/// <summary>Why it is not known what all programs use together.</summary>
internal enum HostReason
{
    /// <summary>The first windows have not ended, or a pass is under way.</summary>
    NoWindow,

    /// <summary>No method works.</summary>
    NoMethod,

    /// <summary>The method has no sum over processes.</summary>
    NoSum,

    /// <summary>Only a share of memory is measured.</summary>
    Share,
}
