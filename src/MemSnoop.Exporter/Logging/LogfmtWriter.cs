using System.Globalization;
using System.Text;

namespace MemSnoop.Exporter.Logging;

/// <summary>
/// Writes the pairs of a logfmt line: <c>key=value</c>, quoted where a blank, a quote, an equals sign or a control character would split or hide it.
/// </summary>
/// <remarks>Format: https://brandur.org/logfmt; escapes as in the go-logfmt encoder, which Prometheus and Loki read.</remarks>
internal static class LogfmtWriter
{
    public static void Write(TextWriter output, ReadOnlySpan<char> key, ReadOnlySpan<char> value)
    {
        WriteKey(output, key);
        output.Write('=');
        WriteValue(output, value);
    }

    public static void Write(TextWriter output, ReadOnlySpan<char> key, object? value)
    {
        // Numbers and times in the invariant culture; lists are not expanded.
        string text = value switch
        {
            null => "null",
            bool boolean => boolean ? "true" : "false",
            IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
            _ => value.ToString() ?? "",
        };
        Write(output, key, text.AsSpan());
    }

    // Names in messages are written {WorkingSetBytes}; logfmt keys are usually working_set_bytes. A character that a key cannot have becomes an underscore.
    private static void WriteKey(TextWriter output, ReadOnlySpan<char> key)
    {
        for (int i = 0; i < key.Length; i++)
        {
            char character = key[i];
            if (char.IsAsciiLetterUpper(character))
            {
                if (i > 0 && !char.IsAsciiLetterUpper(key[i - 1]) && key[i - 1] != '_')
                {
                    output.Write('_');
                }

                output.Write(char.ToLowerInvariant(character));
            }
            else
            {
                output.Write(character <= ' ' || character is '=' or '"' || char.IsControl(character) ? '_' : character);
            }
        }

        if (key.IsEmpty)
        {
            output.Write('_');
        }
    }

    private static void WriteValue(TextWriter output, ReadOnlySpan<char> value)
    {
        if (!NeedsQuotes(value))
        {
            output.Write(value);
            return;
        }

        output.Write('"');
        Span<char> characters = stackalloc char[2];
        foreach (Rune rune in value.EnumerateRunes())
        {
            switch (rune.Value)
            {
                case '"' or '\\':
                    output.Write('\\');
                    output.Write((char)rune.Value);
                    break;
                case '\n':
                    output.Write("\\n");
                    break;
                case '\r':
                    output.Write("\\r");
                    break;
                case '\t':
                    output.Write("\\t");
                    break;
                default:
                    if (Rune.IsControl(rune) || rune.Value is 0x2028 or 0x2029)
                    {
                        output.Write(string.Create(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}"));
                    }
                    else
                    {
                        output.Write(characters[..rune.EncodeToUtf16(characters)]);
                    }

                    break;
            }
        }

        output.Write('"');
    }

    private static bool NeedsQuotes(ReadOnlySpan<char> value)
    {
        foreach (char character in value)
        {
            if (character <= ' ' || character is '=' or '"' or '\\' or '\u2028' or '\u2029' || char.IsControl(character) || char.IsSurrogate(character))
            {
                return true;
            }
        }

        return value.IsEmpty;
    }
}
