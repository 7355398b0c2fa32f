using MemSnoop.Exporter.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>Adds the scraping endpoint to a web application.</summary>
internal static class PrometheusExporterExtensions
{
    /// <summary>Adds what <see cref="MapPrometheusScrapingEndpoint"/> serves from.</summary>
    public static IServiceCollection AddPrometheusExporter(this IServiceCollection services, Action<PrometheusExporterOptions> configure)
    {
        services.AddOptions<PrometheusExporterOptions>().Configure(configure).ValidateOnStart();
        services.TryAddSingleton<IValidateOptions<PrometheusExporterOptions>, PrometheusExporterOptionsValidator>();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider => new TargetInfo(Options(provider).ResourceAttributes));
        services.TryAddSingleton(provider => ActivatorUtilities.CreateInstance<InstrumentRegistry>(provider, Options(provider)));
        services.TryAddSingleton(provider => ActivatorUtilities.CreateInstance<ScrapeCoordinator>(provider, Options(provider)));
        services.TryAddSingleton<PrometheusEndpoint>();
        return services;

        static PrometheusExporterOptions Options(IServiceProvider provider) => provider.GetRequiredService<IOptions<PrometheusExporterOptions>>().Value;
    }

    /// <summary>Serves the metrics of this process to Prometheus, in its text format and in OpenMetrics.</summary>
    /// <param name="endpoints">The application.</param>
    /// <param name="path">Where; exactly there, neither with a slash behind it nor in other letter cases.</param>
    public static IEndpointConventionBuilder MapPrometheusScrapingEndpoint(this IEndpointRouteBuilder endpoints, string path = "/metrics")
    {
        // Resolved now, so that instruments are being discovered before the first scrape.
        return endpoints.MapExactly(path, endpoints.ServiceProvider.GetRequiredService<PrometheusEndpoint>().ServeAsync);
    }
}
