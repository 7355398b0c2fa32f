using System.Diagnostics.Metrics;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Diagnostics;
using MemSnoop.Exporter.Otlp;
using MemSnoop.Exporter.Prometheus;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Sampling;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Exporter.Hosting;

/// <summary>Adds what carries the numbers out: the endpoint and, where there is a receiver, the push.</summary>
internal static class PublishingServices
{
    /// <exception cref="UsageException">A certificate for the push is of no use.</exception>
    internal static IServiceCollection AddPublishing(this IServiceCollection services, ExporterOptions options)
    {
        IReadOnlyList<KeyValuePair<string, object>> resource = ExporterResource.Create(options);
        services.AddRoutingCore();
        services.AddSingleton(provider => new SelfMeter(options.Web.DisableExporterMetrics ? null : provider.GetRequiredService<SamplingPipeline>().Budget));
        services.AddPrometheusExporter(static _ => { });
        services.AddOptions<PrometheusExporterOptions>().Configure<SamplingPipeline, SelfMeter>((prometheus, pipeline, self) =>
        {
            prometheus.MeterFilter = meter => Owns(pipeline, self, meter);
            prometheus.ResourceAttributes = resource;
            prometheus.ScopeLabels = options.Web.ScopeLabels;
            prometheus.CreatedSeries = options.Web.CreatedSeries;
            prometheus.CreatedTime = pipeline.CreatedTime;
            prometheus.CacheDuration = options.Web.CacheDuration.Value;
            prometheus.MaxRequests = options.Web.MaxRequests;
            prometheus.Collecting = () => pipeline.Collections.Begin(options.Web.CacheDuration.Value);
            prometheus.Turn = pipeline.Collections.Turn;
            prometheus.CollectorOf = pipeline.OwnerOf;
            prometheus.ObservationFailed = (instrument, _) => pipeline.ObservationFailed(instrument);
        });
        if (options.Otlp.IsOn)
        {
            ReceiverHandler receiver = ReceiverClient.Create(options.Otlp, TimeProvider.System);
            services.AddSingleton<IHostedService>(provider => MakePush(provider, options, resource, receiver));
        }

        return services;
    }

    // By the meters themselves and not by their names: another program in this process may use the same.
    private static bool Owns(SamplingPipeline pipeline, SelfMeter self, Meter meter) => meter == pipeline.Meter || meter == self.Meter;

    private static OtlpPush MakePush(IServiceProvider services, ExporterOptions options, IReadOnlyList<KeyValuePair<string, object>> resource, ReceiverHandler receiver)
    {
        SamplingPipeline pipeline = services.GetRequiredService<SamplingPipeline>();
        SelfMeter self = services.GetRequiredService<SelfMeter>();
        PushLedger ledger = new();
        OtlpInstruments.Create(pipeline.Scope(null), ledger);
        PushSources sources = new()
        {
            MeterFilter = meter => Owns(pipeline, self, meter),
            Collecting = () => pipeline.Collections.Begin(options.Web.CacheDuration.Value),
            Turn = pipeline.Collections.Turn,
            CollectorOf = pipeline.OwnerOf,
            CreatedTime = pipeline.CreatedTime,
            ObservationFailed = (instrument, _) => pipeline.ObservationFailed(instrument),
            Began = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() / 1000d,
        };
        return new OtlpPush(
            options.Otlp, resource, sources, ledger, receiver, services.GetRequiredService<ILogger<OtlpPush>>(), services.GetRequiredService<TimeProvider>());
    }
}
