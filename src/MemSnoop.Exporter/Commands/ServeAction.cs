using MemSnoop.Metrics;
using MemSnoop.Metrics.Configuration;
using System.Diagnostics.Metrics;
using MemSnoop.Exporter.Collector;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Diagnostics;
using MemSnoop.Exporter.Logging;
using MemSnoop.Exporter.Otlp;
using MemSnoop.Exporter.Prometheus;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Exporter.Web;
using MemSnoop.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Exporter.Commands;

/// <summary>Runs the exporter until it is stopped, or until the command it started ends.</summary>
internal static class ServeAction
{
    /// <summary>What a child gets to end by itself after SIGTERM; of Kubernetes' default 30 s the rest is ours.</summary>
    private static readonly TimeSpan ChildPatience = TimeSpan.FromSeconds(10);

    internal static async Task<int> RunAsync(ExporterOptions options, string[] child, CancellationToken stop)
    {
        KernelPaths paths = new(options.Kernel.ProcFs, options.Kernel.SysFs);
        Selections.CheckPids(options.Processes.Pids, paths, "--pid");
        if (options.Readings.IsEnabled(Measurements.WorkingSetMeasurement.MeasurementName))
        {
            WorkingSetChoice.Choose(options.WorkingSet.Method, paths);
        }

        ReceiverHandler? receiver = options.Otlp.IsOn ? ReceiverClient.Create(options.Otlp, TimeProvider.System) : null;
        using ILoggerFactory loggers = LoggerFactory.Create(logging => logging.AddMemSnoopLogging(options.Log));
        options.Processes.WatchesItself = false;
        options.Processes.All |= !options.Processes.HasSelection && child.Length == 0;
        using SamplingPipeline pipeline = new(
            options, paths, HandleBudget.Shared, new Meter(SamplingPipeline.MeterName, BuildInfo.Version), loggers, TimeProvider.System);
        using SelfMeter self = new(options.Web.DisableExporterMetrics ? null : pipeline.Budget);
        IReadOnlyList<KeyValuePair<string, object>> resource = ExporterResource.Create(options);
        WebApplication app = Build(options, pipeline, self, resource, receiver, loggers);
        await using (app.ConfigureAwait(false))
        {
            await WebListener.StartAsync(app, stop).ConfigureAwait(false);
            pipeline.BeginCounting();
            StartupReport.Write(loggers, app.Urls, options, pipeline);
            int code = child.Length > 0
                ? await RunChildAsync(child, pipeline, stop).ConfigureAwait(false)
                : await UntilStoppedAsync(stop).ConfigureAwait(false);
            await app.StopAsync(CancellationToken.None).ConfigureAwait(false);
            return code;
        }
    }

    private static WebApplication Build(
        ExporterOptions options, SamplingPipeline pipeline, SelfMeter self, IReadOnlyList<KeyValuePair<string, object>> resource, ReceiverHandler? receiver,
        ILoggerFactory loggers)
    {
        // Empty: our own layers are read already, and the framework must not find ASPNETCORE_URLS or an appsettings.json.
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => WebListener.Configure(kestrel, options.Web.Listen));
        builder.Services.AddSingleton(loggers);
        builder.Services.AddLogging();
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<IInstrumentSource>(new PipelineSource(pipeline, self, options.Web.CacheDuration.Value));
        builder.Services.AddSingleton<MetricCollector>();
        builder.Services.AddPrometheusEndpoint(new PrometheusOptions
        {
            ResourceAttributes = resource,
            ScopeLabels = options.Web.ScopeLabels,
            CreatedSeries = options.Web.CreatedSeries,
            CacheDuration = options.Web.CacheDuration.Value,
            MaxRequests = options.Web.MaxRequests,
        });
        if (receiver is not null)
        {
            PushLedger pushes = new();
            OtlpInstruments.Create(pipeline.Scope(null), pushes);
            builder.Services.AddSingleton<IHostedService>(services => new OtlpPush(
                options.Otlp, resource, services.GetRequiredService<MetricCollector>(), pushes, receiver, loggers.CreateLogger<OtlpPush>(), TimeProvider.System));
        }

        if (pipeline.Windows is { } windows)
        {
            builder.Services.AddSingleton<IHostedService>(windows);
        }

        WebApplication app = builder.Build();
        app.UseRouting();
        app.MapExactly(options.Web.TelemetryPath, app.Services.GetRequiredService<PrometheusEndpoint>().ServeAsync);
        app.MapHealth(() => app.Lifetime.ApplicationStarted.IsCancellationRequested && !app.Lifetime.ApplicationStopping.IsCancellationRequested);
        app.MapLandingPage("MemSnoop Exporter", BuildInfo.Version, options.Web.TelemetryPath);
        return app;
    }

    private static async Task<int> RunChildAsync(string[] command, SamplingPipeline pipeline, CancellationToken stop)
    {
        using ChildProcess child = ChildProcess.Start(command);
        pipeline.Watch(child.Pid);
        try
        {
            return await child.WaitAsync(stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            await child.EndAsync(ChildPatience, TimeProvider.System).ConfigureAwait(false);
            return ExitCode.Success;
        }
    }

    private static async Task<int> UntilStoppedAsync(CancellationToken stop)
    {
        await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return ExitCode.Success;
    }
}
