using System.Buffers;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Configuration;

/// <summary>The HTTP endpoint.</summary>
internal sealed class WebOptions
{
    /// <summary>Where to listen. Default value: 0.0.0.0:9464, every interface.</summary>
    public IReadOnlyList<ListenAddress> Listen { get; set; } = [new("0.0.0.0", ListenAddress.DefaultPort)];

    /// <summary>Listen on the sockets that the service manager hands over, not on <see cref="Listen"/>. Default value: false.</summary>
    public bool SystemdSocket { get; set; }

    /// <summary>The web configuration file of Prometheus' exporters: TLS, users. Default value: null, none.</summary>
    public string? ConfigFile { get; set; }

    /// <summary>The path under which metrics are served. Default value: /metrics.</summary>
    public string TelemetryPath { get; set; } = "/metrics";

    /// <summary>Scrapes that wait for a collection at the same time, more get 503; 0 means no limit. Default value: 40.</summary>
    public int MaxRequests { get; set; } = 40;

    /// <summary>Connections that are open at the same time, if the process may have eight times as many open files. Default value: 512.</summary>
    public int MaxConnections { get; set; } = 512;

    /// <summary>How long a collection is served again; 0s means never. Default value: 300ms.</summary>
    public Duration CacheDuration { get; set; } = new(300);

    /// <summary>Put the labels <c>otel_scope_name</c> and <c>otel_scope_version</c> on every series. Default value: false.</summary>
    public bool ScopeLabels { get; set; }

    /// <summary>Write a <c>_created</c> line for every counter in OpenMetrics. Default value: false.</summary>
    public bool CreatedSeries { get; set; }

    /// <summary>Names for servers that take any characters, as Prometheus 3 does. Default value: underscores, as for all others.</summary>
    public WebNames Names { get; set; }

    /// <summary>Send OpenMetrics 2.0, a candidate, to a server that asks for it. Default value: false.</summary>
    public bool OpenMetrics2 { get; set; }

    /// <summary>Serve metrics and health alone, without the page and what it reads. Default value: false.</summary>
    public bool DisablePage { get; set; }

    /// <summary>Leave out the metrics about the exporter itself. Default value: false.</summary>
    public bool DisableExporterMetrics { get; set; }
}

/// <summary>Names of series for servers that take any characters.</summary>
internal enum WebNames
{
    /// <summary>The same as for all servers: <c>memsnoop_process_idle_bytes</c>.</summary>
    Underscores,

    /// <summary>Those of OpenTelemetry: <c>memsnoop.process.idle_bytes</c>.</summary>
    Utf8,
}

/// <summary>The settings of <see cref="WebOptions"/>.</summary>
internal static class WebSettings
{
    // The unreserved characters of RFC 3986 and the slash: the rest needs escapes, or means something to a router.
    private static readonly SearchValues<char> UrlPathCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/");

    private static readonly ValueSyntax<ListenAddress> Address = new(
        "ADDRESS", "an address to listen on", "HOST:PORT such as 0.0.0.0:9464, :9464 or [::1]:9464, with a port from 0 to 65535, or unix:///PATH",
        (string text, out ListenAddress value, ref string? _) => Configuration.ListenAddress.TryParse(text, out value), value => value.ToString());

    private static readonly ValueSyntax<string> FilePath = new(
        "YAML", "a path", "the path of a web configuration file",
        static (string text, out string value, ref string? problem) => (value = text).Length > 0 && !text.Contains('\0', StringComparison.Ordinal), static path => path);

    private static readonly ValueSyntax<string> UrlPath = new(
        "PATH", "a path", "a path that starts with one slash, such as /metrics", TryParseUrlPath, value => value);

    public static Setting Listen { get; } = new ListSetting<ExporterOptions, ListenAddress>("Web:Listen", Address, o => o.Web.Listen, (o, v) => o.Web.Listen = v)
    {
        Options = ["--listen", "--web.listen-address"],
        Help = "Listen on this address; :PORT and 0.0.0.0:PORT mean every interface, unix:///PATH a socket of this host.",
        Check = addresses => addresses.Count == 0 ? "is empty" : null,
        CheckExpected = "at least one address such as :9464",
    };

