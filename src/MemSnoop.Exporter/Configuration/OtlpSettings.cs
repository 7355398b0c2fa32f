using MemSnoop.Metrics.Configuration;
namespace MemSnoop.Exporter.Configuration;

/// <summary>The settings of <see cref="OtlpOptions"/>.</summary>
internal static class OtlpSettings
{
    public static Setting Endpoint { get; } = new ScalarSetting<ExporterOptions, Uri>(
        "Otlp:Endpoint", OtlpSyntax.BaseUrl, o => o.Otlp.Endpoint, (o, v) => (o.Otlp.Endpoint, o.Otlp.IsWholeUrl) = (v, false))
    {
        Options = ["--otlp"],
        Help = "Push to this OTLP receiver too; for http/protobuf v1/metrics is appended.",
    };

    public static Setting Protocol { get; } = new ScalarSetting<ExporterOptions, OtlpProtocol>(
        "Otlp:Protocol", OtlpSyntax.Protocol, o => o.Otlp.Protocol, (o, v) => o.Otlp.Protocol = v)
    {
        Options = ["--otlp.protocol"],
        Help = "Push by http/protobuf or grpc.",
    };

    public static Setting Headers { get; } = new ListSetting<ExporterOptions, HttpHeader>("Otlp:Headers", OtlpSyntax.Header, o => o.Otlp.Headers, (o, v) => o.Otlp.Headers = v)
    {
        Options = ["--otlp.header"],
        Help = "Send this header with each request; the file or the environment hides a secret better.",
        Check = headers => headers.DistinctBy(header => header.Name, StringComparer.OrdinalIgnoreCase).Count() < headers.Count ? "names a header twice" : null,
        CheckExpected = "each header once",
    };

    public static Setting Interval { get; } = new ScalarSetting<ExporterOptions, Duration>(
        "Otlp:Interval", Syntax.Duration(new Duration(100), Duration.FromSeconds(86_400)), o => o.Otlp.Interval, (o, v) => o.Otlp.Interval = v)
    {
        Options = ["--otlp.interval"],
        Help = "Push this often.",
    };

    public static Setting Timeout { get; } = new ScalarSetting<ExporterOptions, Duration>(
        "Otlp:Timeout", Syntax.Duration(new Duration(100), Duration.FromSeconds(600)), o => o.Otlp.Timeout, (o, v) => o.Otlp.Timeout = v)
    {
        Options = ["--otlp.timeout"],
        Help = "Give a request this long, its retries included.",
    };

    public static Setting Temporality { get; } = new ScalarSetting<ExporterOptions, OtlpTemporality>(
        "Otlp:Temporality", OtlpSyntax.Temporality, o => o.Otlp.Temporality, (o, v) => o.Otlp.Temporality = v)
    {
        Options = ["--otlp.temporality"],
        Help = "Push counters as totals (cumulative, lowmemory) or as what was added since the last push (delta).",
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
        Help = "Trust receivers by the certificates in this file, not by the system's.",
    };

    public static Setting ClientCertificate { get; } = new ScalarSetting<ExporterOptions, string>(
        "Otlp:ClientCertificate", OtlpSyntax.File, o => o.Otlp.ClientCertificate, (o, v) => o.Otlp.ClientCertificate = v)
    {
        Options = ["--otlp.client-certificate"],
        Help = "Show the receiver the certificate in this file.",
    };

    public static Setting ClientKey { get; } = new ScalarSetting<ExporterOptions, string>("Otlp:ClientKey", OtlpSyntax.File, o => o.Otlp.ClientKey, (o, v) => o.Otlp.ClientKey = v)
    {
        Options = ["--otlp.client-key"],
        Help = "The private key of that certificate, when it is in a file of its own.",
    };

    public static IReadOnlyList<Setting> All { get; } =
        [Endpoint, Protocol, Headers, Interval, Timeout, Temporality, Compression, Certificate, ClientCertificate, ClientKey];

    /// <summary>What only a variable of OpenTelemetry can say: a URL to which nothing is appended.</summary>
    public static Setting MetricsEndpoint { get; } = new ScalarSetting<ExporterOptions, Uri>(
        "Otlp:MetricsEndpoint", OtlpSyntax.WholeUrl, o => o.Otlp.Endpoint, (o, v) => (o.Otlp.Endpoint, o.Otlp.IsWholeUrl) = (v, true))
    {
        Help = "Push to this URL as it stands.",
    };

    /// <summary>What only a variable of OpenTelemetry can say: that nothing shall be pushed. Its text is the name of that variable.</summary>
    public static Setting Forbidden { get; } = new ScalarSetting<ExporterOptions, string>(
        "Otlp:Forbidden", new ValueSyntax<string>("NAME", "", "", (string text, out string value, ref string? _) => (value = text) is not null, value => value),
        o => o.Otlp.ForbiddenBy, (o, v) => o.Otlp.ForbiddenBy = v)
    {
        Help = "Do not push.",
    };
}
