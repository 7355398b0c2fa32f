using MemSnoop.Metrics.Configuration;
namespace MemSnoop.Exporter.Configuration;

/// <summary>Checks settings of pushing against each other, when there is anything to push.</summary>
internal static class OtlpCheck
{
    /// <exception cref="UsageException">Two settings contradict each other.</exception>
    public static void Check(OtlpOptions options)
    {
        if (options.Endpoint is not { } endpoint)
        {
            return;
        }

        if (options.ForbiddenBy is { } variable)
        {
            throw new UsageException(Name(OtlpSettings.Endpoint), $"contradicts {variable}, which forbids to push", "one of them");
        }

        if (options.Protocol == OtlpProtocol.Grpc && endpoint.AbsolutePath != "/")
        {
            throw new UsageException(
                Name(OtlpSettings.Endpoint), $"{UsageException.Quote(endpoint.OriginalString)} has a path",
                "for the protocol grpc only scheme, host and port, such as http://localhost:4317");
        }

        foreach (Setting setting in (Setting[])[OtlpSettings.Certificate, OtlpSettings.ClientCertificate, OtlpSettings.ClientKey])
        {
            if (setting.Describe(new ExporterOptions { Otlp = options }).Length > 0 && endpoint.Scheme != Uri.UriSchemeHttps)
            {
                throw new UsageException(Name(setting), $"is of no use with {UsageException.Quote(endpoint.OriginalString)}", $"an https:// URL as {Name(OtlpSettings.Endpoint)}");
            }
        }

        if (options.ClientKey is not null && options.ClientCertificate is null)
        {
            throw new UsageException(Name(OtlpSettings.ClientKey), "is given without a certificate", $"{OtlpSettings.ClientCertificate.Options[0]} too");
        }

        string Name(Setting setting) => options.NameOf(setting == OtlpSettings.Endpoint && options.IsWholeUrl ? OtlpSettings.MetricsEndpoint : setting);
    }
}
