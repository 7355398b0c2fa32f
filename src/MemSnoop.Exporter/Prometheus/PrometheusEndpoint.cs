using System.Globalization;
using MemSnoop.Exporter.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>Answers scrapes over HTTP.</summary>
internal sealed partial class PrometheusEndpoint(
    PrometheusOptions options,
    ScrapeCoordinator coordinator,
    RefusalCounts refusals,
    TimeProvider clock,
    IHostApplicationLifetime lifetime,
    ILogger<PrometheusEndpoint> log) : IDisposable
{
    private readonly TargetInfo _target = new(options.ResourceAttributes);
    private readonly AnswersUnderWay _answers = new(options.MaxRequests, clock);
    private readonly SemaphoreSlim _collecting = new(options.MaxRequests == 0 ? int.MaxValue : options.MaxRequests);

    /// <summary>Serves one scrape, from whichever path it came.</summary>
    public async Task ServeAsync(HttpContext context)
    {
        if (!MeasurementSelection.TryParse(context.Request.Query, coordinator.Plan.Measurements, out MeasurementSelection selection, out string complaint))
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, complaint);
            return;
        }

        ExpositionFormat format = ExpositionFormat.Choose(context.Request.Headers.Accept, options.Names, options.OpenMetrics2);
        if (await CollectAsync(context, new ScrapeContent(selection, format.Form)) is not { } snapshot)
        {
            return;
        }

        try
        {
            await AnswerAsync(context, snapshot, selection, format);
        }
        finally
        {
            snapshot.Release();
        }
    }

    public void Dispose()
    {
        _collecting.Dispose();
        _answers.Dispose();
    }

    // Null if the request has been answered already, or if the client has left.
    private async Task<Snapshot?> CollectAsync(HttpContext context, ScrapeContent content)
    {
        long started = clock.GetTimestamp();
        TimeSpan timeout = ScrapeHeaders.TimeoutOf(context.Request.Headers[ScrapeHeaders.Timeout]) ?? Timeout.InfiniteTimeSpan;
        using CancellationTokenSource timer = new(timeout, clock);
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(
            timer.Token, context.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            if (await AcquireAsync(content, end.Token) is not { } snapshot)
            {
                await TurnAwayAsync(context, $"{options.MaxRequests} scrapes are in progress, which is the limit.");
                return null;
            }

            // The timer may be late, and a server that has stopped waiting must not get a success.
            if (timeout == Timeout.InfiniteTimeSpan || clock.GetElapsedTime(started) < timeout)
            {
                return snapshot;
            }

            snapshot.Release();
            TimeOut(context);
        }
        catch (ScrapeFailedException)
        {
            await RefuseAsync(context, StatusCodes.Status500InternalServerError, "The collection failed; the exporter's log has the reason.");
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            if (lifetime.ApplicationStopping.IsCancellationRequested)
            {
                await RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, "The exporter is shutting down.");
            }
            else if (!context.RequestAborted.IsCancellationRequested)
            {
                TimeOut(context);
            }
        }

        return null;
    }

    // Null if too many wait already. Once there is a snapshot, a scrape does not count any more: a client that is slow to read keeps no other from its collection.
    private async Task<Snapshot?> AcquireAsync(ScrapeContent content, CancellationToken end)
    {
        if (!await _collecting.WaitAsync(AnswersUnderWay.Patience, end))
        {
            return null;
        }

        try
        {
            return await coordinator.AcquireAsync(content, end);
        }
        finally
        {
            _collecting.Release();
        }
    }

    private async Task AnswerAsync(HttpContext context, Snapshot snapshot, MeasurementSelection selection, ExpositionFormat format)
    {
        AnswersUnderWay.Answer? answer;
        try
        {
            answer = await _answers.BeginAsync(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return;
        }

        if (answer is null)
        {
            await TurnAwayAsync(context, $"{options.MaxRequests} answers are being sent, which is the limit.");
            return;
        }

        if (answer.HasBrokenOff)
        {
            refusals.Add(Refusal.SlowReader);
        }

        try
        {
            await SendAsync(context, snapshot, selection, format);
        }
        finally
        {
            _answers.End(answer);
        }
    }

    private async Task SendAsync(HttpContext context, Snapshot snapshot, MeasurementSelection selection, ExpositionFormat format)
    {
        HttpResponse response = context.Response;
        Exposition exposition = new(snapshot, _target, selection, format);
        if (exposition.Length > options.MaxBodyBytes)
        {
            LogTooLong(exposition.Length, options.MaxBodyBytes);
            await RefuseAsync(context, StatusCodes.Status500InternalServerError, "The answer is larger than the exporter may send.");
            return;
        }

        // An empty body would not be a gzip stream.
        bool gzip = exposition.Length > 0 && ScrapeHeaders.AllowGzip(context.Request.Headers.AcceptEncoding);
        response.ContentType = format.ContentType;
        response.Headers.Vary = "Accept, Accept-Encoding";
        response.Headers.CacheControl = "no-store";
        response.Headers.LastModified = snapshot.Generated.ToString("R", CultureInfo.InvariantCulture);
        if (gzip)
        {
            response.Headers.ContentEncoding = "gzip";
        }
        else
        {
            response.ContentLength = exposition.Length;
        }

        if (HttpMethods.IsHead(context.Request.Method))
        {
            return;
        }

        try
        {
            await (gzip ? exposition.WriteGzipAsync(response.Body, context.RequestAborted) : exposition.WriteAsync(response.BodyWriter, context.RequestAborted));
        }
#pragma warning disable CA1031 // The status line is sent already, so only a broken connection can tell that something is missing.
        catch (Exception error)
#pragma warning restore CA1031
        {
            if (!context.RequestAborted.IsCancellationRequested)
            {
                LogBrokeOff(error);
            }

            context.Abort();
        }
    }

    // The client that set the timeout has left or is about to; it needs no answer.
    private static void TimeOut(HttpContext context) => context.Response.StatusCode = StatusCodes.Status408RequestTimeout;

    private Task TurnAwayAsync(HttpContext context, string reason)
    {
        refusals.Add(Refusal.Requests);
        return RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, reason);
    }

    private static Task RefuseAsync(HttpContext context, int status, string reason)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.WriteAsync(reason + "\n");
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "a scrape of {Length} bytes was refused; the maximum is {Limit}")]
    private partial void LogTooLong(long length, long limit);

    [LoggerMessage(Level = LogLevel.Warning, Message = "the connection broke while a scrape was sent")]
    private partial void LogBrokeOff(Exception error);
}
