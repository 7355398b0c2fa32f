using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MemSnoop.Exporter.Web;

/// <summary>The page for whoever opens the exporter's address in a browser.</summary>
internal static class PageEndpoints
{
    private const string Files = "/page/";

    /// <summary>Maps <c>/</c> and the files of the page; nothing if metrics are there.</summary>
    public static void MapPage(this IEndpointRouteBuilder endpoints, string telemetryPath)
    {
        if (telemetryPath == "/")
        {
            return;
        }

        PageFiles files = new(telemetryPath);
        endpoints.MapExactly("/", context => ServeAsync(context, (files.Page(), "text/html; charset=utf-8"), $"\"{PageFiles.Version}{telemetryPath}\"", "no-cache"));
        endpoints.Map(Files + "{**name}", ServeFileAsync).DisableHttpMetrics();
    }

    private static Task ServeFileAsync(HttpContext context)
    {
        string path = context.Request.Path.Value ?? "";
        string version = $"{Files}{PageFiles.Version}/";
        if (!path.StartsWith(version, StringComparison.Ordinal) || PageFiles.Find(path[version.Length..]) is not { } file)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }

        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            context.Response.Headers.Allow = "GET, HEAD";
            return Task.CompletedTask;
        }

        // Whoever may see it is asked for a login, so it is for that one's browser alone.
        return ServeAsync(context, file, $"\"{PageFiles.Version}\"", "private, max-age=31536000, immutable");
    }

    private static Task ServeAsync(HttpContext context, (byte[] Bytes, string Type) file, string tag, string cacheControl)
    {
        HttpResponse response = context.Response;
        PageHeaders.Set(response, PageHeaders.OwnParts);
        response.Headers.CacheControl = cacheControl;
        response.Headers.ETag = tag;
        if (context.Request.Headers.IfNoneMatch.ToString().Split(',', StringSplitOptions.TrimEntries).Any(known => known == tag || known == "*" || known == "W/" + tag))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        response.ContentType = file.Type;
        response.ContentLength = file.Bytes.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : response.Body.WriteAsync(file.Bytes).AsTask();
    }
}
