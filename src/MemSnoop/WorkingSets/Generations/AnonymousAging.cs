using MemSnoop.Kernel;

namespace MemSnoop.WorkingSets.Generations;

/// <summary>
/// Whether the kernel ages anonymous memory: only where it could move it to swap (<c>get_swappiness</c> in <c>mm/vmscan.c</c>). Swap of the host is looked at, and
/// <c>vm.swappiness</c>; a group's own limit of swap is not.
/// </summary>
internal sealed class AnonymousAging(KernelPaths paths) : IDisposable
{
    private readonly KernelText _swaps = new(paths.Proc("swaps"), new KernelBuffer());
    private readonly KernelText _swappiness = new(paths.Proc("sys/vm/swappiness"), new KernelBuffer(64));

    /// <summary>Whether it does now.</summary>
    internal bool IsOn() => HasSwap(_swaps.Read()) && _swappiness.ReadNumber() is > 0;

    /// <summary>A heading, and a line for each device or file (<c>proc_swaps(5)</c>).</summary>
    internal static bool HasSwap(ReadOnlySpan<byte> swaps) => swaps.Count((byte)'\n') > 1;

    public void Dispose()
    {
        _swaps.Dispose();
        _swappiness.Dispose();
    }
}
