using System.Text;
using MemSnoop.Kernel;

namespace MemSnoop.Paging;

/// <summary>
/// The system-wide setting of transparent huge pages (<c>Documentation/admin-guide/mm/transhuge.rst</c>): with
/// <c>always</c> a single access makes 2 MB look used to any method that sees whole pages.
/// </summary>
public static class TransparentHugePages
{
    private const string File = "kernel/mm/transparent_hugepage/enabled";

    /// <summary>Reads the mode: <c>always</c>, <c>madvise</c> or <c>never</c>, the word in brackets.</summary>
    public static ReadOutcome TryReadMode(KernelPaths paths, out string mode)
    {
        ArgumentNullException.ThrowIfNull(paths);
        mode = "";
        ReadOutcome outcome = KernelFile.ReadToEnd(paths.Sys(File), new KernelBuffer(64), out ReadOnlySpan<byte> text);
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        int open = text.IndexOf((byte)'[');
        int close = text.IndexOf((byte)']');
        if (open < 0 || close < open)
        {
            return ReadOutcome.Malformed;
        }

        mode = Encoding.ASCII.GetString(text[(open + 1)..close]);
        return ReadOutcome.Success;
    }
}
