using System.Text;
using System.Text.RegularExpressions;

namespace MemSnoop.Measurements;

/// <summary>Takes a value out of a command line: what the first group of an expression matches, fit for a label.</summary>
internal static class CommandLineValue
{
    /// <summary>The most characters of a value.</summary>
    internal const int Longest = 128;

    /// <summary>As much of a command line as is looked at; programs that are given thousands of files have longer ones.</summary>
    private const int LongestCommandLine = 32 * 1024;

    /// <summary>The part of a command line that is looked at.</summary>
    internal static ReadOnlySpan<byte> Bound(ReadOnlySpan<byte> text) => text[..Math.Min(text.Length, LongestCommandLine)];

    /// <summary>The value; empty where the expression does not match.</summary>
    /// <param name="expression">The expression.</param>
    /// <param name="commandLine">The arguments, with blanks between them.</param>
    internal static string Find(Regex expression, string commandLine)
    {
        Match match = expression.Match(commandLine);
        return match.Success ? Clean(match.Groups[1].ValueSpan) : "";
    }

    /// <summary>One line without control characters, of a length that a label may have: any user of the host can choose what stands there.</summary>
    internal static string Clean(ReadOnlySpan<char> value)
    {
        StringBuilder text = new();
        int length = 0;
        foreach (Rune rune in value.Trim().EnumerateRunes())
        {
            if (length++ == Longest)
            {
                break;
            }

            text.Append(Rune.IsControl(rune) || Rune.IsWhiteSpace(rune) ? " " : rune.ToString());
        }

        return text.ToString().TrimEnd();
    }
}
