using MemSnoop.Metrics.Configuration;
using MemSnoop.Exporter.Configuration;

namespace MemSnoop.Exporter.Otlp;

/// <summary>
/// Stands between the exporter and the network: adds the user's headers, and sees what the exporter keeps to itself, why a
/// request failed and what of it was rejected. Used by one thread at a time.
/// </summary>
/// <remarks>The exporter's own option for headers decodes before it splits, so that no value could hold a comma.</remarks>
internal sealed class ReceiverHandler(IReadOnlyList<HttpHeader> headers, TimeSpan timeout, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    /// <summary>More than any response has to say; what is longer is not read.</summary>
    private const int MostBytes = 64 * 1024;

    /// <summary>A gRPC message comes after a byte that says whether it is compressed and four for its length.</summary>
    private const int GrpcPrefix = 5;

    private readonly CancellationTokenSource _closing = new();
    private long _begun = TimeProvider.System.GetTimestamp();

    /// <summary>Why the latest attempt failed; null when it did not.</summary>
    public string? Failure { get; private set; }

    /// <summary>What the latest answer said of points that were not taken.</summary>
    public PartialSuccess Partial { get; private set; }

    /// <summary>Begins a message: all attempts at it share one timeout. The exporter would let the last one begin just before the end, and take as long again.</summary>
    public void Begin()
    {
        (Failure, Partial) = (null, default);
        _begun = TimeProvider.System.GetTimestamp();
    }

    /// <summary>Ends requests that are under way after this time, and lets no further ones be retried.</summary>
    public void CloseAfter(TimeSpan patience)
    {
        IsClosing = true;
        _closing.CancelAfter(patience);
    }

    private bool IsClosing { get; set; }

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        AddHeaders(request);
        using CancellationTokenSource stop = Limit(cancellationToken);
        try
        {
            HttpResponseMessage response = base.Send(request, stop.Token);
            ReadAsync(response, stop.Token).GetAwaiter().GetResult();
            return response;
        }
        catch (Exception error) when (Note(error))
        {
            throw NotRetryable(error);
        }
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        AddHeaders(request);
        using CancellationTokenSource stop = Limit(cancellationToken);
        try
        {
            HttpResponseMessage response = await base.SendAsync(request, stop.Token).ConfigureAwait(false);
            await ReadAsync(response, stop.Token).ConfigureAwait(false);
            return response;
        }
        catch (Exception error) when (Note(error))
        {
            throw NotRetryable(error);
        }
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
        {
            _closing.Dispose();
        }
    }

    private CancellationTokenSource Limit(CancellationToken cancellationToken)
    {
        CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closing.Token);
        TimeSpan left = timeout - TimeProvider.System.GetElapsedTime(_begun);
        stop.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        return stop;
    }

    private void AddHeaders(HttpRequestMessage request)
    {
        foreach (HttpHeader header in headers)
        {
            request.Headers.TryAddWithoutValidation(header.Name, header.Value);
        }
    }

    private async Task ReadAsync(HttpResponseMessage response, CancellationToken stop)
    {
        // The whole answer, since gRPC tells its status behind the message.
        await response.Content.LoadIntoBufferAsync(MostBytes, stop).ConfigureAwait(false);
        byte[] body = await response.Content.ReadAsByteArrayAsync(stop).ConfigureAwait(false);
        Failure = FailureReason.Of(response);
        bool isGrpc = response.Content.Headers.ContentType?.MediaType?.StartsWith("application/grpc", StringComparison.Ordinal) == true;
        ReadOnlySpan<byte> message = !isGrpc ? body : body.Length > GrpcPrefix && body[0] == 0 ? body.AsSpan(GrpcPrefix) : default;
        Partial = Failure is null && PartialSuccess.TryParse(message, out PartialSuccess partial) ? partial : default;
    }

    // A filter: it notes, and catches only where the exporter would take the failure for one to retry while we are leaving.
    private bool Note(Exception error)
    {
        Failure = FailureReason.Of(error, timeout);
        return IsClosing;
    }

    private static HttpRequestException NotRetryable(Exception error) => new(HttpRequestError.VersionNegotiationError, error.Message);
}
