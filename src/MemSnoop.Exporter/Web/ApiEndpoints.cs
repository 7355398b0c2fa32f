using MemSnoop.Exporter.View;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace MemSnoop.Exporter.Web;

/// <summary>What the page reads, at the exporter's address.</summary>
internal static class ApiEndpoints
{
    /// <summary>Has all below <c>/api/</c> answered, wrong paths and methods included.</summary>
    public static void MapApi(this IEndpointRouteBuilder endpoints, ViewApi api) =>
        endpoints.Map(ViewApi.Root + "{**path}", api.AnswerAsync).DisableHttpMetrics();
}
