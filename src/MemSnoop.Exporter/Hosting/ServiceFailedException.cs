using Microsoft.Extensions.Hosting;

namespace MemSnoop.Exporter.Hosting;

/// <summary>A part that runs in the background has failed, and the program with it.</summary>
internal sealed class ServiceFailedException(string service, Exception cause)
    : Exception($"{service} failed: {cause.GetType().Name}: {cause.Message}", cause)
{
    /// <summary>
    /// The host stops when a background service throws (<see cref="BackgroundServiceExceptionBehavior.StopHost"/>), but keeps the reason to its log.
    /// </summary>
    /// <exception cref="ServiceFailedException">One of them threw.</exception>
    internal static void ThrowIfAny(IEnumerable<IHostedService> services)
    {
        foreach (BackgroundService service in services.OfType<BackgroundService>())
        {
            if (service.ExecuteTask?.Exception is { } error)
            {
                throw new ServiceFailedException(service.GetType().Name, error.GetBaseException());
            }
        }
    }
}
