using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MemSnoop.Exporter.Web;

/// <summary>The page for a person who opens the exporter's address in a browser.</summary>
internal static class LandingPage
{
    /// <summary>Serves a page that names the exporter and links to its metrics; not when the metrics themselves are at <c>/</c>.</summary>
    public static void MapLandingPage(this IEndpointRouteBuilder endpoints, string title, string version, string telemetryPath)
    {
        if (telemetryPath != "/")
        {
            endpoints.MapExactly("/", context =>
            {
                byte[] page = Encoding.UTF8.GetBytes(Page(title, version, context.Request.PathBase.Add(telemetryPath)));
                context.Response.ContentType = "text/html; charset=UTF-8";
                context.Response.ContentLength = page.Length;
                return context.Response.Body.WriteAsync(page).AsTask();
            });
        }
    }

    private static string Page(string title, string version, PathString metrics)
    {
        HtmlEncoder html = HtmlEncoder.Default;
        string name = html.Encode(title);
        return $"""
            <!doctype html>
            <html lang="en">
            <head><meta charset="utf-8"><title>{name}</title></head>
            <body>
            <h1>{name}</h1>
            <p>Version {html.Encode(version)}</p>
            <p><a href="{html.Encode(metrics.ToUriComponent())}">Metrics</a></p>
            </body>
            </html>

            """;
    }
}
