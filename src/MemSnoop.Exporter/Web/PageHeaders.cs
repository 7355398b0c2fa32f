using Microsoft.AspNetCore.Http;

namespace MemSnoop.Exporter.Web;

/// <summary>Headers that let a browser do nothing with an answer but what it is for. The web configuration can set others.</summary>
internal static class PageHeaders
{
    /// <summary>For the page: its own scripts, styles and numbers, and nothing of anybody else.</summary>
    internal const string OwnParts =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <summary>For what is no page.</summary>
    internal const string NothingElse = "default-src 'none'; frame-ancestors 'none'";

    internal static void Set(HttpResponse response, string contentSecurityPolicy)
    {
        IHeaderDictionary headers = response.Headers;
        headers.TryAdd("Content-Security-Policy", contentSecurityPolicy);
        headers.TryAdd("X-Content-Type-Options", "nosniff");
        headers.TryAdd("Referrer-Policy", "no-referrer");
        headers.TryAdd("Cross-Origin-Resource-Policy", "same-origin");
    }
}
