using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using MemSnoop.Exporter.Configuration;

namespace MemSnoop.Exporter.Otlp;

/// <summary>Why a request failed, in the few words that a log line needs.</summary>
internal static class FailureReason
{
    /// <summary>Names of gRPC's status codes, by number.</summary>
    /// <remarks>https://grpc.io/docs/guides/status-codes/</remarks>
    private static readonly string[] GrpcCodes =
    [
        "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
    ];

    /// <summary>Of an exception that no answer came with.</summary>
    public static string Of(Exception error, TimeSpan timeout)
    {
        if (error is OperationCanceledException)
        {
            return $"no answer within {new Duration((long)timeout.TotalMilliseconds)}";
        }

        // The certificate's fault is told by an inner exception; the outer one says no more than "see inner exception".
        for (Exception? cause = error; cause is not null; cause = cause.InnerException)
        {
            if (cause is AuthenticationException)
            {
                return UsageException.OneLine($"TLS: {cause.Message} {(cause.InnerException is { } inner ? inner.Message : "")}").TrimEnd('.');
            }
        }

        // In TLS 1.3 a client has done its part before the server has seen its certificate: what then comes is an end, and its alert may be lost.
        if (error is HttpRequestException { HttpRequestError: HttpRequestError.Unknown or HttpRequestError.ResponseEnded }
            && IsBrokenOff(error))
        {
            return "the receiver broke the connection off; one that asks for a client certificate does so when there is none or when it does not trust it";
        }

        return UsageException.OneLine(error is HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse or HttpRequestError.HttpProtocolError } && error.InnerException is { } detail
            ? $"{error.Message} {detail.Message}"
            : error.Message).TrimEnd('.');
    }

    // Where the alert does arrive, the end of the connection has a cause of its own: what OpenSSL says of the alert.
    private static bool IsBrokenOff(Exception? error) =>
        error is IOException or SocketException or ObjectDisposedException || (error is not null && IsBrokenOff(error.InnerException));

    /// <summary>Of an answer; null when it is a good one.</summary>
    public static string? Of(HttpResponseMessage response)
    {
        if (!response.IsSuccessStatusCode)
        {
            return $"HTTP {(int)response.StatusCode} {Phrase(response)}".TrimEnd();
        }

        string? status = Header(response.Headers, "grpc-status") ?? Header(response.TrailingHeaders, "grpc-status");
        if (status is null or "0")
        {
            return null;
        }

        string code = int.TryParse(status, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0 && number < GrpcCodes.Length ? GrpcCodes[number] : UsageException.Quote(status);
        string? message = Header(response.Headers, "grpc-message") ?? Header(response.TrailingHeaders, "grpc-message");
        return message is { Length: > 0 } ? $"gRPC {code}: {UsageException.Quote(Uri.UnescapeDataString(message))}" : $"gRPC {code}";
    }

    private static string Phrase(HttpResponseMessage response) =>
        response.ReasonPhrase is { Length: > 0 } phrase ? UsageException.OneLine(phrase) : Enum.IsDefined(response.StatusCode) ? response.StatusCode.ToString() : "";

    private static string? Header(HttpResponseHeaders headers, string name) =>
        headers.TryGetValues(name, out IEnumerable<string>? values) ? values.FirstOrDefault() : null;
}
