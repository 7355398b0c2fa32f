using System.Buffers;

namespace MemSnoop.Exporter.Configuration;

/// <summary>A header of a request, written <c>NAME=VALUE</c>.</summary>
internal readonly record struct HttpHeader(string Name, string Value)
{
    // token of RFC 9110, section 5.6.2.
    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    // Headers that the exporter sets itself; a second one of the same name would contradict it.
    private static readonly HashSet<string> Reserved = new(StringComparer.OrdinalIgnoreCase)
    {
        "Host", "Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Expect", "User-Agent",
        "Content-Encoding", "Content-Length", "Content-Type", "grpc-encoding", "grpc-timeout",
    };

    public static bool TryParse(string text, out HttpHeader value)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
        {
            value = default;
            return false;
        }

        value = new HttpHeader(text[..equals].Trim(), text[(equals + 1)..].Trim());
        return value.Name.Length > 0
            && !value.Name.AsSpan().ContainsAnyExcept(NameCharacters)
            && !Reserved.Contains(value.Name)
            && !value.Value.AsSpan().ContainsAnyExceptInRange(' ', '~');
    }

    public override string ToString() => $"{Name}={Value}";
}
