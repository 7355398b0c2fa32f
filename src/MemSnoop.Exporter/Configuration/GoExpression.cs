using System.Text;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Configuration;

/// <summary>
/// Regular expressions as Go writes them, in .NET's form. Nearly all is the same; names of groups, classes of POSIX and quoted stretches are not.
/// </summary>
/// <remarks><see href="https://github.com/google/re2/wiki/Syntax"/>. There <c>\d</c>, <c>\s</c> and <c>\w</c> are ASCII only; here they are not.</remarks>
internal static class GoExpression
{
    private static readonly Dictionary<string, string> Classes = new(StringComparer.Ordinal)
    {
        ["alnum"] = "0-9A-Za-z",
        ["alpha"] = "A-Za-z",
        ["ascii"] = @"\x00-\x7F",
        ["blank"] = @"\t ",
        ["cntrl"] = @"\x00-\x1F\x7F",
        ["digit"] = "0-9",
        ["graph"] = "!-~",
        ["lower"] = "a-z",
        ["print"] = " -~",
        ["punct"] = @"!-/:-@\[-`{-~",
        ["space"] = @"\t\n\v\f\r ",
        ["upper"] = "A-Z",
        ["word"] = "0-9A-Za-z_",
        ["xdigit"] = "0-9A-Fa-f",
    };

    /// <summary>Translates an expression; false, with the problem, if it has something that .NET does not.</summary>
    public static bool TryTranslate(string go, out string pattern, ref string? problem)
    {
        StringBuilder text = new();
        bool isInClass = false;
        for (int i = 0; i < go.Length; i++)
        {
            ReadOnlySpan<char> rest = go.AsSpan(i);
            if (rest[0] == '\\')
            {
                if (rest.Length > 1 && rest[1] is 'Q' or 'C')
                {
                    problem = $"{UsageException.Quote(go)} has \\{rest[1]}";
                    pattern = "";
                    return false;
                }

                text.Append(rest[..Math.Min(2, rest.Length)]);
                i++;
            }
            else if (!isInClass && rest.StartsWith("(?P<", StringComparison.Ordinal))
            {
                text.Append("(?<");
                i += 3;
            }
            else if (isInClass && rest.StartsWith("[:", StringComparison.Ordinal) && rest[2..].IndexOf(":]", StringComparison.Ordinal) is >= 0 and var length)
            {
                string name = rest.Slice(2, length).ToString();
                if (!Classes.TryGetValue(name, out string? members))
                {
                    problem = $"{UsageException.Quote(go)} has [:{name}:]";
                    pattern = "";
                    return false;
                }

                text.Append(members);
                i += length + 3;
            }
            else if (!isInClass && rest[0] == '[')
            {
                isInClass = true;

                // A bracket that comes first is one of the characters.
                int negation = rest.Length > 1 && rest[1] == '^' ? 1 : 0;
                int first = rest.Length > 1 + negation && rest[1 + negation] == ']' ? 1 : 0;
                text.Append(rest[..(1 + negation)]).Append(first > 0 ? @"\]" : "");
                i += negation + first;
            }
            else if (isInClass && rest[0] == '[')
            {
                text.Append(@"\[");
            }
            else
            {
                isInClass &= rest[0] != ']';
                text.Append(rest[0]);
            }
        }

        pattern = text.ToString();
        return true;
    }
}
