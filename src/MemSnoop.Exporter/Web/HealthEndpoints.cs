using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MemSnoop.Exporter.Web;

/// <summary>What a supervisor asks: does it live, does it serve yet. Neither question runs a collection.</summary>
internal static class HealthEndpoints
{
    /// <summary>Maps <c>/-/healthy</c>, which answers 200 as long as anything answers, and <c>/-/ready</c>, 200 or 503.</summary>
    public static void MapHealth(this IEndpointRouteBuilder endpoints, Func<bool> ready)
    {
        endpoints.MapExactly("/-/healthy", context => AnswerAsync(context, StatusCodes.Status200OK, "Healthy.\n"));
        endpoints.MapExactly("/-/ready", context => ready()
            ? AnswerAsync(context, StatusCodes.Status200OK, "Ready.\n")
            : AnswerAsync(context, StatusCodes.Status503ServiceUnavailable, "Not ready.\n"));
    }

    private static Task AnswerAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.ContentLength = text.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.WriteAsync(text);
    }
}
