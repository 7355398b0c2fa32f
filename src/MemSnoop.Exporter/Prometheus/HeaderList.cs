using System.Globalization;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>Takes apart what HTTP headers list: values between commas, parameters between semicolons, either perhaps quoted (RFC 9110, 5.6).</summary>
internal static class HeaderList
{
    /// <summary>Cuts the part up to the next separator off the front of <paramref name="rest"/>; a separator in quotes is none.</summary>
    public static bool TryTake(scoped ref ReadOnlySpan<char> rest, char separator, out ReadOnlySpan<char> part)
    {
        part = default;
        if (rest.IsEmpty)
        {
            return false;
        }

        bool quoted = false;
        int end = 0;
        for (; end < rest.Length && (quoted || rest[end] != separator); end++)
        {
            if (rest[end] == '"')
            {
                quoted = !quoted;
            }
            else if (quoted && rest[end] == '\\')
            {
                // The quoted character after a backslash is no quote.
                end++;
            }
        }

        end = Math.Min(end, rest.Length);
        part = rest[..end].Trim();
        rest = end < rest.Length ? rest[(end + 1)..] : default;
        return true;
    }

    /// <summary>Splits <c>name = "value"</c>, without the quotes.</summary>
    public static void SplitParameter(ReadOnlySpan<char> parameter, out ReadOnlySpan<char> name, out ReadOnlySpan<char> value)
    {
        int equals = parameter.IndexOf('=');
        name = equals < 0 ? parameter : parameter[..equals].TrimEnd();
        value = equals < 0 ? default : parameter[(equals + 1)..].TrimStart();
        if (value is ['"', .. var inner, '"'])
        {
            value = inner;
        }
    }

    /// <summary>Reads a weight from 0 to 1 with at most three decimals (RFC 9110, 12.4.2).</summary>
    public static bool TryParseQuality(ReadOnlySpan<char> text, out double quality)
    {
        quality = 0;
        return text.Length is > 0 and <= 5
            && text[0] is '0' or '1'
            && double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out quality)
            && quality <= 1;
    }
}
