using Microsoft.Extensions.Hosting;

namespace MemSnoop.Exporter.Hosting;

/// <summary>A hosted service that has something to do once all services have started, or before the first of them is stopped.</summary>
internal abstract class LifecycleService : IHostedLifecycleService
{
    /// <summary>Called when every service has started and the endpoint listens.</summary>
    public abstract Task StartedAsync(CancellationToken cancellationToken);

    /// <summary>Called before any service is stopped.</summary>
    public virtual Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
