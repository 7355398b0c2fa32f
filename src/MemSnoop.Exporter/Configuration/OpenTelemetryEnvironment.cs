using System.Globalization;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Configuration;

/// <summary>
/// The variables that the OpenTelemetry specification gives a Prometheus exporter, an OTLP exporter and the resource, as two layers: those for
/// all signals, and above them those for metrics. Both stand below everything of our own. They are read here and nowhere else, so a wrong one is an error. An
/// empty variable is an absent one.
/// </summary>
/// <remarks>
/// https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ and
/// https://opentelemetry.io/docs/specs/otel/protocol/exporter/.
/// </remarks>
internal sealed class OpenTelemetryEnvironment
{
    private const string HostVariable = "OTEL_EXPORTER_PROMETHEUS_HOST";
    private const string PortVariable = "OTEL_EXPORTER_PROMETHEUS_PORT";
    private const string GeneralPrefix = "OTEL_EXPORTER_OTLP_";
    private const string MetricsPrefix = "OTEL_EXPORTER_OTLP_METRICS_";
    private const string Exporters = "OTEL_METRICS_EXPORTER";
    private const string Disabled = "OTEL_SDK_DISABLED";
    private const string ServiceName = "OTEL_SERVICE_NAME";
    private const string ResourceAttributes = "OTEL_RESOURCE_ATTRIBUTES";

    private readonly IReadOnlyDictionary<string, string> _environment;
    private readonly ConfigurationLayer _general = new();
    private readonly ConfigurationLayer _metrics = new();

    private OpenTelemetryEnvironment(IReadOnlyDictionary<string, string> environment) => _environment = environment;

    /// <exception cref="UsageException">A variable has an invalid value.</exception>
    public static IEnumerable<ConfigurationLayer> Read(IReadOnlyDictionary<string, string> environment)
    {
        var read = new OpenTelemetryEnvironment(environment);
        read.ReadListenAddress();
        read.ReadPush();
        read.ReadResource();
        return [read._general, read._metrics];
    }

    /// <summary>Host and port of the endpoint; each alone keeps our default for the other.</summary>
    private void ReadListenAddress()
    {
        string? host = Text(HostVariable);
        string? port = Text(PortVariable);
        if (host is null && port is null)
        {
            return;
        }

        int number = ListenAddress.DefaultPort;
        if (port is not null && !ListenAddress.TryParsePort(port, out number))
        {
            throw new UsageException(PortVariable, $"{UsageException.Quote(port)} is not a port", "a number from 0 to 65535");
        }

        string address = host is null ? "0.0.0.0" : host.Contains(':', StringComparison.Ordinal) && !host.StartsWith('[') ? $"[{host}]" : host;
        string text = string.Create(CultureInfo.InvariantCulture, $"{address}:{number}");
        if (!ListenAddress.TryParse(text, out _))
        {
            throw new UsageException(HostVariable, $"{UsageException.Quote(host!)} is not a host", "a host name or an IP address");
        }

        _general.Add(WebSettings.Listen, new SettingText(text, host is null ? PortVariable : HostVariable));
    }

    private void ReadPush()
    {
        if (Forbidding() is { } forbidding)
        {
            _general.Add(OtlpSettings.Forbidden, new SettingText(forbidding, forbidding));
        }
        else
        {
            AddEndpoints();
        }

        AddAll(GeneralPrefix, _general);
        AddAll(MetricsPrefix, _metrics);
        AddMilliseconds("OTEL_METRIC_EXPORT_INTERVAL", OtlpSettings.Interval, _metrics);
        if (!_general.Contains(OtlpSettings.Timeout) && !_metrics.Contains(OtlpSettings.Timeout))
        {
            // The specification has one limit for a push and one for its request; here they are the same.
            AddMilliseconds("OTEL_METRIC_EXPORT_TIMEOUT", OtlpSettings.Timeout, _metrics);
        }

        AddText($"{MetricsPrefix}TEMPORALITY_PREFERENCE", OtlpSettings.Temporality, _metrics);
    }

    /// <summary>The variable that turns the push off, or null.</summary>
    private string? Forbidding()
    {
        if (Text(Disabled) is { } disabled && Syntax.Boolean.Parse(new SettingText(disabled, Disabled)))
        {
            return Disabled;
        }

        if (Text(Exporters) is not { } exporters)
        {
            return null;
        }

        string[] names = exporters.Split(',', StringSplitOptions.TrimEntries);
        if (names.FirstOrDefault(name => name is not ("none" or "otlp" or "prometheus")) is { } unknown)
        {
            throw new UsageException(Exporters, $"{UsageException.Quote(unknown)} is not an exporter", "none, or otlp, prometheus or both, separated by commas");
        }

        if (names.Length > 1 && names.Contains("none"))
        {
            throw new UsageException(Exporters, "names none and others", "none alone, or without it");
        }

        return names.Contains("otlp") ? null : Exporters;
    }

