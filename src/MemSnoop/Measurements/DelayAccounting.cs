using MemSnoop.Kernel;

namespace MemSnoop.Measurements;

/// <summary>
/// Whether the kernel counts the time tasks wait for block IO (<c>Documentation/accounting/delay-accounting.rst</c>).
/// Before Linux 5.14 there is no switch and it is on.
/// </summary>
internal static class DelayAccounting
{
    internal static bool IsOn(KernelPaths paths)
    {
        ReadOutcome outcome = KernelFile.ReadToEnd(paths.Proc("sys/kernel/task_delayacct"), new KernelBuffer(16), out ReadOnlySpan<byte> text);
        return outcome == ReadOutcome.NotSupported || (outcome == ReadOutcome.Success && text.StartsWith("1"u8));
    }
}
