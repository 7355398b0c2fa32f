using MemSnoop.Metrics.Configuration;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using MemSnoop.Exporter.Configuration;

namespace MemSnoop.Exporter.Otlp;

/// <summary>What came of one attempt to send a message, in the few words that a log line needs.</summary>
/// <param name="Failure">Why it failed; null when the receiver has taken it.</param>
/// <param name="MayPass">Whether a failure may pass by itself within seconds.</param>
/// <param name="RetryAfter">How long the receiver wants to be left alone; null when it does not say.</param>
/// <param name="Rejected">How many points of a message that it has taken the receiver has dropped.</param>
/// <param name="Warning">Why, or a warning when it has dropped none; null when there is nothing to say.</param>
internal readonly record struct ReceiverAnswer(string? Failure, bool MayPass = false, TimeSpan? RetryAfter = null, long Rejected = 0, string? Warning = null)
{
    /// <summary>No response is longer than this; the rest is not read.</summary>
    private const int MaxBytes = 64 * 1024;

    /// <summary>A gRPC message comes after a byte that says whether it is compressed and four for its length.</summary>
    private const int GrpcPrefix = 5;

    /// <summary>Names of gRPC's status codes, by number.</summary>
    /// <remarks>https://grpc.io/docs/guides/status-codes/</remarks>
    private static readonly string[] GrpcCodes =
    [
        "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
    ];

    /// <summary>Reads a whole response, since gRPC tells its status behind the message.</summary>
    public static async Task<ReceiverAnswer> ReadAsync(HttpResponseMessage response, CancellationToken stop)
    {
        await response.Content.LoadIntoBufferAsync(MaxBytes, stop).ConfigureAwait(false);
        byte[] body = await response.Content.ReadAsByteArrayAsync(stop).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
        {
            return OfStatus(response);
        }

        string? status = Header(response, "grpc-status");
        if (status is not (null or "0"))
        {
            return OfGrpcStatus(response, status);
        }

        bool isGrpc = response.Content.Headers.ContentType?.MediaType?.StartsWith("application/grpc", StringComparison.Ordinal) == true;
        return OfMessage(!isGrpc ? body : body.Length > GrpcPrefix && body[0] == 0 ? body.AsSpan(GrpcPrefix) : default);
    }

    /// <summary>The reason of an exception without a response.</summary>
    /// <param name="error">The exception.</param>
    /// <param name="timeout">How long was waited, if that is the fault.</param>
    /// <param name="isTls">Whether the connection is encrypted.</param>
    public static ReceiverAnswer Of(Exception error, TimeSpan timeout, bool isTls)
    {
        if (error is OperationCanceledException)
        {
            return new ReceiverAnswer($"no answer within {new Duration((long)timeout.TotalMilliseconds)}");
        }

        // The inner exception has the certificate's error; the outer one says only "see inner exception".
        for (Exception? cause = error; cause is not null; cause = cause.InnerException)
        {
            if (cause is AuthenticationException)
            {
                return new ReceiverAnswer(UsageException.OneLine($"TLS: {cause.Message} {(cause.InnerException is { } inner ? inner.Message : "")}").TrimEnd('.'));
            }
        }

        HttpRequestError? kind = (error as HttpRequestException)?.HttpRequestError;

        // Over TLS the end of a connection may also mean that the receiver does not want our certificate, and that does not pass.
        bool mayPass = kind is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
            || (!isTls && (kind is HttpRequestError.Unknown or HttpRequestError.ResponseEnded || error is IOException));

        // In TLS 1.3 a client finishes before the server has checked its certificate. The server then closes the connection, and its alert may be lost.
        // Depending on when it closes, that is the end of a connection or of the HTTP/2 handshake.
        string text = (kind is HttpRequestError.Unknown or HttpRequestError.ResponseEnded && IsBrokenOff(error)) || (kind is HttpRequestError.InvalidResponse && isTls)
            ? "the receiver closed the connection; a receiver that asks for a client certificate does so if there is none or if it does not trust it"
            : kind is HttpRequestError.InvalidResponse or HttpRequestError.HttpProtocolError && error.InnerException is { } detail
                ? $"{error.Message} {detail.Message}"
                : error.Message;
        return new ReceiverAnswer(UsageException.OneLine(text).TrimEnd('.'), mayPass);
    }

    // Where the alert does arrive, the end of the connection has a cause of its own: what OpenSSL says of the alert.
    private static bool IsBrokenOff(Exception? error) =>
        error is IOException or SocketException or ObjectDisposedException || (error is not null && IsBrokenOff(error.InnerException));

    private static ReceiverAnswer OfStatus(HttpResponseMessage response)
    {
        string phrase = response.ReasonPhrase is { Length: > 0 } given ? UsageException.OneLine(given) : Enum.IsDefined(response.StatusCode) ? response.StatusCode.ToString() : "";
        TimeSpan? after = response.Headers.RetryAfter is { } wanted ? wanted.Delta ?? wanted.Date - TimeProvider.System.GetUtcNow() : null;
        return new ReceiverAnswer(
            $"HTTP {(int)response.StatusCode} {phrase}".TrimEnd(),
            response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout,
            after);
    }

    private static ReceiverAnswer OfGrpcStatus(HttpResponseMessage response, string status)
    {
        bool isKnown = int.TryParse(status, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0 && number < GrpcCodes.Length;
        string code = isKnown ? GrpcCodes[number] : UsageException.Quote(status);
        TimeSpan? after = RetryDelay(Header(response, "grpc-status-details-bin"));
        bool mayPass = code is "CANCELLED" or "DEADLINE_EXCEEDED" or "ABORTED" or "OUT_OF_RANGE" or "UNAVAILABLE" or "DATA_LOSS"
            || (code is "RESOURCE_EXHAUSTED" && after is not null);
        string? message = Header(response, "grpc-message");
        return new ReceiverAnswer(message is { Length: > 0 } ? $"gRPC {code}: {UsageException.Quote(Uri.UnescapeDataString(message))}" : $"gRPC {code}", mayPass, after);
    }

    /// <summary>Of a receiver that has taken the message, but perhaps not all of it.</summary>
    /// <remarks>
    /// <c>ExportMetricsServiceResponse</c> of opentelemetry/proto/collector/metrics/v1/metrics_service.proto: field 1 holds a
    /// message with the number of rejected points as field 1 and the text as field 2. The exporter does not look at it.
    /// </remarks>
    internal static ReceiverAnswer OfMessage(ReadOnlySpan<byte> message)
    {
        ReceiverAnswer answer = default;
        ProtobufFields response = new(message);
        while (response.MoveNext())
        {
            if (response.Field != 1)
            {
                continue;
            }

            ProtobufFields partial = new(response.Bytes);
            while (partial.MoveNext())
            {
                answer = partial.Field switch
                {
                    1 => answer with { Rejected = (long)Math.Min(partial.Number, long.MaxValue) },
                    2 => answer with { Warning = Encoding.UTF8.GetString(partial.Bytes) is { Length: > 0 } text ? text : null },
                    _ => answer,
                };
            }

            if (partial.IsBroken)
            {
                return default;
            }
        }

        return response.IsBroken ? default : answer;
    }

    /// <summary>
    /// How long to wait, of a <c>google.rpc.Status</c>: its field 3 holds any details, packed by <c>google.protobuf.Any</c> (type and value), one of
    /// which may be a <c>RetryInfo</c> with a <c>Duration</c> (seconds and nanoseconds).
    /// </summary>
    private static TimeSpan? RetryDelay(string? details)
    {
        Span<byte> bytes = new byte[details?.Length ?? 0];
        if (!Convert.TryFromBase64String(details?.PadRight((details.Length + 3) / 4 * 4, '=') ?? "", bytes, out int length))
        {
            return null;
        }

        ProtobufFields status = new(bytes[..length]);
        while (status.MoveNext())
        {
            if (status.Field == 3 && Value(status.Bytes, 1).EndsWith("/google.rpc.RetryInfo"u8))
            {
                ProtobufFields duration = new(Value(Value(status.Bytes, 2), 1));
                TimeSpan seconds = default;
                TimeSpan rest = default;
                while (duration.MoveNext())
                {
                    // Of a field that is there more than once the last counts. Neither can be so large that their sum overflows.
                    if (duration.Field == 1)
                    {
                        seconds = TimeSpan.FromSeconds((long)Math.Min(duration.Number, int.MaxValue));
                    }
                    else if (duration.Field == 2)
                    {
                        rest = TimeSpan.FromMicroseconds(Math.Min(duration.Number, int.MaxValue) / 1000d);
                    }
                }

                return seconds + rest;
            }
        }

        return null;

        static ReadOnlySpan<byte> Value(ReadOnlySpan<byte> message, int field)
        {
            ProtobufFields fields = new(message);
            while (fields.MoveNext())
            {
                if (fields.Field == field)
                {
                    return fields.Bytes;
                }
            }

            return default;
        }
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        First(response.Headers, name) ?? First(response.TrailingHeaders, name);

    private static string? First(HttpResponseHeaders headers, string name) =>
        headers.TryGetValues(name, out IEnumerable<string>? values) ? values.FirstOrDefault() : null;
}
