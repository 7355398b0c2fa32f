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

    /// <summary>
    /// The specification's third preference. It differs from cumulative only for instruments that are not observed, and all instruments here are observed.
    /// </summary>
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

    /// <summary>File with the client certificate and its intermediate certificates. Default value: null.</summary>
    public string? ClientCertificate { get; set; }

    /// <summary>File with its private key. Default value: null, it is in the certificate's file.</summary>
    public string? ClientKey { get; set; }

    /// <summary>The variable of OpenTelemetry that turns the push off. Default value: null.</summary>
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

    /// <summary>Checks the settings of pushing against each other, when there is anything to push.</summary>
    /// <exception cref="UsageException">Two of them contradict each other.</exception>
    public void Check()
    {
        if (Endpoint is not { } endpoint)
        {
            return;
        }

        string endpointName = NameOf(IsWholeUrl ? OtlpSettings.MetricsEndpoint : OtlpSettings.Endpoint);
        if (ForbiddenBy is { } variable)
        {
            throw new UsageException(endpointName, $"contradicts {variable}, which turns the push off", "one of them");
        }

        if (Protocol == OtlpProtocol.Grpc && endpoint.AbsolutePath != "/")
        {
            throw new UsageException(
                endpointName, $"{UsageException.Quote(endpoint.OriginalString)} has a path",
                "only scheme, host and port for the protocol grpc, such as http://localhost:4317");
        }

        (Setting Setting, string? File)[] files =
            [(OtlpSettings.Certificate, Certificate), (OtlpSettings.ClientCertificate, ClientCertificate), (OtlpSettings.ClientKey, ClientKey)];
        if (endpoint.Scheme != Uri.UriSchemeHttps && Array.Find(files, static file => file.File is not null).Setting is { } useless)
        {
            throw new UsageException(NameOf(useless), $"has no effect with {UsageException.Quote(endpoint.OriginalString)}", $"an https:// URL as {endpointName}");
        }

        if (ClientKey is not null && ClientCertificate is null)
        {
            throw new UsageException(NameOf(OtlpSettings.ClientKey), "is given without a certificate", $"{OtlpSettings.ClientCertificate.Options[0]} too");
        }
    }
}

/// <summary>The settings of <see cref="OtlpOptions"/>.</summary>
internal static class OtlpSettings
{
    public static Setting Endpoint { get; } = new ScalarSetting<ExporterOptions, Uri>(
        "Otlp:Endpoint", OtlpSyntax.BaseUrl, o => o.Otlp.Endpoint, (o, v) => (o.Otlp.Endpoint, o.Otlp.IsWholeUrl) = (v, false))
    {
        Options = ["--otlp"],
        Help = "Also push to this OTLP receiver; for http/protobuf, v1/metrics is appended.",
    };

    public static Setting Protocol { get; } = new ScalarSetting<ExporterOptions, OtlpProtocol>(
        "Otlp:Protocol", OtlpSyntax.Protocol, o => o.Otlp.Protocol, (o, v) => o.Otlp.Protocol = v)
    {
        Options = ["--otlp.protocol"],
        Help = "Protocol of the push: http/protobuf or grpc.",
    };

    public static Setting Headers { get; } = new ListSetting<ExporterOptions, HttpHeader>("Otlp:Headers", OtlpSyntax.Header, o => o.Otlp.Headers, (o, v) => o.Otlp.Headers = v)
    {
        Options = ["--otlp.header"],
        Help = "Send this header with each request. Other users can read options: put a secret into the file or the environment.",
        Check = headers => headers.DistinctBy(header => header.Name, StringComparer.OrdinalIgnoreCase).Count() < headers.Count ? "names a header twice" : null,
        CheckExpected = "each header once",
    };

    public static Setting Interval { get; } = new ScalarSetting<ExporterOptions, Duration>(
        "Otlp:Interval", Syntax.Duration(new Duration(100), Duration.FromSeconds(86_400)), o => o.Otlp.Interval, (o, v) => o.Otlp.Interval = v)
    {
        Options = ["--otlp.interval"],
        Help = "Time between pushes.",
    };

    public static Setting Timeout { get; } = new ScalarSetting<ExporterOptions, Duration>(
        "Otlp:Timeout", Syntax.Duration(new Duration(100), Duration.FromSeconds(600)), o => o.Otlp.Timeout, (o, v) => o.Otlp.Timeout = v)
    {
        Options = ["--otlp.timeout"],
        Help = "Maximum time of a request, including its retries.",
    };

    public static Setting Temporality { get; } = new ScalarSetting<ExporterOptions, OtlpTemporality>(
        "Otlp:Temporality", OtlpSyntax.Temporality, o => o.Otlp.Temporality, (o, v) => o.Otlp.Temporality = v)
    {
        Options = ["--otlp.temporality"],
        Help = "Push counters as totals (cumulative, lowmemory) or as increases since the last push (delta).",
    };

    public static Setting Compression { get; } = new ScalarSetting<ExporterOptions, OtlpCompression>(
        "Otlp:Compression", OtlpSyntax.Compression, o => o.Otlp.Compression, (o, v) => o.Otlp.Compression = v)
    {
        Options = ["--otlp.compression"],
        Help = "Compress requests: none or gzip.",
    };

