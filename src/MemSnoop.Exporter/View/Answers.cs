using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace MemSnoop.Exporter.View;

/// <summary>Answers as JSON.</summary>
internal static class Answers
{
    /// <summary>Writes an answer; of a HEAD request the headers alone.</summary>
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

    /// <summary>The answer, with status 200.</summary>
    internal static Task OkAsync<T>(HttpContext context, T answer, JsonTypeInfo<T> type) => WriteAsync(context, StatusCodes.Status200OK, answer, type);

    /// <summary>Says why there is no answer.</summary>
    internal static Task RefuseAsync(HttpContext context, int status, string reason, string error) =>
        WriteAsync(context, status, new RefusalAnswer(reason, error), ViewJson.Default.RefusalAnswer);

    /// <summary>Says that the method is none of those which are answered.</summary>
    internal static Task RefuseMethodAsync(HttpContext context, string allowed)
    {
        context.Response.Headers.Allow = allowed;
        return RefuseAsync(context, StatusCodes.Status405MethodNotAllowed, "method", $"only {allowed} is answered here");
    }
}
