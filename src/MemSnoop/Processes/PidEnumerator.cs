using System.IO.Enumeration;
using MemSnoop.Kernel;

namespace MemSnoop.Processes;

/// <summary>The numeric directories of a proc root, as numbers, without a string each.</summary>
internal static class PidEnumerator
{
    /// <exception cref="IOException">The root cannot be listed.</exception>
    /// <exception cref="UnauthorizedAccessException">The root may not be listed. An empty list would look like a host without processes.</exception>
    internal static IEnumerable<int> Enumerate(string procRoot) => new FileSystemEnumerable<int>(
        procRoot,
        static (ref FileSystemEntry entry) => Parse(entry.FileName),
        new EnumerationOptions { AttributesToSkip = 0, ReturnSpecialDirectories = false, IgnoreInaccessible = false })
    {
        ShouldIncludePredicate = static (ref FileSystemEntry entry) => Parse(entry.FileName) > 0,
    };

    /// <summary>The threads of a process, or what kept them from being listed.</summary>
    /// <param name="taskDirectory">The directory <c>/proc/PID/task</c>.</param>
    /// <param name="threads">Its content is replaced.</param>
    internal static ReadOutcome ReadThreads(string taskDirectory, List<int> threads)
    {
        threads.Clear();
        try
        {
            threads.AddRange(Enumerate(taskDirectory));
            return ReadOutcome.Success;
        }
        catch (IOException)
        {
            // The directory vanished, or ESRCH from getdents: the process was reaped while its threads were listed.
            return ReadOutcome.ProcessGone;
        }
        catch (UnauthorizedAccessException)
        {
            // A proc mount with hidepid shows the pid and not what is below it.
            return ReadOutcome.Denied;
        }
    }

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
