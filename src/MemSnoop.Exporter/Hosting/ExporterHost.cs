using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.LocalApi;
using MemSnoop.Exporter.Logging;
using MemSnoop.Exporter.Prometheus;
using MemSnoop.Exporter.Web;
using MemSnoop.Metrics;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Hosting;
using MemSnoop.Metrics.Sampling;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Systemd;

namespace MemSnoop.Exporter.Hosting;

/// <summary>The exporter as a web application: which services it consists of, from its start to its end.</summary>
internal static class ExporterHost
{
    /// <summary>
    /// What all services together get to stop. The command after <c>--</c> takes up to 10 s of it and the last push 6, and Kubernetes kills after 30.
    /// </summary>
    internal static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(25);

    /// <summary>Everything that runs under <c>memsnoop serve</c>, not built yet.</summary>
    /// <param name="measured">The host that is measured.</param>
    /// <param name="options">The configuration.</param>
    /// <param name="command">The command to start and to watch, if one is given.</param>
    /// <param name="reloads">How another host takes the place of this one.</param>
    /// <exception cref="UsageException">A certificate for the push is of no use.</exception>
    internal static WebApplicationBuilder CreateBuilder(MeasuredHost measured, ExporterOptions options, ServedCommand command, Reloads reloads)
    {
        // Empty: the program's own layers are read already, and the framework must not find ASPNETCORE_URLS or an appsettings.json.
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.AddMemSnoopLogging(options.Log);
        builder.WebHost.UseListenAddresses(options.Web.Listen);
        builder.Services
            .AddSingleton(options)
            .AddSingleton(TimeProvider.System)
            .AddSingleton(command)
            .AddSingleton(reloads)
            .Configure<HostOptions>(static host => host.ShutdownTimeout = StopPatience)
            .AddServiceManager()
            .AddMemSnoop(measured)
            .AddPublishing(options)
            .AddHostedService<HeapTrim>()
            .AddHostedService<LocalApiService>()
            .AddHostedService<StartupReport>()
            .AddHostedService<ReloadService>();
        if (command.IsGiven)
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
        app.UseRouting();
        app.MapExactly(options.TelemetryPath, app.Services.GetRequiredService<PrometheusEndpoint>().ServeAsync);
        SamplingPipeline pipeline = app.Services.GetRequiredService<SamplingPipeline>();
        app.MapHealth(() => app.Lifetime.ApplicationStarted.IsCancellationRequested && !app.Lifetime.ApplicationStopping.IsCancellationRequested && pipeline.IsReady);
        app.MapLandingPage("MemSnoop Exporter", BuildInfo.Version, options.TelemetryPath);
    }

    /// <summary>In place of the framework's, which would catch signals itself, the second one included.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
