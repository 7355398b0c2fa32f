using System.Net;
using System.Net.Sockets;

namespace MemSnoop.Testing;

/// <summary>Ports for servers that take no port 0.</summary>
internal static class FreePort
{
    /// <summary>A port of the loopback interface that is free now. Before it is used another program could take it; the server would say so and end.</summary>
    public static int Next()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
