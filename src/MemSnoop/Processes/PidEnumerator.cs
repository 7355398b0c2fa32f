using System.IO.Enumeration;

namespace MemSnoop.Processes;

/// <summary>The numeric directories of a proc root, as numbers, without a string each.</summary>
internal static class PidEnumerator
{
    /// <exception cref="IOException">The root cannot be listed.</exception>
    /// <exception cref="UnauthorizedAccessException">The root may not be listed: an empty list would say that nobody lives.</exception>
    internal static IEnumerable<int> Enumerate(string procRoot) => new FileSystemEnumerable<int>(
        procRoot,
        static (ref FileSystemEntry entry) => Parse(entry.FileName),
        new EnumerationOptions { AttributesToSkip = 0, ReturnSpecialDirectories = false, IgnoreInaccessible = false })
    {
        ShouldIncludePredicate = static (ref FileSystemEntry entry) => Parse(entry.FileName) > 0,
    };

    private static int Parse(ReadOnlySpan<char> name)
    {
        int pid = 0;
        foreach (char digit in name)
        {
            // pid_max is at most 4,194,304 (proc(5)), so ten digits cannot be a pid.
            if (digit is < '0' or > '9' || pid > 99_999_999)
            {
                return 0;
            }

            pid = (pid * 10) + (digit - '0');
        }

        return pid;
    }
}
