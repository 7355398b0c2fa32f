using MemSnoop.Metrics.Sampling;
using Microsoft.Extensions.Hosting;

namespace MemSnoop.Metrics.Hosting;

/// <summary>
/// Lets the pipeline run for as long as the host does: instruments from the host's start on, and the passes of working sets in the background. What the pipeline holds,
/// the lock of the idle bitmap among it, the container gives back when it is disposed.
/// </summary>
internal sealed class SamplingService(SamplingPipeline pipeline) : BackgroundService
{
    /// <inheritdoc/>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        pipeline.BeginCounting();
        if (pipeline.Windows is { } windows)
        {
            await windows.StartAsync(cancellationToken).ConfigureAwait(false);
        }

        await base.StartAsync(cancellationToken).ConfigureAwait(false);
    }

    // The host looks at this task, and ends the application should it fail.
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => pipeline.Windows?.ExecuteTask ?? Task.CompletedTask;

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        if (pipeline.Windows is { } windows)
        {
            await windows.StopAsync(cancellationToken).ConfigureAwait(false);
        }

        await base.StopAsync(cancellationToken).ConfigureAwait(false);
    }
}
