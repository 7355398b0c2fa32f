using System.Text;

namespace MemSnoop.Metrics.Configuration;

/// <summary>
/// The arguments or the configuration are wrong. Ends the program with exit code 2 and one line on standard error:
/// <c>memsnoop: THING: PROBLEM; expected EXPECTED</c>.
/// </summary>
/// <param name="thing">What is wrong, named as the user wrote it: an option, a variable, a key of a file.</param>
/// <param name="problem">What is wrong with it.</param>
/// <param name="expected">What would be right.</param>
internal sealed class UsageException(string thing, string problem, string expected) : Exception(OneLine($"{thing}: {problem}; expected {expected}"))
{
    public string Thing { get; } = OneLine(thing);

    public string Problem { get; } = OneLine(problem);

    public string Expected { get; } = OneLine(expected);

    /// <summary>A value in quotes, for an error line: on one line whatever it contains, and shortened if it is too long.</summary>
    public static string Quote(string value)
    {
        const int Longest = 80;
        var text = new StringBuilder("'");
        foreach (Rune rune in value.EnumerateRunes())
        {
            if (text.Length > Longest)
            {
                text.Append("...");
                break;
            }

            _ = Rune.IsControl(rune) || rune.Value is 0x2028 or 0x2029 ? text.Append($"\\x{rune.Value:x2}") : text.Append(rune);
        }

        return text.Append('\'').ToString();
    }

    /// <summary>Text from elsewhere (a framework's message, a file name) on one line.</summary>
    public static string OneLine(string text)
    {
        string quoted = string.Concat(text.Select(character => char.IsControl(character) ? ' ' : character));
        return quoted.Trim();
    }
}
