using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Processes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Exporter.Hosting;

/// <summary>Adds the measuring to the services.</summary>
internal static class SamplingServices
{
    /// <summary>Adds <see cref="SamplingPipeline"/>, which the container owns, and lets it run in the background.</summary>
    internal static IServiceCollection AddMemSnoop(this IServiceCollection services, MemSnoopOptions options, ProcessSelection selection) => services
        .AddSingleton(provider => new SamplingPipeline(options, selection, provider.GetRequiredService<ILoggerFactory>(), provider.GetRequiredService<TimeProvider>()))
        .AddHostedService<SamplingService>();

    /// <summary>The passes of the working set, where there are any. What ends them ends this service too, so that the host sees it.</summary>
    private sealed class SamplingService(SamplingPipeline pipeline) : BackgroundService
    {
        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            pipeline.BeginCounting();
            if (pipeline.Windows is { } windows)
            {
                await windows.StartAsync(stoppingToken).ConfigureAwait(false);
                await windows.ExecuteTask!.ConfigureAwait(false);
            }
        }

        public override void Dispose()
        {
            base.Dispose();
            pipeline.Windows?.Dispose();
        }
    }
}
