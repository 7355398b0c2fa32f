using MemSnoop.Metrics.Configuration;
namespace MemSnoop.Exporter.Configuration;

/// <summary>How OTLP travels.</summary>
internal enum OtlpProtocol
{
    /// <summary>A POST of a protobuf message, over HTTP/1.1.</summary>
    HttpProtobuf,

    /// <summary>A gRPC call, over HTTP/2.</summary>
    Grpc,
}

/// <summary>What the values of counters that are pushed refer to.</summary>
internal enum OtlpTemporality
{
    /// <summary>Totals, as Prometheus has them.</summary>
    Cumulative,

    /// <summary>What was added since the last push.</summary>
    Delta,

    /// <summary>The specification's third preference. It differs from cumulative for instruments that no exporter of ours has, since all of them are observed.</summary>
    LowMemory,
}

/// <summary>How requests are compressed.</summary>
internal enum OtlpCompression
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>By gzip (RFC 1952).</summary>
    Gzip,
}

/// <summary>Pushing by OTLP, the protocol of OpenTelemetry.</summary>
internal sealed class OtlpOptions
{
    /// <summary>Where to push. Default value: null, nowhere.</summary>
    public Uri? Endpoint { get; set; }

    /// <summary>Whether nothing is appended to <see cref="Endpoint"/>. Default value: false.</summary>
    public bool IsWholeUrl { get; set; }

    /// <summary>Default value: http/protobuf, the specification's.</summary>
    public OtlpProtocol Protocol { get; set; } = OtlpProtocol.HttpProtobuf;

    /// <summary>Headers of each request, such as a token. Default value: none.</summary>
    public IReadOnlyList<HttpHeader> Headers { get; set; } = [];

    /// <summary>The time from push to push. Default value: 1m.</summary>
    public Duration Interval { get; set; } = Duration.FromSeconds(60);

    /// <summary>How long a request may take, retries included. Default value: 10s.</summary>
    public Duration Timeout { get; set; } = Duration.FromSeconds(10);

    /// <summary>Default value: cumulative.</summary>
    public OtlpTemporality Temporality { get; set; }

    /// <summary>Default value: none.</summary>
    public OtlpCompression Compression { get; set; }

    /// <summary>File with the certificates to trust, in place of the system's. Default value: null.</summary>
    public string? Certificate { get; set; }

    /// <summary>File with the certificate to show, and those that lead to its root. Default value: null.</summary>
    public string? ClientCertificate { get; set; }

    /// <summary>File with its private key. Default value: null, it is in the certificate's file.</summary>
    public string? ClientKey { get; set; }

    /// <summary>The variable of OpenTelemetry that forbids to push. Default value: null.</summary>
    public string? ForbiddenBy { get; set; }

    /// <summary>Whether anything is pushed.</summary>
    public bool IsOn => Endpoint is not null;

    /// <summary>What the user calls a setting: the option, variable or key it was given by.</summary>
    public Func<Setting, string> NameOf { get; set; } = static setting => setting.Options[0];

    /// <summary>Where requests go; for gRPC the exporter appends the name of the method.</summary>
    /// <exception cref="InvalidOperationException">Nothing is pushed.</exception>
    public Uri Url()
    {
        const string Path = "v1/metrics";
        Uri endpoint = Endpoint ?? throw new InvalidOperationException("There is no endpoint.");
        string path = endpoint.AbsolutePath.TrimEnd('/');
        return Protocol == OtlpProtocol.Grpc || IsWholeUrl || path.EndsWith($"/{Path}", StringComparison.Ordinal)
            ? endpoint
            : new UriBuilder(endpoint) { Path = $"{path}/{Path}" }.Uri;
    }
}
