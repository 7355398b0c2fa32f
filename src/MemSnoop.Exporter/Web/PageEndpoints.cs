using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MemSnoop.Exporter.Web;

/// <summary>The page for people who open the exporter's address in a browser: plain files that are resources of this program. Its numbers come from the API.</summary>
internal static class PageEndpoints
{
    private const string Html = "text/html; charset=utf-8";
    private const string Style = "text/css; charset=utf-8";
    private const string Script = "text/javascript; charset=utf-8";

    /// <summary>Where the place of the metrics is written into the page.</summary>
    private const string MetricsMark = "{{metrics}}";

    private static readonly (string Name, string ContentType)[] _parts =
    [
        ("uPlot.css", Style), ("base.css", Style), ("live.css", Style),
        ("uPlot.js", Script), ("format.js", Script), ("charts.js", Script), ("heat-map.js", Script),
        ("live.js", Script), ("api.js", Script), ("overview.js", Script), ("table.js", Script), ("subject.js", Script), ("recording.js", Script),
    ];

    /// <summary>Serves the page at <c>/</c> and its parts below <c>/page/</c>; not when the metrics themselves are at <c>/</c>.</summary>
    public static void MapPage(this IEndpointRouteBuilder endpoints, string telemetryPath)
    {
        if (telemetryPath == "/")
        {
            return;
        }

        // Relative, as all its links are: a proxy may serve it below a path of its own.
        string metrics = HtmlEncoder.Default.Encode(telemetryPath[1..]);
        endpoints.MapResource("/", Html, Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(Read("index.html")).Replace(MetricsMark, metrics, StringComparison.Ordinal)));
        foreach ((string name, string contentType) in _parts)
        {
            endpoints.MapResource("/page/" + name, contentType, Read(name));
        }
    }

    private static void MapResource(this IEndpointRouteBuilder endpoints, string path, string contentType, byte[] bytes)
    {
        // It changes with the program alone, but a browser cannot know when that is another.
        string tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 8))}\"";
        endpoints.MapExactly(path, context =>
        {
            HttpResponse response = context.Response;
            PageHeaders.Set(response, PageHeaders.OwnParts);
            response.Headers.ETag = tag;
            response.Headers.CacheControl = "no-cache";
            if (context.Request.Headers.IfNoneMatch.ToString() == tag)
            {
                response.StatusCode = StatusCodes.Status304NotModified;
                return Task.CompletedTask;
            }

            response.ContentType = contentType;
            response.ContentLength = bytes.Length;
            return response.Body.WriteAsync(bytes).AsTask();
        });
    }

    private static byte[] Read(string name)
    {
        using Stream stream = typeof(PageEndpoints).Assembly.GetManifestResourceStream("page/" + name)!;
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
