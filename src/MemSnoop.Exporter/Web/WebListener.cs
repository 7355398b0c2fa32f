using System.Net;
using System.Net.Sockets;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Metrics.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;

namespace MemSnoop.Exporter.Web;

/// <summary>Binds the addresses of <c>--listen</c>, or reports in one line why that fails.</summary>
internal static class WebListener
{
    /// <summary>Serves HTTP at these addresses, by Kestrel without what reads a configuration of its own.</summary>
    /// <param name="host">The web host.</param>
    /// <param name="addresses">Where to listen.</param>
    /// <param name="connections">How many connections there may be.</param>
    internal static IWebHostBuilder UseListenAddresses(this IWebHostBuilder host, IReadOnlyList<ListenAddress> addresses, int connections) => host
        .ConfigureServices(services => services
            .AddSingleton<RefusalCounts>()
            .AddSingleton(provider => new ConnectionTable(connections, provider.GetRequiredService<RefusalCounts>(), provider.GetRequiredService<TimeProvider>()))
            .AddSingleton<ConnectionGuard>()
            .Configure<SocketTransportOptions>(GuardedTransport.Limit)
            .AddSingleton<SocketTransportFactory>()
            .AddSingleton<IConnectionListenerFactory, GuardedTransport>())
        .UseKestrelCore()
        .ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            ConnectionGuard.Limit(kestrel.Limits);
            ConnectionGuard guard = kestrel.ApplicationServices.GetRequiredService<ConnectionGuard>();
            foreach (ListenAddress address in addresses)
            {
                Listen(kestrel, address, guard.Watch);
            }
        });

    /// <exception cref="UsageException">An address is in use, is not this host's, or its port is reserved.</exception>
    internal static async Task StartAsync(WebApplication app, CancellationToken cancellation)
    {
        try
        {
            await app.StartAsync(cancellation).ConfigureAwait(false);
        }
        catch (IOException error)
        {
            // Kestrel wraps only this one: the address is in use.
            throw new UsageException("--listen", UsageException.OneLine(error.Message).TrimEnd('.'), "an address and port that are free");
        }
        catch (SocketException error)
        {
            throw new UsageException("--listen", UsageException.OneLine(error.Message).TrimEnd('.'), "an address of this host and a port this user may open");
        }
    }

    private static void Listen(KestrelServerOptions kestrel, ListenAddress address, Action<ListenOptions> configure)
    {
        if (address.IsAnyInterface)
        {
            kestrel.ListenAnyIP(address.Port, configure);
            return;
        }

        foreach (IPAddress ip in Resolve(address))
        {
            kestrel.Listen(ip, address.Port, configure);
        }
    }

    private static IPAddress[] Resolve(ListenAddress address)
    {
        if (address.TryGetIPAddress(out IPAddress ip))
        {
            return [ip];
        }

        try
        {
            return Dns.GetHostAddresses(address.Host);
        }
        catch (SocketException)
        {
            throw new UsageException("--listen", $"the host name {UsageException.Quote(address.Host)} is not known", "a name or address of this host");
        }
    }
}
