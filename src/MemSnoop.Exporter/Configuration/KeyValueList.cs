using MemSnoop.Metrics.Configuration;
namespace MemSnoop.Exporter.Configuration;

/// <summary>Lists in variables of OpenTelemetry: <c>key1=value1,key2=value2</c>, what is not plain text percent-encoded.</summary>
/// <remarks>https://opentelemetry.io/docs/specs/otel/resource/sdk/#specifying-resource-information-via-an-environment-variable</remarks>
internal static class KeyValueList
{
    /// <exception cref="UsageException">It is no such list. A value may be a secret: the error does not repeat it.</exception>
    public static IEnumerable<(string Key, string Value)> Read(string text, string source)
    {
        foreach (string pair in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            string key = equals < 0 ? "" : Uri.UnescapeDataString(pair[..equals].Trim());
            if (key.Length == 0 || !IsEncoded(pair))
            {
                throw new UsageException(source, "is not a list of pairs", "KEY=VALUE,KEY=VALUE with % only before two hexadecimal digits");
            }

            yield return (key, Uri.UnescapeDataString(pair[(equals + 1)..].Trim()));
        }
    }

    private static bool IsEncoded(ReadOnlySpan<char> text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '%' && !(i + 2 < text.Length && char.IsAsciiHexDigit(text[i + 1]) && char.IsAsciiHexDigit(text[i + 2])))
            {
                return false;
            }
        }

        return true;
    }
}
