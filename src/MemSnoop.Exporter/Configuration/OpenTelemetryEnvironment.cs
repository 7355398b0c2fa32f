using MemSnoop.Metrics.Configuration;
using System.Globalization;

namespace MemSnoop.Exporter.Configuration;

/// <summary>
/// The variables that the OpenTelemetry specification gives a Prometheus exporter; they stand below everything of our own. Each alone keeps our
/// default for the other.
/// </summary>
/// <remarks>https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#prometheus-exporter</remarks>
internal static class OpenTelemetryEnvironment
{
    public const string HostVariable = "OTEL_EXPORTER_PROMETHEUS_HOST";
    public const string PortVariable = "OTEL_EXPORTER_PROMETHEUS_PORT";

    /// <exception cref="UsageException">A variable is neither a host nor a port.</exception>
    public static ConfigurationLayer Read(IReadOnlyDictionary<string, string> environment)
    {
        var layer = new ConfigurationLayer();
        // An empty value is an absent one, by the specification.
        string? host = environment.GetValueOrDefault(HostVariable) is { Length: > 0 } givenHost ? givenHost : null;
        string? port = environment.GetValueOrDefault(PortVariable) is { Length: > 0 } givenPort ? givenPort : null;
        if (host is null && port is null)
        {
            return layer;
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

        layer.Add(WebSettings.Listen, new SettingText(text, host is null ? PortVariable : HostVariable));
        return layer;
    }
}
