using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace MemSnoop.Exporter.Web;

/// <summary>One accepted connection: from where, and what it does. All but <see cref="Abort"/> is guarded by the table's lock.</summary>
/// <param name="transport">The connection.</param>
/// <param name="since">When it was accepted.</param>
internal sealed class OpenConnection(ConnectionContext transport, long since)
{
    /// <summary>Why a connection is closed without a word.</summary>
    internal static readonly ConnectionAbortedException NoPlace = new("There was no place for the connection.");

    /// <summary>From where. Connections of one peer compete with each other first.</summary>
    internal UInt128 Peer { get; } = PeerOf(transport.RemoteEndPoint);

    /// <summary>Its place in the table.</summary>
    internal int Place { get; set; }

    /// <summary>Requests of it that are being answered; HTTP/2 has several at once.</summary>
    internal int Requests { get; set; }

    /// <summary>Whether a whole request has ever come.</summary>
    internal bool HadRequest { get; set; }

    /// <summary>Since when it does nothing; a timestamp of the monotonic clock.</summary>
    internal long IdleSince { get; set; } = since;

    /// <summary>Whether it was dropped, and only its end is waited for.</summary>
    internal bool IsDropped { get; set; }

    /// <summary>The address as a number. Of IPv6 the network alone: whoever has one address of it has all. Sockets of this host are one peer.</summary>
    internal static UInt128 PeerOf(EndPoint? from)
    {
        if (from is not IPEndPoint { Address: { } address })
        {
            return default;
        }

        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            address = address.MapToIPv6();
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        UInt128 number = BinaryPrimitives.ReadUInt128BigEndian(bytes);
        return address.IsIPv4MappedToIPv6 ? number : number >> 64 << 64;
    }

    /// <summary>Closes it without a word.</summary>
    internal void Abort() => transport.Abort(NoPlace);
}
