using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MemSnoop.Exporter.Web;

/// <summary>The page for a person who opens the exporter's address in a browser.</summary>
internal static class LandingPage
{
    /// <summary>Serves a page that names the exporter and links to its metrics; not when the metrics themselves are at <c>/</c>.</summary>
    public static void MapLandingPage(this IEndpointRouteBuilder endpoints, string title, string version, string telemetryPath)
    {
        if (telemetryPath == "/")
        {
            return;
        }

        endpoints.MapExactly("/", context => ServeAsync(context, title, version, telemetryPath));
    }

    private static Task ServeAsync(HttpContext context, string title, string version, string telemetryPath)
    {
        HtmlEncoder html = HtmlEncoder.Default;
        string name = html.Encode(title);
        string link = html.Encode(context.Request.PathBase.Add(telemetryPath).ToUriComponent());
        byte[] page = Encoding.UTF8.GetBytes($"""
            <!doctype html>
            <html lang="en">
            <head><meta charset="utf-8"><title>{name}</title></head>
            <body>
            <h1>{name}</h1>
            <p>Version {html.Encode(version)}</p>
            <p><a href="{link}">Metrics</a></p>
            </body>
            </html>

            """);
        context.Response.ContentType = "text/html; charset=UTF-8";
        context.Response.ContentLength = page.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.Body.WriteAsync(page).AsTask();
    }
}
