using MemSnoop.Metrics.Configuration;
using MemSnoop.Exporter.Configuration;

namespace MemSnoop.Exporter.Otlp;

/// <summary>
/// Stands between the exporter and the network: adds the user's headers, tries again what may pass, and sees what the exporter keeps to
/// itself, why a request failed and what of it was rejected. Used by one thread at a time.
/// </summary>
/// <remarks>
/// The exporter's own option for headers decodes before it splits, so that no value could hold a comma. It can try again too, but only
/// when a variable in the environment of the whole process says so; each of its attempts takes a whole timeout, and the pauses between
/// them cannot be cut short at the end. Here the timeout of the <see cref="HttpClient"/> above is that of all attempts together.
/// </remarks>
internal sealed class ReceiverHandler(IReadOnlyList<HttpHeader> headers, TimeSpan timeout, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    /// <summary>The pauses before further attempts are taken at random, up to this at first, then up to half as much again each time, up to a bound.</summary>
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(5);

    /// <summary>A receiver that asks for less than this would be called in a loop.</summary>
    private static readonly TimeSpan MinAskedPause = TimeSpan.FromMilliseconds(100);

    private readonly CancellationTokenSource _leaving = new();
    private readonly CancellationTokenSource _end = new();

    /// <summary>What came of the latest attempt.</summary>
    public ReceiverAnswer Answer { get; set; }

    /// <summary>Lets no further requests be tried again, and ends those that are under way after this time.</summary>
    public void CloseAfter(TimeSpan patience)
    {
        _leaving.Cancel();
        _end.CancelAfter(patience);
    }

    // The exporter's thread is one of its own, which may wait.
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) =>
        SendAsync(request, cancellationToken).GetAwaiter().GetResult();

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        foreach (HttpHeader header in headers)
        {
            request.Headers.TryAddWithoutValidation(header.Name, header.Value);
        }

        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _end.Token);
        long begun = TimeProvider.System.GetTimestamp();
        for (TimeSpan longest = FirstPause; ; longest = longest * 1.5 < MaxPause ? longest * 1.5 : MaxPause)
        {
            HttpResponseMessage? response = null;
            TimeSpan pause;
            try
            {
                response = await base.SendAsync(request, stop.Token).ConfigureAwait(false);
                if (!IsTriedAgain(await ReceiverAnswer.ReadAsync(response, stop.Token).ConfigureAwait(false), longest, begun, out pause))
                {
                    return response;
                }
            }
            catch (Exception error) when (IsTriedAgain(ReceiverAnswer.Of(error, timeout, request.RequestUri?.Scheme == Uri.UriSchemeHttps), longest, begun, out pause))
            {
                // The next attempt may fare better.
            }

            response?.Dispose();
            await Task.Delay(pause, _leaving.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
        {
            _leaving.Dispose();
            _end.Dispose();
        }
    }

    // Not when the pause would outlast the timeout: the reason then is the failure, not that there was no answer.
    private bool IsTriedAgain(ReceiverAnswer answer, TimeSpan longest, long begun, out TimeSpan pause)
    {
        Answer = answer;
        pause = answer.RetryAfter is { } asked ? (asked > MinAskedPause ? asked : MinAskedPause) : longest * Random.Shared.NextDouble();
        return answer.MayPass && !_leaving.IsCancellationRequested && pause < timeout - TimeProvider.System.GetElapsedTime(begun);
    }
}
