using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using MemSnoop.Exporter.View;
using MemSnoop.Kernel;
using MemSnoop.Locks;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.LocalApi;

/// <summary>Asks the exporter that runs on this host, by its socket.</summary>
internal sealed class LocalApiClient : IDisposable
{
    // An exporter that ends a window answers at once, unless the walk over a large process takes its time.
    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(10);

    // Far above any answer.
    private const int LongestAnswer = 16 << 20;

    private readonly HttpClient _client;
    private readonly KernelPaths _paths;

    internal LocalApiClient(KernelPaths paths)
    {
        _paths = paths;
        _client = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, ConnectCallback = ConnectAsync })
        {
            // A window may be a day long; who does not want to wait for it interrupts the command.
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = LongestAnswer,
            BaseAddress = new Uri("http://localhost"),
        };
    }

    /// <summary>Whether there is an exporter that this user may not ask.</summary>
    internal bool IsDenied { get; private set; }

    /// <summary>Asks; the answer, a refusal, or neither when nobody answers.</summary>
    /// <param name="request">What is asked.</param>
    /// <param name="end">Ends the window before its time: what was measured until then is the answer.</param>
    /// <exception cref="OperationCanceledException">It was ended, and there is nothing yet.</exception>
    internal async Task<(WindowAnswer? Answer, RefusalAnswer? Refusal)> AskAsync(WindowRequest request, CancellationToken end)
    {
        using CancellationTokenSource giveUp = new();
        string id = Guid.NewGuid().ToString("N");
        WindowRequest named = request.Window is null ? request : request with { Id = id };
        Task<(WindowAnswer? Answer, RefusalAnswer? Refusal)> asked = AskAsync(named.ToTarget(), AnswerJson.Default.WindowAnswer, giveUp.Token);
        using (end.Register(static state => ((CancellationTokenSource)state!).CancelAfter(LongestEnd), giveUp))
        {
            await ((Task)asked).WaitAsync(end).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!asked.IsCompleted && (named.Id is null || !await EndAsync(id).ConfigureAwait(false)))
            {
                await giveUp.CancelAsync().ConfigureAwait(false);
            }

            (WindowAnswer? answer, RefusalAnswer? refusal) = await asked.ConfigureAwait(false);
            if (refusal is { Reason: EndedReason })
            {
                end.ThrowIfCancellationRequested();
            }

            return (answer, refusal);
        }
    }

    /// <summary>Why there is no window: it was ended before it could begin.</summary>
    internal const string EndedReason = "ended";

    /// <summary>Asks for the last window of all containers; the answer, a refusal, or neither when nobody answers.</summary>
    internal Task<(ContainersAnswer? Answer, RefusalAnswer? Refusal)> AskContainersAsync(CancellationToken stop) =>
        AskAsync(ContainersAnswer.FormerPath, AnswerJson.Default.ContainersAnswer, stop);

    /// <summary>Asks for everything at a glance; the answer, a refusal, or neither when nobody answers.</summary>
    /// <param name="query">What follows the path: nothing, or <c>?top=N</c> and the like.</param>
    /// <param name="stop">Gives it up.</param>
    internal Task<(Overview? Answer, RefusalAnswer? Refusal)> AskOverviewAsync(string query, CancellationToken stop) =>
        AskAsync(Overview.Path + query, ViewJson.Default.Overview, stop);

    /// <summary>Ends a window; false if the exporter cannot.</summary>
    private async Task<bool> EndAsync(string id)
    {
        try
        {
            using HttpResponseMessage response = await _client.PostAsync(WindowRequest.ToEndTarget(id), content: null).ConfigureAwait(false);
            return response.IsSuccessStatusCode;
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            return false;
        }
    }

    private async Task<(T? Answer, RefusalAnswer? Refusal)> AskAsync<T>(string target, JsonTypeInfo<T> type, CancellationToken stop)
        where T : class
    {
        try
        {
            using HttpResponseMessage response = await _client.GetAsync(target, stop).ConfigureAwait(false);
            byte[] body = await response.Content.ReadAsByteArrayAsync(stop).ConfigureAwait(false);
            return response.IsSuccessStatusCode ? (Read(body, type), null) : (null, Read(body, AnswerJson.Default.RefusalAnswer));
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            // No socket, a dead owner, or one that died before it answered.
            return (null, null);
        }
        catch (JsonException)
        {
            throw new UsageException("--run-dir", $"what answers at {ApiSocket.PathOf(_paths)} is no exporter, or one of another version", "the directory of a memsnoop of this version");
        }
    }

    private static T Read<T>(byte[] body, JsonTypeInfo<T> type) => JsonSerializer.Deserialize(body, type) ?? throw new JsonException();

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken stop)
    {
        SocketException? last = null;
        IsDenied = false;
        foreach (string directory in LockDirectory.Candidates(_paths))
        {
            string path = Path.Join(directory, ApiSocket.FileName);
            if (System.Text.Encoding.UTF8.GetByteCount(path) > ApiSocket.LongestPath)
            {
                continue;
            }

            Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), stop).ConfigureAwait(false);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException error)
            {
                socket.Dispose();
                IsDenied |= error.SocketErrorCode == SocketError.AccessDenied;
                last = error;
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }

        throw last ?? new SocketException((int)SocketError.AddressNotAvailable);
    }

    public void Dispose() => _client.Dispose();
}
