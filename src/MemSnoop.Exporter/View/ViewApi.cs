using MemSnoop.Exporter.View.HeatMaps;
using MemSnoop.Kernel;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Processes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;

namespace MemSnoop.Exporter.View;

/// <summary>Answers what is below <c>/api/v1/</c>, at the exporter's address and on the local socket alike.</summary>
/// <param name="view">Has what is shown.</param>
/// <param name="lifetime">Says when the exporter ends.</param>
internal sealed class ViewApi(ViewService view, IHostApplicationLifetime lifetime)
{
    /// <summary>What all paths begin with.</summary>
    internal const string Root = "/api/";

    internal const string EventsPath = "/api/v1/events";
    private const string ProcessPath = "/api/v1/processes/";
    private const string ContainerPath = "/api/v1/containers/";
    private const string GroupPath = "/api/v1/groups/";
    private const string AreasEnd = "/areas";
    private const string ReadOnly = "GET, HEAD";

    private readonly HeatMapApi _heatMaps = new(view);

    /// <summary>Whether a path is one of these.</summary>
    internal static bool Has(PathString path) => path.Value is { } text && (text is Overview.Path or EventsPath
        || text.StartsWith(ProcessPath, StringComparison.Ordinal) || text.StartsWith(ContainerPath, StringComparison.Ordinal) || text.StartsWith(GroupPath, StringComparison.Ordinal)
        || HeatMapApi.Has(text));

    /// <summary>Answers, if only by a refusal.</summary>
    /// <param name="context">The request.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="refusedViewer">Called if there is no place for one more who looks.</param>
    internal Task AnswerAsync(HttpContext context, ViewCaller caller, Action? refusedViewer = null)
    {
        string path = context.Request.Path.Value ?? "";
        if (!Has(context.Request.Path))
        {
            return Answers.RefuseAsync(context, StatusCodes.Status404NotFound, "not_found", $"there is nothing under this path; the documentation has them all, such as {Overview.Path}");
        }

        if (HeatMapApi.Has(path))
        {
            return _heatMaps.AnswerAsync(context, caller);
        }

        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            return Answers.RefuseMethodAsync(context, ReadOnly);
        }

        return path switch
        {
            Overview.Path => ShowOverviewAsync(context),
            EventsPath => SendEventsAsync(context, refusedViewer),
            _ when path.StartsWith(ContainerPath, StringComparison.Ordinal) => ShowAsync(
                context, view.Container(path[ContainerPath.Length..]), "no_container", "the exporter sees no container of this id"),
            _ when path.StartsWith(GroupPath, StringComparison.Ordinal) => ShowAsync(context, view.Group(path[GroupPath.Length..].Replace("%2F", "/", StringComparison.OrdinalIgnoreCase)), "no_group", "there is no group of this name, or it has no process any more"),
            _ when path.EndsWith(AreasEnd, StringComparison.Ordinal) => ShowAreasAsync(context, path[ProcessPath.Length..^AreasEnd.Length]),
            _ => ShowProcessAsync(context, path[ProcessPath.Length..]),
        };
    }

    private Task ShowOverviewAsync(HttpContext context)
    {
        if (!TableQuery.TryParse(context.Request.Query, out TableQuery query, out string expected))
        {
            return Answers.RefuseAsync(context, StatusCodes.Status400BadRequest, "bad_request", expected);
        }

        Overview all = view.Overview;
        return Answers.OkAsync(
            context, all with { Processes = query.Apply(all.Processes), Containers = query.Apply(all.Containers), Groups = query.Apply(all.Groups) }, ViewJson.Default.Overview);
    }

    private async Task SendEventsAsync(HttpContext context, Action? refused)
    {
        if (HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.ContentType = "text/event-stream";
            return;
        }

        if (!view.Live.TryEnter())
        {
            refused?.Invoke();
            context.Response.Headers.RetryAfter = "60";
            await Answers.RefuseAsync(
                context, StatusCodes.Status503ServiceUnavailable, "viewers", $"{view.Live.Limit} others look at this exporter, which is the limit; {Overview.Path} answers without staying connected").ConfigureAwait(false);
            return;
        }

        try
        {
            await view.Live.SendAsync(context, () => view.Overview, lifetime.ApplicationStopping).ConfigureAwait(false);
        }
        finally
        {
            view.Live.Leave();
        }
    }

    private Task ShowProcessAsync(HttpContext context, string id) => SubjectId.TryParse(id, out _)
        ? ShowAsync(context, view.Process(id), "gone", NotWatched)
        : Answers.RefuseAsync(context, StatusCodes.Status400BadRequest, "bad_request", ProcessExpected);

    private Task ShowAreasAsync(HttpContext context, string id)
    {
        if (!SubjectId.TryParse(id, out ProcessIdentity identity))
        {
            return Answers.RefuseAsync(context, StatusCodes.Status400BadRequest, "bad_request", ProcessExpected);
        }

        if (view.FindProcess(id, out _) is not { } process)
        {
            return Answers.RefuseAsync(context, StatusCodes.Status404NotFound, "gone", NotWatched);
        }

        return view.Areas(process, out RefusedReading refusal) is { } areas ? Answers.OkAsync(context, areas, ViewJson.Default.AreasView)
            : refusal.IsBusy ? Answers.RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, "busy", "the memory of another process was read by area just now; ask again in a second")
            : Answers.RefuseAsync(
                context, refusal.Outcome == ReadOutcome.ProcessGone ? StatusCodes.Status404NotFound : StatusCodes.Status409Conflict,
                refusal.Outcome.ToReason(), ProcessRefusal.Explain(refusal.Outcome, identity.Pid));
    }

    private static Task ShowAsync(HttpContext context, DetailView? detail, string reason, string error) => detail is not null
        ? Answers.OkAsync(context, detail, ViewJson.Default.DetailView)
        : Answers.RefuseAsync(context, StatusCodes.Status404NotFound, reason, error);

    /// <summary>What is said of a process that is not there.</summary>
    internal const string NotWatched = "the exporter does not watch a process of this pid that began then: it has ended, or is not selected";

    /// <summary>What is said of an id that is none.</summary>
    internal const string ProcessExpected = "expected a process as PID-STARTTICKS, as the overview calls it";
}
