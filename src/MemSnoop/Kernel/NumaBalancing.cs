namespace MemSnoop.Kernel;

/// <summary>Automatic NUMA balancing (<c>kernel.numa_balancing</c>, <c>Documentation/admin-guide/sysctl/kernel.rst</c>).</summary>
internal static class NumaBalancing
{
    internal static bool IsOn(KernelPaths paths) =>
        KernelFile.ReadToEnd(paths.Proc("sys/kernel/numa_balancing"), new KernelBuffer(16), out ReadOnlySpan<byte> text) == ReadOutcome.Success
        && !text.IsEmpty && text[0] != (byte)'0';
}
