using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Systemd;

namespace MemSnoop.Exporter.Hosting;

/// <summary>
/// Tells a service manager that asks for it (<c>NOTIFY_SOCKET</c>, sd_notify(3)) when the endpoint listens, when the configuration is taken anew, and when the end
/// begins. Not the framework's: that would tell of the end at each reload, and catch signals itself, the second one included.
/// </summary>
internal sealed class ServiceManagerLifetime(ISystemdNotifier notifier, Reloads reloads, IHostApplicationLifetime lifetime) : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        lifetime.ApplicationStarted.Register(() => notifier.Notify(ServiceState.Ready));
        lifetime.ApplicationStopping.Register(() => notifier.Notify(reloads.IsUnderWay ? Reloading() : ServiceState.Stopping));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // The clock is CLOCK_MONOTONIC.
    private static ServiceState Reloading() =>
        new(string.Create(CultureInfo.InvariantCulture, $"RELOADING=1\nMONOTONIC_USEC={Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1_000_000)}"));
}
