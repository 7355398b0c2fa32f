using MemSnoop.Metrics.Configuration;
namespace MemSnoop.Exporter.Configuration;

/// <summary>The kinds of values that the settings of pushing have.</summary>
internal static class OtlpSyntax
{
    /// <summary>Where a receiver is, without the path of a signal.</summary>
    public static ValueSyntax<Uri> BaseUrl { get; } = Url("an http:// or https:// URL without user, query and fragment, such as http://localhost:4318", withQuery: false);

    /// <summary>Where a receiver takes metrics.</summary>
    public static ValueSyntax<Uri> WholeUrl { get; } = Url("an http:// or https:// URL without user and fragment, such as http://localhost:4318/v1/metrics", withQuery: true);

    public static ValueSyntax<OtlpProtocol> Protocol { get; } = Syntax.Words(
        "PROTOCOL", "a protocol", ("http/protobuf", OtlpProtocol.HttpProtobuf), ("grpc", OtlpProtocol.Grpc));

    public static ValueSyntax<OtlpTemporality> Temporality { get; } = Syntax.Words(
        "TEMPORALITY", "a temporality", ("cumulative", OtlpTemporality.Cumulative), ("delta", OtlpTemporality.Delta), ("lowmemory", OtlpTemporality.LowMemory));

    public static ValueSyntax<OtlpCompression> Compression { get; } = Syntax.Words(
        "COMPRESSION", "a compression", ("none", OtlpCompression.None), ("gzip", OtlpCompression.Gzip));

    /// <summary>A value is often a secret: no error repeats it.</summary>
    public static ValueSyntax<HttpHeader> Header { get; } = new(
        "NAME=VALUE", "a header", "NAME=VALUE in printable ASCII, of a header that the exporter does not set itself",
        (string text, out HttpHeader value, ref string? problem) =>
        {
            problem = "is not a header";
            return HttpHeader.TryParse(text, out value);
        },
        value => value.ToString());

    public static ValueSyntax<string> File { get; } = new(
        "FILE", "a file", "a file in PEM format that can be read",
        (string text, out string value, ref string? problem) =>
        {
            value = text;
            problem = System.IO.Directory.Exists(text) ? $"{UsageException.Quote(text)} is a directory" : $"{UsageException.Quote(text)} does not exist";
            return System.IO.File.Exists(text);
        },
        value => value);

    private static ValueSyntax<Uri> Url(string expected, bool withQuery) => new(
        "URL", "a URL", expected,
        (string text, out Uri value, ref string? problem) =>
        {
            if (!Uri.TryCreate(text, UriKind.Absolute, out value!))
            {
                return false;
            }

            bool isHttp = value.Scheme == Uri.UriSchemeHttp || value.Scheme == Uri.UriSchemeHttps;
            problem = !isHttp ? $"{UsageException.Quote(text)} is not an HTTP URL"
                : value.UserInfo.Length > 0 ? "holds a user or password"
                : null;
            return problem is null && value.Host.Length > 0 && value.Fragment.Length == 0 && (withQuery || value.Query.Length == 0);
        },
        value => value.OriginalString);
}
