using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Exporter.Tests.Containers;

/// <summary>
/// An API server in this process, over real TLS: it checks the token, lists pods with a version, and tells whoever watches from a version what has happened since. What it
/// remembers can be cut off, as a real one does after some minutes.
/// </summary>
internal sealed class TestApiServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Lock _gate = new();
    private readonly SortedDictionary<long, string> _events = [];
    private readonly Dictionary<string, string> _pods = [];
    private TaskCompletionSource _changed = NewSignal();
    private TaskCompletionSource _ended = NewSignal();
    private long _version = 100;
    private long _oldest = 100;

    private TestApiServer(WebApplication app) => _app = app;

    public Uri Url => new(_app.Urls.First());

    /// <summary>The token that it takes; another one is refused with 401.</summary>
    public string Token { get; set; } = "first-token";

    /// <summary>Answers in place of lists.</summary>
    public Func<HttpContext, Task>? List { get; set; }

    /// <summary>Answers in place of watches.</summary>
    public Func<HttpContext, Task>? Watch { get; set; }

    /// <summary>Paths with queries of all requests, those that were refused included.</summary>
    public ConcurrentQueue<string> Requests { get; } = [];

    public int Lists => Requests.Count(static request => !request.Contains("watch=true", StringComparison.Ordinal));

    public int Watches => Requests.Count - Lists;

    /// <summary>How many watches it serves now.</summary>
    public int Watching { get; private set; }

    public static async Task<TestApiServer> StartAsync(X509Certificate2 certificate, int port = 0)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen => listen.UseHttps(certificate)));
        TestApiServer server = new(builder.Build());
        server._app.Run(server.ServeAsync);
        await server._app.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }

    /// <summary>Adds a pod, or replaces that of the same uid.</summary>
    /// <param name="uid">Its uid.</param>
    /// <param name="pod">Its JSON, with <c>VERSION</c> where its version belongs.</param>
    public void Put(string uid, string pod) => Change(uid, pod);

    public void Delete(string uid) => Change(uid, null);

    /// <summary>Tells who watches up to which version nothing has happened.</summary>
    public void Bookmark() => Happen("""{"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"VERSION","creationTimestamp":null},"spec":{"containers":null},"status":{}}}""");

    /// <summary>Forgets what happened up to now: a watch from before is answered with 410.</summary>
    public void Compact()
    {
        lock (_gate)
        {
            _events.Clear();
            _oldest = ++_version;
        }
    }

    /// <summary>Ends the watches of now in order, as a server does when their time is over.</summary>
    public void EndWatches()
    {
        lock (_gate)
        {
            _ended.SetResult();
            _ended = NewSignal();
        }
    }

    // Who waits goes on after the lock is free.
    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Change(string uid, string? pod)
    {
        lock (_gate)
        {
            string type = pod is null ? "DELETED" : _pods.ContainsKey(uid) ? "MODIFIED" : "ADDED";
            string told = pod ?? _pods[uid];
            if (pod is null)
            {
                _pods.Remove(uid);
            }
            else
            {
                _pods[uid] = pod;
            }

            Happen($$"""{"type":"{{type}}","object":{{told}}}""");
        }
    }

    private void Happen(string line)
    {
        lock (_gate)
        {
            _version++;
            _events[_version] = line.Replace("VERSION", _version.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal).ReplaceLineEndings("") + "\n";
            _changed.SetResult();
            _changed = NewSignal();
        }
    }

    private async Task ServeAsync(HttpContext context)
    {
        Requests.Enqueue(context.Request.Path + context.Request.QueryString);
        IQueryCollection query = context.Request.Query;
        if (context.Request.Headers.Authorization != $"Bearer {Token}")
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        }
        else if (context.Request.Path != "/api/v1/pods" || context.Request.Method != "GET" || query["fieldSelector"] != "spec.nodeName=node-1")
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
        }
        else if (query["watch"] == "true")
        {
            await (Watch ?? WatchAsync)(context);
        }
        else
        {
            await (List ?? ListAsync)(context);
        }
    }

    public async Task ListAsync(HttpContext context)
    {
        string list;
        lock (_gate)
        {
            string items = string.Join(',', _pods.Values.Select(static pod => pod.Replace("VERSION", "1", StringComparison.Ordinal)));
            list = $$$"""{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"{{{_version}}}"},"items":[{{{items}}}]}""";
        }

        await context.Response.WriteAsync(list);
    }

    public async Task WatchAsync(HttpContext context)
    {
        long from = long.Parse(context.Request.Query["resourceVersion"].ToString(), CultureInfo.InvariantCulture);
        Task ended;
        lock (_gate)
        {
            ended = _ended.Task;
            Watching++;
        }

        try
        {
            await context.Response.Body.FlushAsync(context.RequestAborted);
            bool isLast = false;
            while (!isLast)
            {
                // What happened before the end is told before it.
                isLast = ended.IsCompleted;
                string[] lines;
                Task changed;
                lock (_gate)
                {
                    lines = from < _oldest
                        ? ["""{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old","reason":"Expired","code":410}}""" + "\n"]
                        : [.. _events.Where(happened => happened.Key > from).Select(static happened => happened.Value)];
                    changed = _changed.Task;
                    from = from < _oldest ? from : _version;
                }

                foreach (string line in lines)
                {
                    await context.Response.WriteAsync(line, context.RequestAborted);
                }

                await context.Response.Body.FlushAsync(context.RequestAborted);
                if (from < _oldest)
                {
                    return;
                }

                if (!isLast)
                {
                    await Task.WhenAny(changed, ended).WaitAsync(context.RequestAborted);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Who watched has gone.
        }
        finally
        {
            lock (_gate)
            {
                Watching--;
            }
        }
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
