using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using MemSnoop.Exporter.View;
using MemSnoop.Kernel;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Hosting;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace MemSnoop.Exporter.LocalApi;

/// <summary>
/// Answers on <c>api.sock</c>, for root on this host alone: the last window of a process, or one that is measured for whoever asks; the last windows of containers. A web server of its own:
/// nothing of it can be reached at the exporter's address, and nothing of the exporter's address here.
/// </summary>
/// <param name="pipeline">Has the windows.</param>
/// <param name="view">Answers what the page asks as well.</param>
/// <param name="host">The host that is measured.</param>
/// <param name="services">For the web server.</param>
/// <param name="loggers">The log.</param>
internal sealed partial class LocalApiService(SamplingPipeline pipeline, ViewApi view, MeasuredHost host, IServiceProvider services, ILoggerFactory loggers)
    : IHostedLifecycleService, IHttpApplication<HttpContext>, IDisposable
{
    /// <summary>Windows that are measured at once; who asks for more waits. Each costs two reads of the process's memory maps.</summary>
    internal const int MostWindows = 8;

    // Each is somebody who waits for a window.
    private const int MostConnections = 256;
    private const int FewestConnections = 8;

    private readonly SemaphoreSlim _windows = new(MostWindows);
    private readonly CancellationTokenSource _stopping = new();

    // Of windows that can be ended before their time, by their names.
    private readonly ConcurrentDictionary<string, CancellationTokenSource> _ends = new(StringComparer.Ordinal);
    private readonly ILogger _logger = loggers.CreateLogger("memsnoop");
    private ApiSocket? _socket;
    private KestrelServer? _server;

    /// <summary>How many connections there may be in a process that may open so many files.</summary>
    internal static int Connections(int openFiles) => Math.Clamp(openFiles / 32, FewestConnections, MostConnections);

    /// <summary>Answers once everything else runs: a program that cannot start must not have been asked, nor say that it answers.</summary>
    public async Task StartedAsync(CancellationToken cancellationToken)
    {
        (ApiSocket? socket, string? reason) = ApiSocket.Open(host.Paths);
        if (socket is null)
        {
            LogClosed(reason!);
            return;
        }

        _socket = socket;
        KestrelServerOptions options = new() { ApplicationServices = services, AddServerHeader = false };
        options.Limits.MaxConcurrentConnections = Connections(host.Budget.OpenFiles);
        options.ListenUnixSocket(ApiSocket.PathOf(host.Paths));
        SocketTransportOptions transport = new() { CreateBoundListenSocket = _ => socket.Socket };
        _server = new KestrelServer(Options.Create(options), new SocketTransportFactory(Options.Create(transport), NullLoggerFactory.Instance), NullLoggerFactory.Instance);
        await _server.StartAsync(this, cancellationToken).ConfigureAwait(false);
        string path = ApiSocket.PathOf(host.Paths);
        Answering(path);
    }

    /// <summary>Nothing is to be done before the others have started.</summary>
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc cref="StartingAsync"/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Nothing is to be done before the others stop, or after.</summary>
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc cref="StoppingAsync"/>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Ends the windows that somebody waits for, and lets them know.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        if (_server is not null)
        {
            await _server.StopAsync(cancellationToken).ConfigureAwait(false);
        }

        _socket?.Dispose();
    }

    HttpContext IHttpApplication<HttpContext>.CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    void IHttpApplication<HttpContext>.DisposeContext(HttpContext context, Exception? exception)
    {
    }

    /// <inheritdoc/>
    public async Task ProcessRequestAsync(HttpContext context)
    {
        try
        {
            await AnswerAsync(context).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody waits for an answer any more.
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            await RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, "stopping", "the exporter is ending").ConfigureAwait(false);
        }
#pragma warning disable CA1031 // Whoever asked gets a reason, and the exporter runs on.
        catch (Exception error) when (!context.Response.HasStarted)
