using MemSnoop.Exporter.Web;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace MemSnoop.Exporter.Prometheus;

/// <summary>Adds the scraping endpoint to the services of a web application.</summary>
internal static class PrometheusServices
{
    /// <summary>Adds <see cref="PrometheusEndpoint"/>, which publishes the instruments of the <see cref="Collector.MetricCollector"/> among the services.</summary>
    public static IServiceCollection AddPrometheusEndpoint(this IServiceCollection services, PrometheusOptions options)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<RefusalCounts>();
        return services.AddSingleton(options).AddSingleton<ScrapeCoordinator>().AddSingleton<PrometheusEndpoint>();
    }
}
