using System.Globalization;
using System.Text.Json;
using MemSnoop.Exporter.View.HeatMaps;
using MemSnoop.Metrics.Sampling;
using Microsoft.AspNetCore.Http;

namespace MemSnoop.Exporter.View;

/// <summary>Answers what is below <c>/api/v1/heatmaps</c>: the cost of a recording, its beginning, its progress and its end.</summary>
/// <param name="view">Has the recorder.</param>
internal sealed class HeatMapApi(ViewService view)
{
    private const string Path = "/api/v1/heatmaps";
    private const string CostPath = Path + "/cost";
    private const string OnePath = Path + "/";

    // A body is three short fields.
    private const int LongestBody = 1024;

    /// <summary>Whether a path is one of these.</summary>
    internal static bool Has(string path) => path == Path || path.StartsWith(OnePath, StringComparison.Ordinal);

    /// <summary>Answers, if only by a refusal.</summary>
    internal Task AnswerAsync(HttpContext context, ViewCaller caller)
    {
        string path = context.Request.Path.Value!;
        string method = context.Request.Method;
        bool isRead = HttpMethods.IsGet(method) || HttpMethods.IsHead(method);
        if (path == CostPath)
        {
            return isRead ? ShowCostAsync(context, caller) : Answers.RefuseMethodAsync(context, "GET, HEAD");
        }

        if (path == Path ? !isRead && !HttpMethods.IsPost(method) : !isRead && !HttpMethods.IsDelete(method))
        {
            return Answers.RefuseMethodAsync(context, path == Path ? "GET, HEAD, POST" : "GET, HEAD, DELETE");
        }

        // What was recorded shows addresses of a program: it is for those who may record.
        if (WhyNot(caller) is { } refusal)
        {
            return Answers.RefuseAsync(context, StatusCodes.Status403Forbidden, refusal.Reason, refusal.Error);
        }

        if (!isRead && ComesFromElsewhere(context.Request))
        {
            return Answers.RefuseAsync(context, StatusCodes.Status403Forbidden, "cross_origin", "the request comes from a page of another origin");
        }

        if (path == Path)
        {
            return isRead ? Answers.OkAsync(context, view.HeatMaps.List(), ViewJson.Default.HeatMapList) : BeginAsync(context);
        }

        HeatMapView? found = !long.TryParse(path[OnePath.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out long id) ? null
            : isRead ? view.HeatMaps.Find(id)
            : view.HeatMaps.End(id);
        return found is not null
            ? Answers.OkAsync(context, found, ViewJson.Default.HeatMapView)
            : Answers.RefuseAsync(context, StatusCodes.Status404NotFound, "no_recording", "there is no recording of this number: the last one is kept for ten minutes");
    }

    private Task ShowCostAsync(HttpContext context, ViewCaller caller)
    {
        if (HeatMapRequest.Parse(context.Request.Query) is not { } request)
        {
            return Answers.RefuseAsync(context, StatusCodes.Status400BadRequest, "bad_request", HeatMapRequest.Expected);
        }

        if (view.FindProcess(SubjectId.Of(request.Process), out RowView? row) is null)
        {
            return Answers.RefuseAsync(context, StatusCodes.Status404NotFound, "gone", ViewApi.NotWatched);
        }

        HeatMapCost cost = view.HeatMaps.CostOf(request, row!.ResidentBytes);
        return Answers.OkAsync(
            context, WhyNot(caller) is { } refusal ? cost with { MayRecord = false, Reason = refusal.Reason, Error = refusal.Error } : cost, ViewJson.Default.HeatMapCost);
    }

    private async Task BeginAsync(HttpContext context)
    {
        if (!IsJson(context.Request))
        {
            await Answers.RefuseAsync(context, StatusCodes.Status415UnsupportedMediaType, "content_type", "expected a body with Content-Type: application/json").ConfigureAwait(false);
            return;
        }

        if (await ReadAsync(context).ConfigureAwait(false) is not { } request)
        {
            await Answers.RefuseAsync(context, StatusCodes.Status400BadRequest, "bad_request", HeatMapRequest.Expected).ConfigureAwait(false);
            return;
        }

        if (view.FindProcess(SubjectId.Of(request.Process), out _) is not { } process)
        {
            await Answers.RefuseAsync(context, StatusCodes.Status404NotFound, "gone", ViewApi.NotWatched).ConfigureAwait(false);
            return;
        }

        if (view.HeatMaps.TryBegin(request, process.Comm) is not { } begun)
        {
            await Answers.RefuseAsync(context, StatusCodes.Status409Conflict, "busy", "another recording is under way, and there is one at a time; it can be ended").ConfigureAwait(false);
            return;
        }

        context.Response.Headers.Location = string.Create(CultureInfo.InvariantCulture, $"{OnePath}{begun.Id}");
        await Answers.WriteAsync(context, StatusCodes.Status201Created, begun, ViewJson.Default.HeatMapView).ConfigureAwait(false);
    }

    private RefusalAnswer? WhyNot(ViewCaller caller) =>
        !view.TellsPages ? new RefusalAnswer("not_supported", "a heat map needs the method page_idle, which does not work here or is not in use; memsnoop check says what is missing")
        : caller == ViewCaller.Anybody ? new RefusalAnswer(
            "no_login",
            "only users who log in may record, and this exporter has no login (--web.config.file); as root on this host, run: memsnoop trace PID --pages FILE, once the exporter has ended")
        : null;

    private static bool IsJson(HttpRequest request) =>
        request.ContentType is { } type && type.AsSpan().TrimStart().StartsWith("application/json", StringComparison.OrdinalIgnoreCase) && (type.Trim().Length == 16 || type.Trim()[16] is ';' or ' ');

    /// <summary>Whether a browser sends it for a page that is not ours. Other programs send none of these headers, or what they like.</summary>
    private static bool ComesFromElsewhere(HttpRequest request)
    {
        string site = request.Headers["Sec-Fetch-Site"].ToString();
        if (site.Length > 0)
        {
            return site != "same-origin";
        }

        string origin = request.Headers.Origin.ToString();
        return origin.Length > 0
            && !(Uri.TryCreate(origin, UriKind.Absolute, out Uri? from) && HostString.FromUriComponent(from) is var host && IsSame(host, request));
    }

    private static bool IsSame(HostString origin, HttpRequest request) =>
        origin.Host.Equals(request.Host.Host, StringComparison.OrdinalIgnoreCase) && (origin.Port ?? 0) == (request.Host.Port ?? (request.IsHttps ? 443 : 80));

    private static async Task<HeatMapRequest?> ReadAsync(HttpContext context)
    {
        byte[] body = new byte[LongestBody + 1];
        int length = 0;
        while (length < body.Length)
        {
            int read = await context.Request.Body.ReadAsync(body.AsMemory(length), context.RequestAborted).ConfigureAwait(false);
            if (read == 0)
            {
                break;
            }

            length += read;
        }

        try
        {
            return length > LongestBody ? null : HeatMapRequest.Parse(JsonSerializer.Deserialize(body.AsSpan(0, length), ViewJson.Default.HeatMapBody));
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
