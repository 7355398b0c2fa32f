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

    /// <summary>The modes there are.</summary>
    public static IReadOnlyList<string> Modes { get; } = ["always", "madvise", "never"];

    /// <summary>Sets the mode for the whole system, until the next boot; root only. Memory that is mapped already stays as it is.</summary>
    public static ReadOutcome TrySetMode(KernelPaths paths, string mode)
    {
        ArgumentNullException.ThrowIfNull(paths);
        if (!Modes.Contains(mode))
        {
            throw new ArgumentException($"The modes are {string.Join(", ", Modes)}.", nameof(mode));
        }

        ReadOutcome outcome = KernelFile.Open(paths.Sys(File), Libc.OpenWriteOnly, out KernelHandle handle);
        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        using (handle)
        {
            return KernelFile.Write(handle, Encoding.ASCII.GetBytes(mode), 0);
        }
    }

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
