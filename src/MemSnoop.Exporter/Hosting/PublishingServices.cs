using MemSnoop.Exporter.Collector;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Diagnostics;
using MemSnoop.Exporter.Otlp;
using MemSnoop.Exporter.Prometheus;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Hosting;
using MemSnoop.Metrics.Sampling;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Exporter.Hosting;

/// <summary>Adds what carries the numbers out: the collector, the endpoint and, where there is a receiver, the push.</summary>
internal static class PublishingServices
{
    /// <exception cref="UsageException">A certificate for the push is of no use.</exception>
    internal static IServiceCollection AddPublishing(this IServiceCollection services, ExporterOptions options)
    {
        IReadOnlyList<KeyValuePair<string, object>> resource = ExporterResource.Create(options);
        services
            .AddSingleton(provider => new SelfMeter(options.Web.DisableExporterMetrics ? null : provider.GetRequiredService<MeasuredHost>().Budget))
            .AddSingleton<IInstrumentSource, PipelineSource>()
            .AddSingleton<MetricCollector>()
            .AddRoutingCore()
            .AddPrometheusEndpoint(new PrometheusOptions
            {
                ResourceAttributes = resource,
                ScopeLabels = options.Web.ScopeLabels,
                Names = options.Web.Names == WebNames.Utf8 ? NameStyle.Utf8 : NameStyle.Underscores,
                CreatedSeries = options.Web.CreatedSeries,
                OpenMetrics2 = options.Web.OpenMetrics2,
                CacheDuration = options.Web.CacheDuration.Value,
                MaxRequests = options.Web.MaxRequests,
            });
        return options.Otlp.IsOn ? services.AddOtlpPush(options.Otlp, resource) : services;
    }

    private static IServiceCollection AddOtlpPush(this IServiceCollection services, OtlpOptions options, IReadOnlyList<KeyValuePair<string, object>> resource)
    {
        ReceiverHandler receiver = ReceiverClient.Create(options, TimeProvider.System);
        return services.AddSingleton<IHostedService>(provider =>
        {
            PushLedger ledger = new();
            SamplingPipeline pipeline = provider.GetRequiredService<SamplingPipeline>();
            OtlpInstruments.Create(pipeline.Scope(null), ledger);
            return new OtlpPush(
                options, resource, provider.GetRequiredService<MetricCollector>(), ledger, receiver,
                provider.GetRequiredService<ILogger<OtlpPush>>(), provider.GetRequiredService<TimeProvider>(), pipeline.Began);
        });
    }
}
