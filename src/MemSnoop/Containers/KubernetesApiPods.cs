using System.Globalization;
using System.Text.Json;

namespace MemSnoop.Containers;

/// <summary>
/// Names of containers from the API server: the pods of one node, listed once and watched from then on. It needs the right to <c>list</c> and <c>watch</c> <c>pods</c>.
/// </summary>
/// <remarks>
/// https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes. The first list may come from the server's cache (<c>resourceVersion=0</c>), which
/// costs it least when all nodes start at once. A watch goes on from the version that was last heard of, bookmarks included, so nothing is listed again after a lost connection;
/// only if the server does not know that version any more (410).
/// </remarks>
/// <param name="access">Where the server is.</param>
/// <param name="node">The name of this node.</param>
/// <param name="clock">The clock.</param>
internal sealed class KubernetesApiPods(ClusterAccess access, string node, TimeProvider clock) : IWatchedNameSource
{
    internal const string SourceName = "kubernetes_api";

    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    /// <summary>A watch that has lasted so long was a good one, even if nothing has happened in it.</summary>
    private static readonly TimeSpan Steady = TimeSpan.FromSeconds(10);

    private readonly ClusterClient _client = new(access, "list and watch pods");
    private readonly WatchedPods _pods = new();
    private bool _hasListed;

    /// <inheritdoc/>
    public string Name => SourceName;

    /// <summary>How long a list may take.</summary>
    internal TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// After what time the server is to end a watch. The token is read anew for each. As client-go does, it is not the same for all, so that they do not come back all at once.
    /// </summary>
    internal TimeSpan WatchTime { get; init; } = TimeSpan.FromMinutes(5 + (5 * Random.Shared.NextDouble()));

    /// <inheritdoc/>
    public async Task WatchAsync(Action<NameAnswer> tell, CancellationToken cancellation)
    {
        int failures = 0;
        while (!cancellation.IsCancellationRequested)
        {
            long begun = clock.GetTimestamp();
            bool isList = _pods.Version.Length == 0;
            long heard = _pods.Events;
            NameAnswer answer;
            try
            {
                answer = isList ? await ListAsync(cancellation).ConfigureAwait(false) : await WatchOnceAsync(tell, cancellation).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }

            bool isOk = answer.Reason == NameAnswer.Ok;
            if (answer.Reason is ClusterClient.Gone or "malformed")
            {
                _pods.Forget();
            }

            // That a version is too old says nothing about the names; a list of now follows.
            if (isList || (!isOk && answer.Reason != ClusterClient.Gone))
            {
                tell(answer);
            }

            // Whether a list is of use shows in the watch that follows.
            if (isList && isOk)
            {
                continue;
            }

            bool isGood = !isList && (_pods.Events > heard || clock.GetElapsedTime(begun) >= Steady);
            failures = !isGood ? failures + 1 : isOk ? 0 : 1;
            await WaitAsync(failures, cancellation).ConfigureAwait(false);
        }
    }

    private async Task WaitAsync(int failures, CancellationToken cancellation)
    {
        if (failures == 0)
        {
            return;
        }

        try
        {
            await Task.Delay(WaitAfter(failures, Random.Shared.NextDouble()), clock, cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The loop ends.
        }
    }

    /// <summary>How long to wait after so many failures in a row: 1, 2, 4 s and so on, at most a minute.</summary>
    /// <param name="failures">How many.</param>
    /// <param name="chance">From 0 to 1: nodes that lose a server at the same time do not come back at the same time.</param>
    internal static TimeSpan WaitAfter(int failures, double chance)
    {
        TimeSpan wait = FirstWait * (1 << Math.Min(failures - 1, 6));
        return (wait < LongestWait ? wait : LongestWait) * (0.5 + (chance / 2));
    }

    private string Pods => $"/api/v1/pods?fieldSelector=spec.nodeName%3D{node}";

    private async Task<NameAnswer> ListAsync(CancellationToken cancellation)
    {
        // The cache may be older than what the server has just called too old.
        string path = _hasListed ? Pods : Pods + "&resourceVersion=0";
        NameAnswer answer = await _client.GetAsync(path, Patience, isLong: false, ReadListAsync, cancellation).ConfigureAwait(false);
        _hasListed |= answer.Reason == NameAnswer.Ok;
        return answer;
    }

    private async Task<NameAnswer> ReadListAsync(Stream body, CancellationToken cancellation)
    {
        using BoundedStream bounded = new(body, ClusterClient.MostBytes);
        PodList? list = await JsonSerializer.DeserializeAsync(bounded, PodListContext.Default.PodList, cancellation).ConfigureAwait(false);
        return list is null || !_pods.TryReplace(list) ? NameAnswer.Nothing("malformed", "the answer of the API server is no list of pods") : Known();
    }

    private Task<NameAnswer> WatchOnceAsync(Action<NameAnswer> tell, CancellationToken cancellation)
    {
        string path = string.Create(
            CultureInfo.InvariantCulture,
            $"{Pods}&watch=true&allowWatchBookmarks=true&timeoutSeconds={(long)Math.Ceiling(WatchTime.TotalSeconds)}&resourceVersion={Uri.EscapeDataString(_pods.Version)}");

        // It is the server that ends it. If it does not, it is not there any more.
        return _client.GetAsync(path, WatchTime + Patience, isLong: true, (body, token) => ReadWatchAsync(body, tell, token), cancellation);
    }

    private async Task<NameAnswer> ReadWatchAsync(Stream body, Action<NameAnswer> tell, CancellationToken cancellation)
    {
        tell(Known());
        LineReader lines = new(body);
        while (await lines.ReadAsync(cancellation).ConfigureAwait(false))
        {
            bool isChanged = false;
            while (lines.TryTake(out ReadOnlyMemory<byte> line))
            {
                if (_pods.Take(line.Span, ref isChanged) is { } problem)
                {
                    return problem;
                }
            }

            if (isChanged)
            {
                tell(Known());
            }
        }

        // A line that was cut short is told again by the next watch.
        return Known();
    }

    private NameAnswer Known() => NameAnswer.Of(_pods.ToCatalogue(), $"{_pods.Count} pods of {node} by the API server");
}
