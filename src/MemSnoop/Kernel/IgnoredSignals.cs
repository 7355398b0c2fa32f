using System.Buffers.Text;

namespace MemSnoop.Kernel;

/// <summary>The signals that this process was started with ignored, as by <c>nohup(1)</c>: <c>SigIgn:</c> of its status (<c>proc_pid_status(5)</c>).</summary>
internal static class IgnoredSignals
{
    internal static bool Contain(int signal)
    {
        if (KernelFile.ReadToEnd("/proc/self/status", new KernelBuffer(), out ReadOnlySpan<byte> text) != ReadOutcome.Success)
        {
            return false;
        }

        int at = text.IndexOf("\nSigIgn:\t"u8);
        return at >= 0 && Utf8Parser.TryParse(text[(at + "\nSigIgn:\t"u8.Length)..], out ulong mask, out _, 'x') && (mask & (1UL << (signal - 1))) != 0;
    }
}
