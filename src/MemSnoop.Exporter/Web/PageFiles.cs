using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Encodings.Web;

namespace MemSnoop.Exporter.Web;

/// <summary>
/// The files of the page, which are embedded in the program under <c>page/</c>. Nothing of them is kept in memory but their names and one checksum, by which a browser may keep them for ever: the
/// files of another version have other addresses.
/// </summary>
/// <param name="metrics">Where metrics are, for the page's link.</param>
internal sealed class PageFiles(string metrics)
{
    private const string Prefix = "page/";
    private const string Index = "index.html";

    // Where the page names its own files and metrics, in quotes as its author wrote them.
    private const string OwnFiles = "=\"page/";
    private const string MetricsLink = "href=\"metrics\"";

    private static readonly Lazy<string> Sum = new(SumUp);

    /// <summary>What tells the files of one version from those of another.</summary>
    internal static string Version => Sum.Value;

    /// <summary>The page itself, which names its files by their version.</summary>
    internal byte[] Page() => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(Read(Index)!)
        .Replace(OwnFiles, $"{OwnFiles}{Version}/", StringComparison.Ordinal)
        .Replace(MetricsLink, $"href=\"{HtmlEncoder.Default.Encode(metrics.TrimStart('/'))}\"", StringComparison.Ordinal));

    /// <summary>A file of the page and what it is; null if there is none of that name, or it belongs to the page of <c>memsnoop report</c> alone.</summary>
    internal static (byte[] Bytes, string Type)? Find(string name)
    {
        string? type = Path.GetExtension(name) switch
        {
            ".js" => "text/javascript; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            _ => null,
        };
        return type is not null && !name.StartsWith("report.", StringComparison.Ordinal) && Read(name) is { } bytes ? (bytes, type) : null;
    }

    private static byte[]? Read(string name)
    {
        using Stream? stream = typeof(PageFiles).Assembly.GetManifestResourceStream(Prefix + name);
        if (stream is null)
        {
            return null;
        }

        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    // A checksum, not a digest: nobody has to be kept from making a file that has the same, and the program serves its page where there is no libssl.
    private static string SumUp()
    {
        uint sum = 0;
        foreach (string name in typeof(PageFiles).Assembly.GetManifestResourceNames().Where(static name => name.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            sum = Add(Add(sum, Encoding.UTF8.GetBytes(name)), Read(name[Prefix.Length..])!);
        }

        return sum.ToString("x8", CultureInfo.InvariantCulture);
    }

    private static uint Add(uint sum, ReadOnlySpan<byte> bytes)
    {
        foreach (byte one in bytes)
        {
            sum = BitOperations.Crc32C(sum, one);
        }

        return sum;
    }
}
