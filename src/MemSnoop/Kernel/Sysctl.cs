namespace MemSnoop.Kernel;

/// <summary>Settings of the kernel (<c>sysctl(8)</c>) that change what can be measured.</summary>
internal static class Sysctl
{
    /// <summary>Automatic NUMA balancing (<c>kernel.numa_balancing</c>, <c>Documentation/admin-guide/sysctl/kernel.rst</c>).</summary>
    internal static bool BalancesNuma(KernelPaths paths) =>
        Read(paths, "numa_balancing", out ReadOnlySpan<byte> text) == ReadOutcome.Success && !text.IsEmpty && text[0] != (byte)'0';

    /// <summary>
    /// Whether the kernel counts the time tasks wait for block IO (<c>Documentation/accounting/delay-accounting.rst</c>).
    /// Before Linux 5.14 there is no switch and it is on.
    /// </summary>
    internal static bool AccountsDelays(KernelPaths paths)
    {
        ReadOutcome outcome = Read(paths, "task_delayacct", out ReadOnlySpan<byte> text);
        return outcome == ReadOutcome.NotSupported || (outcome == ReadOutcome.Success && text.StartsWith("1"u8));
    }

    private static ReadOutcome Read(KernelPaths paths, string name, out ReadOnlySpan<byte> text) =>
        KernelFile.ReadToEnd(paths.Proc($"sys/kernel/{name}"), new KernelBuffer(16), out text);
}
