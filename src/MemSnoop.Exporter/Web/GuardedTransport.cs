using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace MemSnoop.Exporter.Web;

/// <summary>The framework's sockets, but connections are accepted within the limits of a <see cref="ConnectionTable"/>.</summary>
internal sealed class GuardedTransport(SocketTransportFactory sockets, ConnectionTable table) : IConnectionListenerFactory
{
    // What waits there takes no descriptor, and a tenth of a millisecond to accept and drop: a scrape that comes last waits for half a second. Of a shorter line it would be
    // turned away, and its next attempt comes after a second. The kernel takes less, if net.core.somaxconn is less.
    private const int Backlog = 4096;

    // What a client has sent and nobody has read. A request's line and headers may have 40 kB together.
    private const int MaxUnread = 64 * 1024;

    /// <summary>Sets the limits of the sockets.</summary>
    internal static void Limit(SocketTransportOptions options)
    {
        options.Backlog = Backlog;
        options.MaxReadBufferSize = MaxUnread;
    }

    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        new GuardedListener(await sockets.BindAsync(endpoint, cancellationToken).ConfigureAwait(false), table);
}

/// <summary>One listening socket.</summary>
internal sealed class GuardedListener(IConnectionListener listener, ConnectionTable table) : IConnectionListener
{
    private readonly CancellationTokenSource _unbound = new();

    public EndPoint EndPoint => listener.EndPoint;

    /// <summary>The next connection that has a place. While none has, no more is accepted than one.</summary>
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (await listener.AcceptAsync(cancellationToken).ConfigureAwait(false) is { } connection)
        {
            if (await AdmitAsync(connection).ConfigureAwait(false))
            {
                return connection;
            }

            connection.Abort(OpenConnection.NoPlace);
            await connection.DisposeAsync().ConfigureAwait(false);
        }

        return null;
    }

    public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        await _unbound.CancelAsync().ConfigureAwait(false);
        await listener.UnbindAsync(cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await listener.DisposeAsync().ConfigureAwait(false);
        _unbound.Dispose();
    }

    private async ValueTask<bool> AdmitAsync(ConnectionContext connection)
    {
        try
        {
            OpenConnection? entry = await table.AdmitAsync(connection, _unbound.Token).ConfigureAwait(false);
            connection.Features.Set(entry);
            return entry is not null;
        }
        catch (OperationCanceledException)
        {
            // The server stops.
            return false;
        }
    }
}
