using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Sampling;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace MemSnoop.Metrics.Hosting;

/// <summary>
/// Lets the pipeline run for as long as the host does: instruments from the host's start on, and the passes of working sets in the background. What the pipeline holds,
/// the lock of the idle bitmap among it, the container gives back when it is disposed.
/// </summary>
internal sealed partial class SamplingService(SamplingPipeline pipeline, MeasuredHost host, ILogger<SamplingService>? logger = null) : BackgroundService
{
    // An application may have no logging.
    private readonly ILogger _logger = logger ?? NullLogger<SamplingService>.Instance;

    /// <inheritdoc/>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (DeprecatedUse use in host.Options.Deprecated)
        {
            Deprecated(_logger, use.Warning);
        }

        pipeline.Begin();
        foreach (BackgroundService service in pipeline.Services)
        {
            await service.StartAsync(cancellationToken).ConfigureAwait(false);
        }

        await base.StartAsync(cancellationToken).ConfigureAwait(false);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Warning}")]
    private static partial void Deprecated(ILogger logger, string warning);

    // The host looks at this task, and ends the application as soon as one of them fails.
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (Task ended in Task.WhenEach(pipeline.Services.Select(static service => service.ExecuteTask).OfType<Task>()).ConfigureAwait(false))
        {
            await ended.ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        foreach (BackgroundService service in pipeline.Services)
        {
            await service.StopAsync(cancellationToken).ConfigureAwait(false);
        }

        await base.StopAsync(cancellationToken).ConfigureAwait(false);
    }
}
