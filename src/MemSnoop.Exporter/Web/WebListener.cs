using System.Net;
using System.Net.Sockets;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.LocalApi;
using MemSnoop.Kernel;
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
    /// <summary>Serves HTTP where the options say, by Kestrel without what reads a configuration of its own.</summary>
    /// <param name="host">The web host.</param>
    /// <param name="options">Where to listen.</param>
    /// <param name="access">Who may ask, and how.</param>
    /// <param name="connections">How many connections there may be.</param>
    internal static IWebHostBuilder UseListenAddresses(this IWebHostBuilder host, WebOptions options, WebAccess access, int connections) => host
        .ConfigureServices(services => services
            .AddSingleton(access)
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
            Action<ListenOptions> configure = kestrel.ApplicationServices.GetRequiredService<ConnectionGuard>().Watch;
            configure += access.Watch;
            if (options.SystemdSocket)
            {
                foreach (ulong socket in SystemdSockets.Take())
                {
                    kestrel.ListenHandle(socket, configure);
                }

                return;
            }

            foreach (ListenAddress address in options.Listen)
            {
                Listen(kestrel, address, configure);
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
        if (address.SocketPath is { } path)
        {
            MakeRoom(path);
            kestrel.ListenUnixSocket(path, configure);
            return;
        }

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

    // A socket whose owner has died stays as a file, and nobody can listen in its place before it is gone.
    private static void MakeRoom(string path)
    {
        if (FileStamp.Of(path) is not { } file)
        {
            return;
        }

        if (!file.IsSocket)
        {
            throw new UsageException("--listen", $"{UsageException.Quote(path)} is there and is no socket", "a path at which there is nothing");
        }

        if (!ApiSocket.IsAnswered(path))
        {
            File.Delete(path);
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
