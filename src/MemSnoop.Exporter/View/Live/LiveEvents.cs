using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace MemSnoop.Exporter.View.Live;

/// <summary>
/// Server-sent events: an overview after each pass, made once for all who look. Who does not read holds no more memory than what the socket takes, and is cut off by the web server's limit for
/// slow readers. Source: the HTML standard, "Server-sent events".
/// </summary>
/// <param name="limit">How many may look at the same time.</param>
/// <param name="clock">The clock.</param>
internal sealed class LiveEvents(int limit, TimeProvider clock)
{
    /// <summary>Sent where there is nothing to say, so that both sides notice when the other has gone: shorter than what proxies wait.</summary>
    internal static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    // The browser comes back after so many milliseconds.
    private const int RetryMilliseconds = 5_000;

    // What is handed to the web server at once. It copies what it is given, so a whole event at once would be held for each who does not read.
    private const int Chunk = 16 * 1024;

    // What the kernel keeps for one who does not read; by itself it would keep megabytes.
    private const int SocketBuffer = 128 * 1024;

    private static readonly byte[] HeartbeatLine = ":\n\n"u8.ToArray();

    private readonly Lock _gate = new();
    private readonly string _run = clock.GetUtcNow().ToUnixTimeSeconds().ToString("x", CultureInfo.InvariantCulture);
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private LiveEvent? _latest;
    private int _viewers;
    private long _made;

    /// <summary>How many look.</summary>
    internal int Viewers => Volatile.Read(ref _viewers);

    /// <summary>How many may look at the same time.</summary>
    internal int Limit => limit;

    /// <summary>How many may look in a process that may open so many files: each keeps a connection, and most are for scrapes and for what is measured.</summary>
    internal static int Fitting(int openFiles) => Math.Clamp(openFiles / 64, 4, 64);

    /// <summary>Has the next overview sent to all.</summary>
    internal void Publish(Overview overview)
    {
        LiveEvent made = Make(overview);
        TaskCompletionSource waiting;
        lock (_gate)
        {
            _latest = made;
            waiting = _next;
            _next = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        waiting.SetResult();
    }

    /// <summary>Forgets the last overview: nobody looks, and whoever comes gets a new one.</summary>
    internal void Forget()
    {
        lock (_gate)
        {
            _latest = null;
        }
    }

    /// <summary>Takes a place; false if there is none.</summary>
    internal bool TryEnter()
    {
        if (Interlocked.Increment(ref _viewers) <= limit)
        {
            return true;
        }

        Interlocked.Decrement(ref _viewers);
        return false;
    }

    /// <summary>Gives the place back.</summary>
    internal void Leave() => Interlocked.Decrement(ref _viewers);

    /// <summary>Sends events for as long as somebody reads them.</summary>
    /// <param name="context">The request. It has a place.</param>
    /// <param name="current">The overview of now.</param>
    /// <param name="stop">Ends it.</param>
    internal async Task SendAsync(HttpContext context, Func<Overview> current, CancellationToken stop)
    {
        if (context.Features.Get<IConnectionSocketFeature>()?.Socket is { } socket)
        {
            socket.SendBufferSize = SocketBuffer;
        }

        HttpResponse response = context.Response;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";

        // A proxy that gathers what it passes on would gather for ever.
        response.Headers["X-Accel-Buffering"] = "no";
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stop);
        try
        {
            string? seen = context.Request.Headers["Last-Event-ID"];
            await response.StartAsync(end.Token).ConfigureAwait(false);
            (LiveEvent latest, Task next) = Look(current);
            if (latest.Id != seen)
            {
                await WriteAsync(response, latest.Bytes, end.Token).ConfigureAwait(false);
            }

            while (true)
            {
                if (!await HasComeAsync(next, end.Token).ConfigureAwait(false))
                {
                    await WriteAsync(response, HeartbeatLine, end.Token).ConfigureAwait(false);
                    continue;
                }

                // Whoever was slow gets the last one, and not those before it.
                (latest, next) = Look(current);
                await WriteAsync(response, latest.Bytes, end.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // Nobody reads any more, or the exporter ends.
        }
    }

    private (LiveEvent Latest, Task Next) Look(Func<Overview> current)
    {
        lock (_gate)
        {
            if (_latest is not null)
            {
                return (_latest, _next.Task);
            }
        }

        LiveEvent made = Make(current());
        lock (_gate)
        {
            return (_latest ??= made, _next.Task);
        }
    }

    private async Task<bool> HasComeAsync(Task next, CancellationToken stop)
    {
        try
        {
            await next.WaitAsync(Heartbeat, clock, stop).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private LiveEvent Make(Overview overview)
    {
        string id = string.Create(CultureInfo.InvariantCulture, $"{_run}-{Interlocked.Increment(ref _made)}");
        using MemoryStream text = new();
        text.Write(System.Text.Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"id: {id}\nretry: {RetryMilliseconds}\nevent: overview\ndata: ")));

        // In one line: JSON has no line feeds but those that it escapes.
        JsonSerializer.Serialize(text, overview, ViewJson.Default.Overview);
        text.Write("\n\n"u8);
        return new LiveEvent(id, text.ToArray());
    }

    private static async Task WriteAsync(HttpResponse response, byte[] bytes, CancellationToken stop)
    {
        for (int at = 0; at < bytes.Length; at += Chunk)
        {
            await response.Body.WriteAsync(bytes.AsMemory(at, Math.Min(Chunk, bytes.Length - at)), stop).ConfigureAwait(false);
        }

        await response.Body.FlushAsync(stop).ConfigureAwait(false);
    }

    /// <summary>An event as it goes over the network.</summary>
    private sealed record LiveEvent(string Id, byte[] Bytes);
}
