using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace MemSnoop.Exporter.View;

/// <summary>Answers what is below <c>/api/v1/</c>, at the exporter's address and on the local socket alike.</summary>
/// <param name="view">Has what is shown.</param>
internal sealed class ViewApi(ViewService view)
{
    /// <summary>What all paths begin with.</summary>
    internal const string Root = "/api/";

    /// <summary>Whether a path is one of these.</summary>
    internal static bool Has(PathString path) => path.Value is Overview.Path;

    /// <summary>Answers, if only by a refusal.</summary>
    internal Task AnswerAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        if (!Has(request.Path))
        {
            return RefuseAsync(context, StatusCodes.Status404NotFound, "not_found", $"there is nothing under this path; docs/http.md lists what there is, such as {Overview.Path}");
        }

        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method))
        {
            context.Response.Headers.Allow = "GET, HEAD";
            return RefuseAsync(context, StatusCodes.Status405MethodNotAllowed, "method", "only GET and HEAD are answered here");
        }

        if (!TableQuery.TryParse(request.Query, out TableQuery query, out string expected))
        {
            return RefuseAsync(context, StatusCodes.Status400BadRequest, "bad_request", expected);
        }

        Overview all = view.Overview;
        return WriteAsync(
            context, StatusCodes.Status200OK,
            all with { Processes = query.Apply(all.Processes), Containers = query.Apply(all.Containers), Groups = query.Apply(all.Groups) }, ViewJson.Default.Overview);
    }

    /// <summary>Says why there is no answer.</summary>
    internal static Task RefuseAsync(HttpContext context, int status, string reason, string error) =>
        WriteAsync(context, status, new RefusalAnswer(reason, error), ViewJson.Default.RefusalAnswer);

    /// <summary>Writes an answer as JSON; of a HEAD request the headers alone.</summary>
    internal static async Task WriteAsync<T>(HttpContext context, int status, T answer, JsonTypeInfo<T> type)
    {
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(answer, type);
        HttpResponse response = context.Response;
        response.StatusCode = status;
        response.ContentType = "application/json";
        response.ContentLength = body.Length;
        response.Headers.CacheControl = "no-store";
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(body).ConfigureAwait(false);
        }
    }
}
