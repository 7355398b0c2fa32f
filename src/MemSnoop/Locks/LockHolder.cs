using System.Globalization;
using System.Text;
using MemSnoop.Kernel;

namespace MemSnoop.Locks;

/// <summary>
/// Who holds a lock. The file of a lock says it in one line for people: pid, time and command. The lock itself is the kernel's (<c>flock(2)</c>); without it the
/// line means nothing.
/// </summary>
internal static class LockHolder
{
    /// <summary>Who holds a lock whose file does not say.</summary>
    internal const string Unknown = "another program";

    private const string TimeFormat = "yyyy-MM-ddTHH:mm:ssZ";

    /// <summary>
    /// The program and its command, like <c>memsnoop serve</c>. No more of the command line: options and the arguments of a child may hold what others must
    /// not read.
    /// </summary>
    private static readonly string Command = CommandOf(Environment.GetCommandLineArgs());

    /// <summary>The line of this process.</summary>
    /// <param name="paths">Where its pid is looked up.</param>
    /// <param name="now">The time.</param>
    /// <param name="purpose">What it takes accessed bits for, if it does not measure windows; null if it does.</param>
    internal static byte[] Line(KernelPaths paths, DateTimeOffset now, string? purpose = null) => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $"{OwnPid(paths)} {now.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture)} {Command}{(purpose is null ? "" : ", ")}{purpose}\n"));

    /// <summary>The holder as a phrase, like <c>process 12 (memsnoop serve, since 2026-01-31T12:00:00Z)</c>.</summary>
    internal static string Describe(ReadOnlySpan<byte> line)
    {
        string[] words = Encoding.UTF8.GetString(line).Split('\n')[0].Split(' ', 3);
        return words.Length == 3
            && int.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
            && DateTimeOffset.TryParseExact(words[1], TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _)
            && !words[2].Any(char.IsControl)
            ? string.Create(CultureInfo.InvariantCulture, $"process {pid} ({words[2]}, since {words[1]})")
            : Unknown;
    }

    internal static string CommandOf(ReadOnlySpan<string> arguments)
    {
        string program = Path.GetFileName(arguments[0]);
        if (program.EndsWith(".dll", StringComparison.Ordinal))
        {
            program = program[..^4];
        }

        return arguments.Length > 1 && arguments[1].Length > 0 && arguments[1].All(char.IsAsciiLetterLower) ? $"{program} {arguments[1]}" : program;
    }

    /// <summary>The pid that the proc root shows for this process: in a container it may be another than that of its system calls.</summary>
    private static string OwnPid(KernelPaths paths)
    {
        try
        {
            return new FileInfo(paths.Proc("self")).LinkTarget ?? Fallback();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Fallback();
        }

        static string Fallback() => Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
    }
}
