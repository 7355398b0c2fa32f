using System.Text;
using MemSnoop.Kernel;

namespace MemSnoop.Exporter.Commands;

/// <summary>Programs as a shell finds and writes them.</summary>
internal static class ProgramPath
{
    /// <summary>The file that a shell would run for a word: the path itself, or the first of that name in a directory of <c>PATH</c>; null when there is none.</summary>
    internal static string? Find(string word, string directories)
    {
        if (word.Length == 0 || word.Contains('\0', StringComparison.Ordinal))
        {
            return null;
        }

        return word.Contains('/', StringComparison.Ordinal)
            ? IsProgram(word) ? word : null
            : directories.Split(':', StringSplitOptions.RemoveEmptyEntries).Select(directory => Path.Join(directory, word)).FirstOrDefault(IsProgram);
    }

    /// <summary>A word as it is typed into a shell.</summary>
    internal static string Quote(string word) =>
        word.Length > 0 && word.All(static letter => char.IsAsciiLetterOrDigit(letter) || "-_./=:,@%+".Contains(letter, StringComparison.Ordinal))
            ? word
            : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static bool IsProgram(string path) =>
        File.Exists(path) && Libc.AccessAt(Libc.AtCurrentDirectory, Encoding.UTF8.GetBytes(Path.GetFullPath(path) + '\0'), Libc.AccessExecute, 0) == 0;
}
