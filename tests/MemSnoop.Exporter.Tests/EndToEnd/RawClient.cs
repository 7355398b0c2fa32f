using System.Net.Sockets;
using System.Text;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>A connection that sends what no HTTP client would.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    private RawClient()
    {
    }

    /// <summary>Connects, and sends a text.</summary>
    /// <param name="address">Where to.</param>
    /// <param name="text">The text; empty for nothing.</param>
    /// <param name="receiveBuffer">How much the kernel may take for a client that does not read.</param>
    public static async Task<RawClient> ConnectAsync(Uri address, string text, int? receiveBuffer = null)
    {
        RawClient client = new();
        if (receiveBuffer is { } bytes)
        {
            client._socket.ReceiveBufferSize = bytes;
        }

        using CancellationTokenSource deadline = new(ExporterProcess.Deadline);
        await client._socket.ConnectAsync(address.Host, address.Port, deadline.Token);
        if (text.Length > 0)
        {
            await client._socket.SendAsync(Encoding.Latin1.GetBytes(text), deadline.Token);
        }

        return client;
    }

    /// <summary>Sends some more. False if the connection is gone.</summary>
    public async Task<bool> TrySendAsync(string text)
    {
        try
        {
            return await _socket.SendAsync(Encoding.Latin1.GetBytes(text)) > 0;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>All that comes until the connection is closed.</summary>
    public async Task<string> ReadToEndAsync()
    {
        StringBuilder answer = new();
        byte[] buffer = new byte[16 * 1024];
        using CancellationTokenSource deadline = new(ExporterProcess.Deadline);
        try
        {
            int count;
            while ((count = await _socket.ReceiveAsync(buffer, deadline.Token)) > 0)
            {
                answer.Append(Encoding.Latin1.GetString(buffer, 0, count));
            }
        }
        catch (SocketException)
        {
            // Closed with a reset.
        }

        return answer.ToString();
    }

    public void Dispose() => _socket.Dispose();
}
