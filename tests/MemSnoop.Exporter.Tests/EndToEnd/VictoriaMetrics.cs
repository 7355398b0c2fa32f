using System.Diagnostics;
using System.Globalization;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>VictoriaMetrics of Debian trixie, which takes OTLP over HTTP/protobuf, under the names that Prometheus would use.</summary>
internal sealed class VictoriaMetrics : QueryServer
{
    private const string Rows = "vm_rows_inserted_total{type=\"opentelemetry\"} ";

    private VictoriaMetrics(TemporaryDirectory directory, Uri address, Uri secureAddress, ProcessStartInfo start)
        : base(directory, address, "/health", start)
    {
        SecureEndpoint = new Uri(secureAddress, "/opentelemetry");
    }

    /// <summary>The base URL to push OTLP to; to it belongs <c>/v1/metrics</c>.</summary>
    public Uri Endpoint => new(Address, "/opentelemetry");

    /// <summary>The same behind TLS, when there are certificates.</summary>
    public Uri SecureEndpoint { get; }

    /// <summary>Starts a server; done when it is ready.</summary>
    public static async Task<VictoriaMetrics> StartAsync(Certificates? certificates = null)
    {
        string program = await Receivers.PathAsync("usr/bin/victoria-metrics");
        TemporaryDirectory directory = new();
        Uri address = new($"http://127.0.0.1:{FreePort.Next()}");
        Uri secureAddress = new($"https://127.0.0.1:{FreePort.Next()}");
        List<string> arguments =
        [
            $"-storageDataPath={directory["data"]}", $"-httpListenAddr={address.Authority}", "-opentelemetry.usePrometheusNaming",
            "-search.latencyOffset=0s",        // answers for now, not for half a minute ago
            "-search.disableCache", "-memory.allowedBytes=256MB", "-loggerLevel=WARN",
        ];
        if (certificates is not null)
        {
            // The second address of the list, and what belongs to it.
            arguments.AddRange([$"-httpListenAddr={secureAddress.Authority}", "-tls=false,true", $"-tlsCertFile=,{certificates.Server.Certificate}", $"-tlsKeyFile=,{certificates.Server.Key}"]);
        }

        VictoriaMetrics server = new(directory, address, secureAddress, new ProcessStartInfo(program, arguments));
        await server.RunAsync();
        return server;
    }

    /// <summary>Samples that have arrived by OTLP since its start, as it counts itself.</summary>
    public async Task<long> RowsAsync()
    {
        string counters = await GetTextAsync("/metrics");
        string line = Assert.Single(counters.Split('\n'), static line => line.StartsWith(Rows, StringComparison.Ordinal));
        return long.Parse(line.AsSpan(Rows.Length), CultureInfo.InvariantCulture);
    }

    /// <summary>Makes what has arrived visible to queries, which otherwise takes it up to a second.</summary>
    public Task FlushAsync() => GetTextAsync("/internal/force_flush");

    /// <summary>Stops the server as an administrator does; its data stay.</summary>
    public async Task StopAsync()
    {
        await Command.RunAsync("kill", ["-TERM", Pid.ToString(CultureInfo.InvariantCulture)], ExporterProcess.Deadline);
        await UntilEndedAsync();
    }

    /// <summary>Starts it again, at the same address with the same data.</summary>
    public Task StartAgainAsync() => RunAsync();
}
