using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace MemSnoop.Exporter.Web;

/// <summary>What keeps the endpoint open for scrapes, whatever else comes over the network: limits of the web server, and its accounts of what broke them.</summary>
internal sealed class ConnectionGuard : IDisposable
{
    // Prometheus scrapes at least every two minutes, as its documentation has it; until the next scrape the connection stays.
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(130);
    private static readonly TimeSpan HeadersTimeout = TimeSpan.FromSeconds(10);

    // A scrape of 1,000 processes is 440 kB compressed, and Prometheus waits 10 s for it. Who is three times as slow is no Prometheus.
    private static readonly MinDataRate ResponseRate = new(bytesPerSecond: 16 * 1024, gracePeriod: TimeSpan.FromSeconds(5));

    private readonly ConnectionTable _table;
    private readonly RefusalCounts _refusals;
    private readonly MeterListener _listener = new();

    /// <param name="table">The connections.</param>
    /// <param name="refusals">Counts what the web server turns away.</param>
    /// <param name="meters">Makes the web server's meter.</param>
    public ConnectionGuard(ConnectionTable table, RefusalCounts refusals, IMeterFactory meters)
    {
        _table = table;
        _refusals = refusals;

        // The server says in its metric of connections, and nowhere else but in its log, how each came to its end.
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "kestrel.connection.duration" && instrument.Meter.Scope == meters)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<double>((_, _, tags, _) => Count(tags));
        _listener.Start();
    }

    /// <summary>Sets the limits of one request and one answer.</summary>
    internal static void Limit(KestrelServerLimits limits)
    {
        limits.KeepAliveTimeout = KeepAlive;
        limits.RequestHeadersTimeout = HeadersTimeout;
        limits.MinResponseDataRate = ResponseRate;

        // The one request that has a body asks for a heat map, in a line. Of others a small one is passed over, so that their connection lasts.
        limits.MaxRequestBodySize = 4 * 1024;
    }

    /// <summary>Notes when each connection ends.</summary>
    internal void Watch(ListenOptions listen) => listen.Use(next => async connection =>
    {
        try
        {
            await next(connection).ConfigureAwait(false);
        }
        finally
        {
            if (connection.Features.Get<OpenConnection>() is { } entry)
            {
                _table.Leave(entry);
            }
        }
    });

    /// <summary>Notes which connections are at work.</summary>
    internal void Watch(IApplicationBuilder app) => app.Use(async (HttpContext context, RequestDelegate next) =>
    {
        OpenConnection? entry = context.Features.Get<OpenConnection>();
        if (entry is null)
        {
            await next(context).ConfigureAwait(false);
            return;
        }

        _table.BeginRequest(entry);
        try
        {
            await next(context).ConfigureAwait(false);
        }
        finally
        {
            _table.EndRequest(entry);
        }
    });

    public void Dispose() => _listener.Dispose();

    private void Count(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach ((string key, object? value) in tags)
        {
            if (key == "error.type" && ReasonOf(value as string) is { } reason)
            {
                _refusals.Add(reason);
            }
        }
    }

    // The framework's documentation of kestrel.connection.duration lists the words. Those of HTTP/2 are many, and end all with the same: the peer does not speak it.
    private static Refusal? ReasonOf(string? error) => error switch
    {
        "request_headers_timeout" or "min_request_body_data_rate" => Refusal.SlowRequest,
        "min_response_data_rate" => Refusal.SlowReader,
        "tls_handshake_failed" => Refusal.Handshake,
        null or "aborted_by_app" or "app_shutdown_timeout" or "connection_reset" or "io_error" or "keep_alive_timeout" or "server_timeout" or "write_canceled"
            or "error_after_starting_response" or "error_writing_headers" or "response_content_length_mismatch" or "stream_creation_error" or "other_error" => null,
        _ => Refusal.Malformed,
    };
}
