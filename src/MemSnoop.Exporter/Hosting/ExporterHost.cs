using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.LocalApi;
using MemSnoop.Exporter.Logging;
using MemSnoop.Exporter.Prometheus;
using MemSnoop.Exporter.Sandbox;
using MemSnoop.Exporter.View;
using MemSnoop.Exporter.Web;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Hosting;
using MemSnoop.Metrics.Sampling;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Exporter.Hosting;

/// <summary>The exporter as a web application: which services it consists of, from its start to its end.</summary>
internal static class ExporterHost
{
    /// <summary>
    /// What all services together get to stop. The command after <c>--</c> takes up to 10 s of it and the last push 6, and Kubernetes kills after 30.
    /// </summary>
    internal static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(25);

    /// <summary>Everything that runs under <c>memsnoop serve</c>, not built yet.</summary>
    /// <param name="plan">What it is made of.</param>
    /// <param name="reloads">How another host takes the place of this one.</param>
    /// <exception cref="UsageException">A certificate or the web configuration is of no use, or the process may open too few files.</exception>
    internal static WebApplicationBuilder CreateBuilder(HostPlan plan, Reloads reloads)
    {
        // Empty: the program's own layers are read already, and the framework must not find ASPNETCORE_URLS or an appsettings.json.
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        ExporterOptions options = plan.Options;
        builder.Logging.AddMemSnoopLogging(options.Log);
        builder.WebHost.UseListenAddresses(options.Web, WebAccess.Load(options.Web, TimeProvider.System), DescriptorPlan.SetAsideConnections(plan.Measured.Budget, options.Web));
        builder.Services
            .AddSingleton(options)
            .AddSingleton(TimeProvider.System)
            .AddSingleton(plan.Command)
            .AddSingleton(reloads)
            .Configure<HostOptions>(static host => host.ShutdownTimeout = StopPatience)
            .AddServiceManager()
            .AddMemSnoop(plan.Measured)
            .AddPublishing(options)
            .AddSingleton<ViewService>()
            .AddHostedService(static services => services.GetRequiredService<ViewService>())
            .AddSingleton<ViewApi>()
            .AddHostedService<HeapTrim>()
            .AddHostedService<LocalApiService>()
            .AddHostedService(services => ActivatorUtilities.CreateInstance<StartupReport>(services, [new Rights(plan.Confinement)]))
            .AddHostedService<ReloadService>();
        if (plan.Command.IsGiven)
        {
            builder.Services
                .AddSingleton<ChildProcess>()
                .AddHostedService(static services => services.GetRequiredService<ChildProcess>());
        }

        return builder;
    }

    /// <summary>Runs until it is stopped, until its command ends, or until one of its services fails.</summary>
    /// <param name="builder">All services.</param>
    /// <param name="stop">Stops it.</param>
    /// <returns>The exit code: that of the command if it ended by itself, else 0.</returns>
    /// <exception cref="UsageException">The endpoint cannot listen where it should, or something else that was asked for cannot be done.</exception>
    /// <exception cref="CommandNotFoundException">The command cannot be started.</exception>
    /// <exception cref="ServiceFailedException">A service failed.</exception>
    /// <exception cref="OperationCanceledException">It was stopped before it had started.</exception>
    internal static async Task<int> RunAsync(WebApplicationBuilder builder, CancellationToken stop)
    {
        WebApplication app = builder.Build();
        await using (app.ConfigureAwait(false))
        {
            MapEndpoints(app, app.Services.GetRequiredService<ExporterOptions>().Web);
            try
            {
                await WebListener.StartAsync(app, stop).ConfigureAwait(false);
                await app.WaitForShutdownAsync(stop).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                // A service failed so early that the host gave up its start.
            }

            ServiceFailedException.ThrowIfAny(app.Services.GetServices<IHostedService>());
            return app.Services.GetService<ChildProcess>()?.ExitCode ?? 0;
        }
    }

    /// <summary>Signals are not the host's: they are caught before there is a host.</summary>
    private static IServiceCollection AddServiceManager(this IServiceCollection services)
    {
        // Not UseSystemd: it also changes the log's format, and takes only a direct child of systemd for a service.
        SystemdNotifier notifier = new();
        return notifier.IsEnabled
            ? services.AddSingleton<ISystemdNotifier>(notifier).AddSingleton<IHostLifetime, ServiceManagerLifetime>()
            : services.AddSingleton<IHostLifetime, NoLifetime>();
    }

    private static void MapEndpoints(WebApplication app, WebOptions options)
    {
        RefusalCounts refusals = app.Services.GetRequiredService<RefusalCounts>();
        app.Services.GetRequiredService<ConnectionGuard>().Watch(app);
        app.Services.GetRequiredService<WebAccess>().Watch(app, app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("memsnoop"), refusals);
        app.UseRouting();
        app.MapExactly(options.TelemetryPath, app.Services.GetRequiredService<PrometheusEndpoint>().ServeAsync);
        SamplingPipeline pipeline = app.Services.GetRequiredService<SamplingPipeline>();
        HttpInstruments.Create(pipeline.Scope(null), app.Services.GetRequiredService<ConnectionTable>(), refusals);
        app.MapHealth(() => app.Lifetime.ApplicationStarted.IsCancellationRequested && !app.Lifetime.ApplicationStopping.IsCancellationRequested && pipeline.IsReady);
        if (!options.DisablePage)
        {
            app.MapApi(app.Services.GetRequiredService<ViewApi>(), app.Services.GetRequiredService<WebAccess>(), refusals);
            app.MapPage(options.TelemetryPath);
        }
    }

    /// <summary>In place of the framework's, which would catch signals itself, the second one included.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
