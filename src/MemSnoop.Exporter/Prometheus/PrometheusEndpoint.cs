using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>Answers scrapes over HTTP.</summary>
internal sealed partial class PrometheusEndpoint(
    PrometheusOptions options,
    ScrapeCoordinator coordinator,
    TimeProvider clock,
    IHostApplicationLifetime lifetime,
    ILogger<PrometheusEndpoint> log)
{
    private readonly TargetInfo _target = new(options.ResourceAttributes);
    private int _inProgress;

    /// <summary>Serves one scrape, from whichever path it came.</summary>
    public async Task ServeAsync(HttpContext context)
    {
        try
        {
            if (Interlocked.Increment(ref _inProgress) > options.MaxRequests && options.MaxRequests > 0)
            {
                await RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, $"{options.MaxRequests} scrapes are in progress, which is the limit.");
                return;
            }

            if (!MeasurementSelection.TryParse(context.Request.Query, coordinator.Plan.Measurements, out MeasurementSelection selection, out string complaint))
            {
                await RefuseAsync(context, StatusCodes.Status400BadRequest, complaint);
                return;
            }

            ExpositionFormat format = ExpositionFormat.Choose(context.Request.GetTypedHeaders().Accept, options.Names, options.OpenMetrics2);
            if (await AcquireAsync(context, new ScrapeContent(selection, format.Form)) is not { } snapshot)
            {
                return;
            }

            try
            {
                await SendAsync(context, snapshot, selection, format);
            }
            finally
            {
                snapshot.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _inProgress);
        }
    }

    // Null if the request has been answered already, or if the client has left.
    private async Task<Snapshot?> AcquireAsync(HttpContext context, ScrapeContent content)
    {
        long started = clock.GetTimestamp();
        TimeSpan timeout = ScrapeHeaders.TimeoutOf(context.Request.Headers[ScrapeHeaders.Timeout]) ?? Timeout.InfiniteTimeSpan;
        using CancellationTokenSource timer = new(timeout, clock);
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(
            timer.Token, context.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            Snapshot snapshot = await coordinator.AcquireAsync(content, end.Token);

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