    public static Setting SystemdSocket { get; } = new ScalarSetting<ExporterOptions, bool>("Web:SystemdSocket", Syntax.Boolean, o => o.Web.SystemdSocket, (o, v) => o.Web.SystemdSocket = v)
    {
        Options = ["--web.systemd-socket"],
        Help = "Listen on the sockets of a .socket unit of systemd, in place of --listen.",
    };

    public static IReadOnlyList<Setting> All { get; } =
    [
        Listen,
        SystemdSocket,
        new ScalarSetting<ExporterOptions, string>("Web:ConfigFile", FilePath, o => o.Web.ConfigFile, (o, v) => o.Web.ConfigFile = v)
        {
            Options = ["--web.config.file"],
            Help = "Take TLS, client certificates, users and headers from this web configuration file of Prometheus' exporters.",
        },
        new ScalarSetting<ExporterOptions, string>("Web:TelemetryPath", UrlPath, o => o.Web.TelemetryPath, (o, v) => o.Web.TelemetryPath = v)
        {
            Options = ["--web.telemetry-path"],
            Help = "Serve metrics under this path.",
        },
        new ScalarSetting<ExporterOptions, int>(
            "Web:MaxRequests", Syntax.Integer("COUNT", "a number of requests", 0, 100_000), o => o.Web.MaxRequests, (o, v) => o.Web.MaxRequests = v)
        {
            Options = ["--web.max-requests"],
            Help = "Answer at most this many scrapes at a time; 0 means no limit.",
        },
        new ScalarSetting<ExporterOptions, WebNames>(
            "Web:Names", Syntax.Words("STYLE", "a style of names", ("underscores", WebNames.Underscores), ("utf8", WebNames.Utf8)), o => o.Web.Names, (o, v) => o.Web.Names = v)
        {
            Options = ["--web.names"],
            Help = "Names for a Prometheus that takes UTF-8: with underscores as for all, or with dots (utf8); other series then.",
        },
        new ScalarSetting<ExporterOptions, bool>("Web:OpenMetrics2", Syntax.Boolean, o => o.Web.OpenMetrics2, (o, v) => o.Web.OpenMetrics2 = v)
        {
            Help = "Send OpenMetrics 2.0 to a server that asks for it; a candidate, which may change.",
        },
        new ScalarSetting<ExporterOptions, int>(
            "Web:MaxConnections", Syntax.Integer("COUNT", "a number of connections", 1, 10_000), o => o.Web.MaxConnections, (o, v) => o.Web.MaxConnections = v)
        {
            Options = ["--web.max-connections"],
            Help = "Keep at most this many connections open, and at most one for every eight files that the process may open.",
        },
        new ScalarSetting<ExporterOptions, bool>("Web:DisablePage", Syntax.Boolean, o => o.Web.DisablePage, (o, v) => o.Web.DisablePage = v)
        {
            Options = ["--web.disable-page"],
            Help = "Serve metrics and health alone, and neither the page at / nor what it reads.",
        },
        new ScalarSetting<ExporterOptions, bool>("Web:DisableExporterMetrics", Syntax.Boolean, o => o.Web.DisableExporterMetrics, (o, v) => o.Web.DisableExporterMetrics = v)
        {
            Options = ["--web.disable-exporter-metrics"],
            Help = "Do not publish metrics about memsnoop's own process.",
        },
        new ScalarSetting<ExporterOptions, Duration>(
            "Web:CacheDuration", Syntax.Duration(new Duration(0), Duration.FromSeconds(3_600)), o => o.Web.CacheDuration, (o, v) => o.Web.CacheDuration = v)
        {
            Help = "Serve the last collection again while it is younger than this.",
        },
        new ScalarSetting<ExporterOptions, bool>("Web:ScopeLabels", Syntax.Boolean, o => o.Web.ScopeLabels, (o, v) => o.Web.ScopeLabels = v)
        {
            Help = "Add the labels otel_scope_name and otel_scope_version to every series.",
        },
        new ScalarSetting<ExporterOptions, bool>("Web:CreatedSeries", Syntax.Boolean, o => o.Web.CreatedSeries, (o, v) => o.Web.CreatedSeries = v)
        {
            Help = "Write a _created line for every counter (OpenMetrics).",
        },
    ];

    private static bool TryParseUrlPath(string text, out string value, ref string? problem)
    {
        value = text;
        return text.StartsWith('/') && !text.StartsWith("//", StringComparison.Ordinal) && !text.AsSpan().ContainsAnyExcept(UrlPathCharacters);
    }
}
