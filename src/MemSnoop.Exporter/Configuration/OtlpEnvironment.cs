using MemSnoop.Metrics.Configuration;
using System.Globalization;

namespace MemSnoop.Exporter.Configuration;

/// <summary>
/// The variables that the OpenTelemetry specification gives an OTLP exporter, as two layers: those for all signals, and
/// above them those for metrics. They are read here and nowhere else, so that a wrong one is an error and not a guess.
/// </summary>
/// <remarks>
/// https://opentelemetry.io/docs/specs/otel/protocol/exporter/ and
/// https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/. An empty variable is an absent one.
/// </remarks>
internal static class OtlpEnvironment
{
    private const string General = "OTEL_EXPORTER_OTLP_";
    private const string Metrics = "OTEL_EXPORTER_OTLP_METRICS_";
    private const string Exporters = "OTEL_METRICS_EXPORTER";
    private const string Disabled = "OTEL_SDK_DISABLED";

    /// <exception cref="UsageException">A variable has no value it can have.</exception>
    public static IEnumerable<ConfigurationLayer> Read(IReadOnlyDictionary<string, string> environment)
    {
        ConfigurationLayer general = new();
        ConfigurationLayer metrics = new();
        string? forbidding = Forbidding(environment);
        if (forbidding is not null)
        {
            general.Add(OtlpSettings.Forbidden, new SettingText(forbidding, forbidding));
        }

        AddEndpoints(environment, general, metrics, isWanted: forbidding is null);
        AddAll(environment, General, general);
        AddAll(environment, Metrics, metrics);
        AddMilliseconds(environment, "OTEL_METRIC_EXPORT_INTERVAL", OtlpSettings.Interval, metrics);
        if (!general.Contains(OtlpSettings.Timeout) && !metrics.Contains(OtlpSettings.Timeout))
        {
            // The specification has one limit for a push and one for its request; here they are the same.
            AddMilliseconds(environment, "OTEL_METRIC_EXPORT_TIMEOUT", OtlpSettings.Timeout, metrics);
        }

        AddText(environment, "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", OtlpSettings.Temporality, metrics);
        return [general, metrics];
    }

    private static void AddAll(IReadOnlyDictionary<string, string> environment, string prefix, ConfigurationLayer layer)
    {
        AddText(environment, $"{prefix}PROTOCOL", OtlpSettings.Protocol, layer);
        AddText(environment, $"{prefix}COMPRESSION", OtlpSettings.Compression, layer);
        AddText(environment, $"{prefix}CERTIFICATE", OtlpSettings.Certificate, layer);
        AddText(environment, $"{prefix}CLIENT_CERTIFICATE", OtlpSettings.ClientCertificate, layer);
        AddText(environment, $"{prefix}CLIENT_KEY", OtlpSettings.ClientKey, layer);
        AddMilliseconds(environment, $"{prefix}TIMEOUT", OtlpSettings.Timeout, layer);
        string headers = $"{prefix}HEADERS";
        foreach ((string name, string value) in KeyValueList.Read(environment.GetValueOrDefault(headers, ""), headers))
        {
            layer.Add(OtlpSettings.Headers, new SettingText($"{name}={value}", headers));
        }
    }

    private static void AddEndpoints(IReadOnlyDictionary<string, string> environment, ConfigurationLayer general, ConfigurationLayer metrics, bool isWanted)
    {
        const string Whole = $"{Metrics}ENDPOINT";
        const string Base = $"{General}ENDPOINT";
        if (!isWanted)
        {
            return;
        }

        AddText(environment, Base, OtlpSettings.Endpoint, general);
        AddText(environment, Whole, OtlpSettings.MetricsEndpoint, metrics);
        bool isAsked = environment.GetValueOrDefault(Exporters) is { Length: > 0 };
        if (isAsked && !general.Contains(OtlpSettings.Endpoint) && !metrics.Contains(OtlpSettings.MetricsEndpoint))
        {
            // Whoever asks for the exporter by its name and gives no address means the one of the specification.
            string? protocol = environment.GetValueOrDefault($"{Metrics}PROTOCOL") is { Length: > 0 } own ? own : environment.GetValueOrDefault($"{General}PROTOCOL");
            general.Add(OtlpSettings.Endpoint, new SettingText(protocol == "grpc" ? "http://localhost:4317" : "http://localhost:4318", Exporters));
        }
    }

    /// <summary>The variable that forbids to push, if one does.</summary>
    private static string? Forbidding(IReadOnlyDictionary<string, string> environment)
    {
        if (environment.GetValueOrDefault(Disabled) is { Length: > 0 } disabled && Syntax.Boolean.Parse(new SettingText(disabled, Disabled)))
        {
            return Disabled;
        }

        if (environment.GetValueOrDefault(Exporters) is not { Length: > 0 } exporters)
        {
            return null;
        }

        string[] names = exporters.Split(',', StringSplitOptions.TrimEntries);
        if (names.FirstOrDefault(name => name is not ("none" or "otlp" or "prometheus")) is { } unknown)
        {
            throw new UsageException(Exporters, $"{UsageException.Quote(unknown)} is not an exporter", "none, or of otlp and prometheus those wanted, separated by commas");
        }

        if (names.Length > 1 && names.Contains("none"))
        {
            throw new UsageException(Exporters, "names none and others", "none alone, or without it");
        }

        return names.Contains("otlp") ? null : Exporters;
    }

    private static void AddText(IReadOnlyDictionary<string, string> environment, string variable, Setting setting, ConfigurationLayer layer)
    {
        if (environment.GetValueOrDefault(variable) is { Length: > 0 } text)
        {
            layer.Add(setting, new SettingText(text, variable));
        }
    }

    // The specification counts milliseconds, without a unit.
    private static void AddMilliseconds(IReadOnlyDictionary<string, string> environment, string variable, Setting setting, ConfigurationLayer layer)
    {
        if (environment.GetValueOrDefault(variable) is not { Length: > 0 } text)
        {
            return;
        }

        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long milliseconds))
        {
            throw new UsageException(variable, $"{UsageException.Quote(text)} is not a time", "a number of milliseconds, such as 10000");
        }

        layer.Add(setting, new SettingText(string.Create(CultureInfo.InvariantCulture, $"{milliseconds}ms"), variable));
    }
}
