using System.Globalization;

namespace MemSnoop.Tests.Kernel;

/// <summary>
/// Files of processes that this test program holds open. Its other files (the runtime's, pipes of children) come and go as they please.
/// </summary>
internal static class KernelHandles
{
    public static int Count() => Targets().Count(static target => target.StartsWith("/proc/", StringComparison.Ordinal) && char.IsAsciiDigit(target[6]));

    public static int CountOf(int pid)
    {
        string process = string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}");
        return Targets().Count(target => target == process || target.StartsWith(process + "/", StringComparison.Ordinal));
    }

    private static IEnumerable<string> Targets() =>
        Directory.GetFileSystemEntries("/proc/self/fd").Select(static link => new FileInfo(link).LinkTarget).OfType<string>();
}
