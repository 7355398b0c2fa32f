using MemSnoop.Exporter.View;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace MemSnoop.Exporter.Web;

/// <summary>What the page reads, at the exporter's address.</summary>
internal static class ApiEndpoints
{
    /// <summary>Has all below <c>/api/</c> answered, wrong paths and methods included.</summary>
    /// <param name="endpoints">The application.</param>
    /// <param name="api">Answers.</param>
    /// <param name="access">Knows whether clients say who they are; whoever gets here has.</param>
    /// <param name="refusals">Counts those for whom there is no place.</param>
    public static void MapApi(this IEndpointRouteBuilder endpoints, ViewApi api, WebAccess access, RefusalCounts refusals) =>
        endpoints.Map(ViewApi.Root + "{**path}", context =>
        {
            PageHeaders.Set(context.Response, PageHeaders.NothingElse);
            return api.AnswerAsync(context, access.KnowsClients ? ViewCaller.Known : ViewCaller.Anybody, () => refusals.Add(Refusal.Viewers));
        }).DisableHttpMetrics();
}
