using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MemSnoop.Exporter.Web;

/// <summary>Routes as in Prometheus' own servers: paths match exactly, and resources are read-only.</summary>
internal static class ExactPath
{
    /// <summary>Maps GET and HEAD of one path. Other methods get status 405; other spellings of the path, which ASP.NET would accept, 404.</summary>
    /// <param name="endpoints">The application.</param>
    /// <param name="path">The path, without parameters.</param>
    /// <param name="serve">Answers both methods; HEAD without a body.</param>
    /// <exception cref="ArgumentException">The path does not begin with a slash, or holds a character that has a meaning in routes or URLs.</exception>
    public static IEndpointConventionBuilder MapExactly(this IEndpointRouteBuilder endpoints, string path, RequestDelegate serve)
    {
        if (!path.StartsWith('/') || path.AsSpan().IndexOfAny("{}?#*") >= 0)
        {
            throw new ArgumentException($"A path must begin with '/' and hold none of {{ }} ? # *, but this is: {path}", nameof(path));
        }

        // http.server metrics are not about the requests of scrapers.
        return endpoints.Map(path, ServeExactlyAsync).DisableHttpMetrics();

        Task ServeExactlyAsync(HttpContext context)
        {
            // As text: PathString compares without case, like the routes themselves.
            if (context.Request.Path.Value is not { Length: > 0 } asked ? path != "/" : asked != path)
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

            return serve(context);
        }
    }
}