    public static Setting Certificate { get; } = new ScalarSetting<ExporterOptions, string>(
        "Otlp:Certificate", OtlpSyntax.File, o => o.Otlp.Certificate, (o, v) => o.Otlp.Certificate = v)
    {
        Options = ["--otlp.certificate"],
        Help = "Check the receiver against the certificates in this file, not the system's.",
    };

    public static Setting ClientCertificate { get; } = new ScalarSetting<ExporterOptions, string>(
        "Otlp:ClientCertificate", OtlpSyntax.File, o => o.Otlp.ClientCertificate, (o, v) => o.Otlp.ClientCertificate = v)
    {
        Options = ["--otlp.client-certificate"],
        Help = "Client certificate to send to the receiver.",
    };

    public static Setting ClientKey { get; } = new ScalarSetting<ExporterOptions, string>("Otlp:ClientKey", OtlpSyntax.File, o => o.Otlp.ClientKey, (o, v) => o.Otlp.ClientKey = v)
    {
        Options = ["--otlp.client-key"],
        Help = "Private key of the client certificate, if it is in another file.",
    };

    public static IReadOnlyList<Setting> All { get; } =
        [Endpoint, Protocol, Headers, Interval, Timeout, Temporality, Compression, Certificate, ClientCertificate, ClientKey];

    /// <summary>Only a variable of OpenTelemetry can set this: a URL to which nothing is appended.</summary>
    public static Setting MetricsEndpoint { get; } = new ScalarSetting<ExporterOptions, Uri>(
        "Otlp:MetricsEndpoint", OtlpSyntax.WholeUrl, o => o.Otlp.Endpoint, (o, v) => (o.Otlp.Endpoint, o.Otlp.IsWholeUrl) = (v, true))
    {
        Help = "Push to this URL unchanged.",
    };

    /// <summary>Only a variable of OpenTelemetry can set this: nothing is pushed. Its text is the name of that variable.</summary>
    public static Setting Forbidden { get; } = new ScalarSetting<ExporterOptions, string>(
        "Otlp:Forbidden", new ValueSyntax<string>("NAME", "", "", (string text, out string value, ref string? _) => (value = text) is not null, value => value),
        o => o.Otlp.ForbiddenBy, (o, v) => o.Otlp.ForbiddenBy = v)
    {
        Help = "Do not push.",
    };
}

/// <summary>The kinds of values that the settings of pushing have.</summary>
internal static class OtlpSyntax
{
    /// <summary>Where a receiver is, without the path of a signal.</summary>
    public static ValueSyntax<Uri> BaseUrl { get; } = Url("an http:// or https:// URL without user, query and fragment, such as http://localhost:4318", withQuery: false);

    /// <summary>Where a receiver takes metrics.</summary>
    public static ValueSyntax<Uri> WholeUrl { get; } = Url("an http:// or https:// URL without user and fragment, such as http://localhost:4318/v1/metrics", withQuery: true);

    public static ValueSyntax<OtlpProtocol> Protocol { get; } = Syntax.Words(
        "PROTOCOL", "a protocol", ("http/protobuf", OtlpProtocol.HttpProtobuf), ("grpc", OtlpProtocol.Grpc));

    public static ValueSyntax<OtlpTemporality> Temporality { get; } = Syntax.Words(
        "TEMPORALITY", "a temporality", ("cumulative", OtlpTemporality.Cumulative), ("delta", OtlpTemporality.Delta), ("lowmemory", OtlpTemporality.LowMemory));

    public static ValueSyntax<OtlpCompression> Compression { get; } = Syntax.Words(
        "COMPRESSION", "a compression", ("none", OtlpCompression.None), ("gzip", OtlpCompression.Gzip));

    /// <summary>A value is often a secret: no error repeats it.</summary>
    public static ValueSyntax<HttpHeader> Header { get; } = new(
        "NAME=VALUE", "a header", "NAME=VALUE in printable ASCII, for a header that memsnoop does not set itself",
        (string text, out HttpHeader value, ref string? problem) =>
        {
            problem = "is not a header";
            return HttpHeader.TryParse(text, out value);
        },
        value => value.ToString());

    public static ValueSyntax<string> File { get; } = new(
        "FILE", "a file", "a file in PEM format that can be read",
        (string text, out string value, ref string? problem) =>
        {
            value = text;
            problem = System.IO.Directory.Exists(text) ? $"{UsageException.Quote(text)} is a directory" : $"{UsageException.Quote(text)} does not exist";
            return System.IO.File.Exists(text);
        },
        value => value);

    private static ValueSyntax<Uri> Url(string expected, bool withQuery) => new(
        "URL", "a URL", expected,
        (string text, out Uri value, ref string? problem) =>
        {
            if (!Uri.TryCreate(text, UriKind.Absolute, out value!))
            {
                return false;
            }

            bool isHttp = value.Scheme == Uri.UriSchemeHttp || value.Scheme == Uri.UriSchemeHttps;
            problem = !isHttp ? $"{UsageException.Quote(text)} is not an HTTP URL"
                : value.UserInfo.Length > 0 ? "contains a user or password"
                : null;
            return problem is null && value.Host.Length > 0 && value.Fragment.Length == 0 && (withQuery || value.Query.Length == 0);
        },
        value => value.OriginalString);
}