#pragma warning restore CA1031
        {
            await RefuseAsync(context, StatusCodes.Status500InternalServerError, "failed", UsageException.OneLine(error.Message)).ConfigureAwait(false);
        }
    }

    private Task AnswerAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        if (request.Path.Value == WindowRequest.EndPath)
        {
            return EndAsync(context);
        }

        if (ViewApi.Has(request.Path))
        {
            return view.AnswerAsync(context, ViewCaller.Local);
        }

        if (request.Path.Value is not (WindowRequest.Path or WindowRequest.FormerPath or ContainersAnswer.Path or ContainersAnswer.FormerPath))
        {
            return RefuseAsync(context, StatusCodes.Status404NotFound, "not_found", $"there are only {WindowRequest.Path}, {ContainersAnswer.Path} and {Overview.Path}");
        }

        if (!HttpMethods.IsGet(request.Method))
        {
            context.Response.Headers.Allow = HttpMethods.Get;
            return RefuseAsync(context, StatusCodes.Status405MethodNotAllowed, "method", "only GET is answered");
        }

        if (request.Path.Value is ContainersAnswer.Path or ContainersAnswer.FormerPath)
        {
            return pipeline.Windows is { ContainerMemory: not ContainerMemoryState.Off } containers
                ? WriteAsync(context, StatusCodes.Status200OK, AnswerOf(containers), AnswerJson.Default.ContainersAnswer)
                : RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, "no_containers", "the exporter does not measure what is charged to containers");
        }

        if (!WindowRequest.TryParse(request.Query["pid"], request.Query["start"], request.Query["seconds"], request.Query["ages"], request.Query["areas"], request.Query["id"], out WindowRequest asked))
        {
            return RefuseAsync(
                context, StatusCodes.Status400BadRequest, "bad_request", "expected pid=PID&start=TICKS, and for a new window &seconds=N, more than 0 and at most a day; for ages &ages=N,... that rise from 0.1 on, and a longer time; for areas &areas=1; to end it early &id=LETTERS");
        }

        if (pipeline.Windows is not { } windows)
        {
            return RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, "no_method", "the exporter measures no working sets");
        }

        if (!IsThere(windows, asked.Process))
        {
            return RefuseAsync(context, StatusCodes.Status404NotFound, "gone", $"the exporter does not see process {asked.Process.Pid}");
        }

        return asked.Window is { } length ? MeasureAsync(context, windows, asked, length) : ShowLastAsync(context, windows, asked.Process.Pid);
    }

    private static ContainersAnswer AnswerOf(LocalWindows windows) => new()
    {
        Source = WindowAnswer.FromExporter,
        Reason = windows.ContainerMemory == ContainerMemoryState.Measured ? null : windows.ContainerMemory.ToReason(),
        Containers = [.. windows.LastContainers.Select(static container => ContainerAnswer.Of(container.Id, container.Names, container.Sample))],
    };

    private static Task ShowLastAsync(HttpContext context, LocalWindows windows, int pid) => windows.TryFindLast(pid, out WorkingSetSample sample)
        ? WriteAsync(context, StatusCodes.Status200OK, WindowAnswer.Of(pid, WindowAnswer.FromExporter, windows.Method, sample), AnswerJson.Default.WindowAnswer)
        : RefuseAsync(context, StatusCodes.Status404NotFound, "no_window", $"the exporter has no window of process {pid}: it does not watch it, could not measure it, or its first window has not ended");

    /// <summary>Ends a window before its time: whoever waits for it gets what was measured until then.</summary>
    private async Task EndAsync(HttpContext context)
    {
        if (!HttpMethods.IsPost(context.Request.Method))
        {
            context.Response.Headers.Allow = HttpMethods.Post;
            await RefuseAsync(context, StatusCodes.Status405MethodNotAllowed, "method", "only POST is answered").ConfigureAwait(false);
        }
        else if (context.Request.Query["id"].ToString() is var id && WindowRequest.IsId(id) && _ends.TryGetValue(id, out CancellationTokenSource? end))
        {
            await end.CancelAsync().ConfigureAwait(false);
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        }
        else
        {
            await RefuseAsync(context, StatusCodes.Status404NotFound, "no_window", "no window of that id is measured").ConfigureAwait(false);
        }
    }

    private async Task MeasureAsync(HttpContext context, LocalWindows windows, WindowRequest asked, TimeSpan length)
    {
        // Not disposed: who ends the window may hold it at the moment. Without a timer it holds nothing.
        CancellationTokenSource end = new();
        if (asked.Id is { } id && !_ends.TryAdd(id, end))
        {
            await RefuseAsync(context, StatusCodes.Status409Conflict, "bad_request", "another window has that id").ConfigureAwait(false);
            return;
        }

        try
        {
            await MeasureAsync(context, windows, asked, length, end.Token).ConfigureAwait(false);
        }
        finally
        {
            if (asked.Id is { } known)
            {
                _ends.TryRemove(known, out _);
            }
        }
    }

    private async Task MeasureAsync(HttpContext context, LocalWindows windows, WindowRequest asked, TimeSpan length, CancellationToken end)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stopping.Token);
        using (CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(stop.Token, end))
        {
            try
            {
                await _windows.WaitAsync(either.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                await RefuseAsync(context, StatusCodes.Status409Conflict, LocalApiClient.EndedReason, "the window was ended before it began").ConfigureAwait(false);
                return;
            }
        }

        ReadOutcome outcome;
        WorkingSetSample sample;
        ReaccessRun? run = null;
        AreaUses? areas = asked.ByArea ? new AreaUses(KernelUnits.Current.PageBytes) : null;
        int pid = asked.Process.Pid;
        try
        {
            if (asked.Ages is null)
            {
                (outcome, sample) = await windows.MeasureAsync(pid, length, areas, end, stop.Token).ConfigureAwait(false);
            }
            else
            {
                (outcome, run) = await windows.MeasureReaccessedAsync(pid, length, asked.Ages, end, stop.Token).ConfigureAwait(false);
                sample = run?.Last ?? default;
            }
        }
        finally
        {
            _windows.Release();
        }

        stop.Token.ThrowIfCancellationRequested();
        IdleAges? ages = asked.Ages;
        await (outcome == ReadOutcome.Success
            ? WriteAsync(context, StatusCodes.Status200OK, Answer(pid, windows.Method, sample, run) with { Partial = end.IsCancellationRequested ? true : null, Areas = areas is null ? null : AreaAnswer.Of(areas) }, AnswerJson.Default.WindowAnswer)
            : RefuseAsync(context, StatusCodes.Status409Conflict, outcome.ToReason(), ages is not null && outcome == ReadOutcome.NotSupported ? UnknownAges(windows.Method) : Explain(outcome, pid))).ConfigureAwait(false);
    }

    private static WindowAnswer Answer(int pid, string method, in WorkingSetSample sample, ReaccessRun? run) =>
        WindowAnswer.Of(pid, WindowAnswer.FromExporter, method, sample) with { Ages = run is null ? null : AgeAnswer.Of(run) };

    private static string UnknownAges(string method) => $"the exporter measures by {method}, which does not know which pages were idle";

    private static string Explain(ReadOutcome outcome, int pid) => outcome switch
    {
        ReadOutcome.ProcessGone => $"process {pid} ended before its window",
        ReadOutcome.Denied => $"the kernel does not let the exporter read process {pid}",
        ReadOutcome.TooLarge => $"process {pid} holds more than the exporter's --referenced-max-resident",
        ReadOutcome.Hung => $"process {pid} does not answer: it waits for something while it executes a program, or while its address space is locked",
        ReadOutcome.WouldStall => $"the exporter would hold process {pid} up for longer than its --max-stall",
        _ => $"the exporter could not measure process {pid} ({outcome.ToReason()})",
    };

    /// <summary>Whether this process sees the same process under the pid as whoever asks. One that does not answer is there: it is measured, or why not is told, later.</summary>
    private static bool IsThere(LocalWindows windows, ProcessIdentity process)
    {
        ReadOutcome outcome = windows.TryTrack(process.Pid, out TrackedProcess? seen);
        using (seen)
        {
            return outcome == ReadOutcome.Hung || (outcome == ReadOutcome.Success && seen!.Identity == process);
        }
    }

    private static Task RefuseAsync(HttpContext context, int status, string reason, string error) => Answers.RefuseAsync(context, status, reason, error);

    private static Task WriteAsync<T>(HttpContext context, int status, T answer, JsonTypeInfo<T> type) => Answers.WriteAsync(context, status, answer, type);

    private void LogClosed(string reason)
    {
        // Another user than root cannot have the directory, and has been told of greater losses.
        if (Libc.EffectiveUserId() == 0)
        {
            Closed(reason);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "answering memsnoop wss at {Path}")]
    private partial void Answering(string path);

    [LoggerMessage(Level = LogLevel.Warning, Message = "memsnoop wss cannot ask this exporter: {Reason}")]
    private partial void Closed(string reason);

    /// <inheritdoc/>
    public void Dispose()
    {
        _socket?.Dispose();
        _server?.Dispose();
        _windows.Dispose();
        _stopping.Dispose();
    }
}
