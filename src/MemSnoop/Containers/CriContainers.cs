using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;

namespace MemSnoop.Containers;

/// <summary>
/// Names of containers from the runtime itself, by the Container Runtime Interface: containerd, CRI-O, cri-dockerd. It knows them before they run, and it alone knows the container that holds
/// the namespaces of a pod. Its socket is root's: who may connect to it may do anything on the node.
/// </summary>
/// <remarks>
/// Two calls of gRPC, each one request of HTTP/2 with an empty message (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). A package for that would bring code
/// for all that gRPC can do besides.
/// </remarks>
/// <param name="socket">The path of the runtime's socket.</param>
internal sealed class CriContainers(string socket) : IReadNameSource
{
    internal const string SourceName = "cri";

    private const string Service = "/runtime.v1.RuntimeService/";

    /// <summary>A row has some kB, annotations included. A runtime sends at most half of this.</summary>
    private const int MostBytes = 32 << 20;

    private const int PrefixBytes = 5;

    /// <inheritdoc/>
    public string Name => SourceName;

    /// <inheritdoc/>
    public TimeSpan Pause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long both answers may take.</summary>
    internal TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public async Task<NameAnswer> ReadAsync(CancellationToken cancellation)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Patience);
        try
        {
            using SocketsHttpHandler sockets = new() { AllowAutoRedirect = false, UseCookies = false, UseProxy = false, ConnectCallback = ConnectAsync };
            using HttpClient client = new(sockets) { Timeout = Timeout.InfiniteTimeSpan };
            (byte[] sandboxes, NameAnswer? refused) = await CallAsync(client, "ListPodSandbox", limit.Token).ConfigureAwait(false);
            if (refused is not null)
            {
                return refused.Value;
            }

            (byte[] containers, refused) = await CallAsync(client, "ListContainers", limit.Token).ConfigureAwait(false);
            return refused ?? Read(sandboxes, containers);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return NameAnswer.Nothing("timeout", $"{socket} has not answered within {Patience.TotalSeconds:0.#} s");
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            return Explain(error);
        }
    }

    /// <summary>What both answers tell.</summary>
    internal static NameAnswer Read(ReadOnlySpan<byte> sandboxes, ReadOnlySpan<byte> containers)
    {
        Dictionary<string, CriSandbox> pods = new(StringComparer.Ordinal);
        NameCatalogue catalogue = new();
        if (!CriMessages.TryReadSandboxes(sandboxes, pods) || !CriMessages.TryReadContainers(containers, pods, catalogue))
        {
            return NameAnswer.Nothing("malformed", "the answer of the runtime is no list of containers");
        }

        foreach ((string id, CriSandbox pod) in pods)
        {
            catalogue.AddPod(pod.Uid, pod.Namespace, pod.Name);
            catalogue.AddPause(id, pod.Namespace, pod.Name);
            catalogue.AddLabels(pod.Uid, pod.Labels);
            catalogue.AddLabels(id, pod.Labels);
        }

        return NameAnswer.Of(catalogue, $"{pods.Count} pods by the runtime");
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        Socket connection = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancellation).ConfigureAwait(false);
            return new NetworkStream(connection, ownsSocket: true);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Calls a method with an empty message; the message that it answers, or why there is none.</summary>
    private async Task<(byte[] Message, NameAnswer? Refused)> CallAsync(HttpClient client, string method, CancellationToken cancellation)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, new Uri("http://localhost" + Service + method))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(new byte[PrefixBytes]) { Headers = { ContentType = new MediaTypeHeaderValue("application/grpc") } },
        };
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
        if (response.StatusCode != HttpStatusCode.OK)
        {
            return ([], NameAnswer.Nothing("refused", $"{socket} answered with status {(int)response.StatusCode}"));
        }

        byte[] body = await ReadAsync(response, cancellation).ConfigureAwait(false);

        // Who has nothing to say but a status says it in the header.
        string status = Value(response.TrailingHeaders, "grpc-status") ?? Value(response.Headers, "grpc-status") ?? "";
        if (status != "0")
        {
            string why = Uri.UnescapeDataString(Value(response.TrailingHeaders, "grpc-message") ?? Value(response.Headers, "grpc-message") ?? "");
            return ([], NameAnswer.Nothing("refused", OneLine($"{socket} does not answer {method}: {(status.Length > 0 ? $"status {status} of gRPC" : "not gRPC")} {why}".TrimEnd())));
        }

        bool isMessage = body.Length >= PrefixBytes && body[0] == 0 && BinaryPrimitives.ReadUInt32BigEndian(body.AsSpan(1)) == body.Length - PrefixBytes;
        return isMessage ? (body[PrefixBytes..], null) : ([], NameAnswer.Nothing("malformed", $"the answer of {socket} is no message"));
    }

    private static async Task<byte[]> ReadAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        Stream stream = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            using BoundedStream bounded = new(stream, MostBytes);
            using MemoryStream body = new();
            await bounded.CopyToAsync(body, cancellation).ConfigureAwait(false);
            return body.ToArray();
        }
    }

    private static string? Value(HttpHeaders headers, string name) => headers.TryGetValues(name, out IEnumerable<string>? values) ? string.Join(",", values) : null;

    private NameAnswer Explain(Exception error) => error switch
    {
        AnswerTooLargeException => NameAnswer.Nothing("too_large", $"the answer of {socket} {error.Message}"),
        _ when !File.Exists(socket) => NameAnswer.Nothing("not_found", $"there is no {socket}"),
        HttpRequestException { InnerException: SocketException { SocketErrorCode: SocketError.AccessDenied } } => NameAnswer.Nothing("denied", $"{socket} may not be connected to"),
        _ => NameAnswer.Nothing("unreachable", OneLine($"{socket}: {error.Message}")),
    };

    private static string OneLine(string text) => text.ReplaceLineEndings(" ");
}