    private void AddEndpoints()
    {
        AddText($"{GeneralPrefix}ENDPOINT", OtlpSettings.Endpoint, _general);
        AddText($"{MetricsPrefix}ENDPOINT", OtlpSettings.MetricsEndpoint, _metrics);
        if (Text(Exporters) is not null && !_general.Contains(OtlpSettings.Endpoint) && !_metrics.Contains(OtlpSettings.MetricsEndpoint))
        {
            // Naming the exporter without an endpoint means the specification's default endpoint.
            string? protocol = Text($"{MetricsPrefix}PROTOCOL") ?? Text($"{GeneralPrefix}PROTOCOL");
            _general.Add(OtlpSettings.Endpoint, new SettingText(protocol == "grpc" ? "http://localhost:4317" : "http://localhost:4318", Exporters));
        }
    }

    private void AddAll(string prefix, ConfigurationLayer layer)
    {
        AddText($"{prefix}PROTOCOL", OtlpSettings.Protocol, layer);
        AddText($"{prefix}COMPRESSION", OtlpSettings.Compression, layer);
        AddText($"{prefix}CERTIFICATE", OtlpSettings.Certificate, layer);
        AddText($"{prefix}CLIENT_CERTIFICATE", OtlpSettings.ClientCertificate, layer);
        AddText($"{prefix}CLIENT_KEY", OtlpSettings.ClientKey, layer);
        AddMilliseconds($"{prefix}TIMEOUT", OtlpSettings.Timeout, layer);
        string headers = $"{prefix}HEADERS";
        foreach ((string name, string value) in Pairs(headers))
        {
            layer.Add(OtlpSettings.Headers, new SettingText($"{name}={value}", headers));
        }
    }

    private void ReadResource()
    {
        string? serviceName = Text(ServiceName);
        string source = ServiceName;
        foreach ((string key, string value) in Pairs(ResourceAttributes))
        {
            if (key != "service.name")
            {
                _metrics.Add(ResourceSettings.Attributes, new SettingText($"{key}={value}", ResourceAttributes));
            }
            else if (serviceName is null)
            {
                // By the specification the variable of its own wins.
                (serviceName, source) = (value, ResourceAttributes);
            }
        }

        if (serviceName is not null)
        {
            _metrics.Add(ResourceSettings.ServiceName, new SettingText(serviceName, source));
        }
    }

    private string? Text(string variable) => _environment.GetValueOrDefault(variable) is { Length: > 0 } text ? text : null;

    private void AddText(string variable, Setting setting, ConfigurationLayer layer)
    {
        if (Text(variable) is { } text)
        {
            layer.Add(setting, new SettingText(text, variable));
        }
    }

    // The specification counts milliseconds, without a unit.
    private void AddMilliseconds(string variable, Setting setting, ConfigurationLayer layer)
    {
        if (Text(variable) is { } text)
        {
            layer.Add(setting, long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long milliseconds)
                ? new SettingText(string.Create(CultureInfo.InvariantCulture, $"{milliseconds}ms"), variable)
                : throw new UsageException(variable, $"{UsageException.Quote(text)} is not a time", "a number of milliseconds, such as 10000"));
        }
    }

    /// <summary>A list of the form <c>key1=value1,key2=value2</c>, with with special characters percent-encoded.</summary>
    /// <exception cref="UsageException">The text is not such a list. The error does not repeat it, since a value may be a secret.</exception>
    private IEnumerable<(string Key, string Value)> Pairs(string variable)
    {
        foreach (string pair in (Text(variable) ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            string key = equals < 0 ? "" : Uri.UnescapeDataString(pair[..equals].Trim());
            if (key.Length == 0 || !IsEncoded(pair))
            {
                throw new UsageException(variable, "is not a list of pairs", "KEY=VALUE,KEY=VALUE with % only before two hexadecimal digits");
            }

            yield return (key, Uri.UnescapeDataString(pair[(equals + 1)..].Trim()));
        }
    }

    private static bool IsEncoded(ReadOnlySpan<char> text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '%' && !(i + 2 < text.Length && char.IsAsciiHexDigit(text[i + 1]) && char.IsAsciiHexDigit(text[i + 2])))
            {
                return false;
            }
        }

        return true;
    }
}
