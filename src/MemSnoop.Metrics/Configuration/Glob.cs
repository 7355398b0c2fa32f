using System.Text;

namespace MemSnoop.Metrics.Configuration;

/// <summary>
/// A pattern for cgroup paths: <c>*</c> and <c>?</c> stay within one path component, <c>**</c> crosses them. Compiled once, matched against bytes
/// without allocation.
/// </summary>
/// <remarks>
/// The whole path must match. <c>/a/**</c> is <c>/a</c> and all below it, <c>/a/**/b</c> is also <c>/a/b</c>, and a pattern that starts with
/// neither <c>/</c> nor <c>**</c> matches at any depth. Every other character, the backslash included, stands for itself:
/// systemd writes <c>\x2d</c> into its names.
/// </remarks>
internal sealed class Glob : IEquatable<Glob>
{
    private enum Operation : byte
    {
        Literal,
        AnyCharacter,
        Star,
        Globstar,
        SlashGlobstar,   // "/**" before a slash or the end: nothing at all, or a slash and anything
    }

    private readonly record struct Step(Operation Operation, byte Value);

    private readonly string _text;
    private readonly Step[] _steps;

    private Glob(string text, Step[] steps)
    {
        _text = text;
        _steps = steps;
    }

    public static bool TryParse(string text, out Glob? glob)
    {
        glob = null;
        if (text.Length == 0 || text.Contains('\0', StringComparison.Ordinal))
        {
            return false;
        }

        glob = new Glob(text, Compile(text));
        return true;
    }

    public bool IsMatch(string path)
    {
        int length = Encoding.UTF8.GetMaxByteCount(path.Length);
        Span<byte> bytes = length <= 512 ? stackalloc byte[length] : new byte[length];
        return IsMatch(bytes[..Encoding.UTF8.GetBytes(path, bytes)]);
    }

    /// <summary>Whether a path in UTF-8 matches as a whole.</summary>
    /// <remarks>
    /// Only the latest star and the latest globstar need be tried again: an earlier one that took more could reach nothing that the later one
    /// cannot reach itself. This bounds the work by pattern times the square of the path, where naive backtracking is exponential in the number of stars.
    /// </remarks>
    public bool IsMatch(ReadOnlySpan<byte> path)
    {
        int step = 0;
        int position = 0;
        (int Step, int Position) star = (-1, 0);
        (int Step, int Position) globstar = (-1, 0);
        while (true)
        {
            if (step == _steps.Length && position == path.Length)
            {
                return true;
            }

            if (step < _steps.Length)
            {
                switch (_steps[step].Operation)
                {
                    case Operation.Star:
                        star = (++step, position);
                        continue;
                    case Operation.Globstar:
                        globstar = (++step, position);
                        star.Step = -1;
                        continue;
                    case Operation.SlashGlobstar:
                        step++;
                        if (position < path.Length && path[position] == (byte)'/')
                        {
                            globstar = (step, position);
                            star.Step = -1;
                        }

                        continue;
                    case Operation.Literal when position < path.Length && path[position] == _steps[step].Value:
                        step++;
                        position++;
                        continue;
                    case Operation.AnyCharacter when position < path.Length && path[position] != (byte)'/':
                        step++;
                        position += CharacterLength(path, position);
                        continue;
                    default:
                        break;
                }
            }

            if (star.Step >= 0 && star.Position < path.Length && path[star.Position] != (byte)'/')
            {
                star.Position += CharacterLength(path, star.Position);
                (step, position) = star;
            }
            else if (globstar.Step >= 0 && globstar.Position < path.Length)
            {
                globstar.Position += CharacterLength(path, globstar.Position);
                star.Step = -1;
                (step, position) = globstar;
            }
            else
            {
                return false;
            }
        }
    }

    public bool Equals(Glob? other) => other is not null && other._text == _text;

    public override bool Equals(object? obj) => Equals(obj as Glob);

    public override int GetHashCode() => _text.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => _text;

    private static Step[] Compile(string text)
    {
        string pattern = text.StartsWith('/') || text.StartsWith("**", StringComparison.Ordinal) ? text : "**/" + text;
        ReadOnlySpan<byte> bytes = Encoding.UTF8.GetBytes(pattern);
        var steps = new List<Step>(bytes.Length);
        while (!bytes.IsEmpty)
        {
            int used = 1;
            if (bytes.StartsWith("/**"u8) && (bytes.Length == 3 || bytes[3] == (byte)'/'))
            {
                steps.Add(new Step(Operation.SlashGlobstar, 0));
                used = 3;
            }
            else if (bytes[0] == (byte)'*')
            {
                used = bytes.IndexOfAnyExcept((byte)'*') is int stars and > 0 ? stars : bytes.Length;
                steps.Add(new Step(used == 1 ? Operation.Star : Operation.Globstar, 0));
            }
            else
            {
                steps.Add(bytes[0] == (byte)'?' ? new Step(Operation.AnyCharacter, 0) : new Step(Operation.Literal, bytes[0]));
            }

            bytes = bytes[used..];
        }

        return [.. steps];
    }

    // Steps over one character of UTF-8; a byte that is none counts as one character, since a cgroup may bear any name.
    private static int CharacterLength(ReadOnlySpan<byte> path, int position)
    {
        Rune.DecodeFromUtf8(path[position..], out _, out int used);
        return used;
    }
}
