using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MemSnoop.Exporter.Web;

/// <summary>Health checks: alive, and ready. Neither runs a collection.</summary>
internal static class HealthEndpoints
{
    /// <summary>
    /// Maps <c>/-/healthy</c> and <c>/healthz</c>, its usual name in Kubernetes, which answer 200 as long as anything answers, and <c>/-/ready</c>, 200 or 503: whether there is something to scrape yet.
    /// </summary>
    public static void MapHealth(this IEndpointRouteBuilder endpoints, Func<bool> ready)
    {
        endpoints.MapExactly("/-/healthy", TypedResults.Text("Healthy.\n").ExecuteAsync);
        endpoints.MapExactly("/healthz", TypedResults.Text("Healthy.\n").ExecuteAsync);
        endpoints.MapExactly("/-/ready", context =>
            (ready() ? TypedResults.Text("Ready.\n") : TypedResults.Text("Not ready.\n", statusCode: StatusCodes.Status503ServiceUnavailable)).ExecuteAsync(context));
    }
}
