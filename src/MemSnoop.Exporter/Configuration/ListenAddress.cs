using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Configuration;

/// <summary>Where the endpoint listens: <c>:9464</c>, <c>host:9464</c>, <c>192.0.2.1</c>, <c>[::1]:9464</c>, <c>unix:///run/memsnoop/http.sock</c>.</summary>
/// <param name="Host">A host name or an IP address without brackets; empty means every interface.</param>
/// <param name="Port">0 to 65535; 0 lets the system pick a free one.</param>
internal readonly record struct ListenAddress(string Host, int Port)
{
    /// <summary>The port the OpenTelemetry specification gives to a Prometheus exporter.</summary>
    public const int DefaultPort = 9464;

    private static readonly SearchValues<char> AddressCharacters = SearchValues.Create("0123456789.");

    /// <summary>True when connections are taken on every interface, in IPv4 and, where the host has it, in IPv6.</summary>
    public bool IsAnyInterface => SocketPath is null && Host is "" or "0.0.0.0" or "::";

    /// <summary>The path of a socket on this host; null for an address of the network.</summary>
    public string? SocketPath { get; private init; }

    /// <summary>The address to bind when <see cref="Host"/> is one; a host name has to be looked up first.</summary>
    public bool TryGetIPAddress(out IPAddress address)
    {
        bool isAddress = IPAddress.TryParse(Host, out IPAddress? parsed);
        address = parsed ?? IPAddress.None;
        return isAddress;
    }

    public static bool TryParse(ReadOnlySpan<char> text, out ListenAddress value)
    {
        value = default;
        if (Syntax.UnixSocket.TryParse(text.ToString(), out string socket))
        {
            value = new ListenAddress("", 0) { SocketPath = socket[Syntax.UnixScheme.Length..] };
            return true;
        }

        ReadOnlySpan<char> host;
        ReadOnlySpan<char> port;
        if (text.StartsWith('['))
        {
            int end = text.IndexOf(']');
            if (end < 0 || !IsAddress(text[1..end], AddressFamily.InterNetworkV6))
            {
                return false;
            }

            host = text[1..end];
            port = text[(end + 1)..];
        }
        else if (text.Count(':') > 1)
        {
            // Without brackets the last group of an IPv6 address cannot be told from a port, so there is none.
            host = text;
            port = [];
            if (!IsAddress(host, AddressFamily.InterNetworkV6))
            {
                return false;
            }
        }
        else
        {
            int colon = text.IndexOf(':');
            host = colon < 0 ? text : text[..colon];
            port = colon < 0 ? [] : text[colon..];
            if (!IsHost(host) && !(host.IsEmpty && colon == 0))
            {
                return false;
            }
        }

        int number = DefaultPort;
        if (!port.IsEmpty && (port[0] != ':' || !TryParsePort(port[1..], out number)))
        {
            return false;
        }

        value = new ListenAddress(host.ToString(), number);
        return true;
    }

    public static bool TryParsePort(ReadOnlySpan<char> text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port <= IPEndPoint.MaxPort;

    public override string ToString() => SocketPath is not null ? Syntax.UnixScheme + SocketPath : Host.Contains(':', StringComparison.Ordinal)
        ? string.Create(CultureInfo.InvariantCulture, $"[{Host}]:{Port}")
        : string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port}");

    // "9464" alone would be the address 0.0.36.248, but it is a port without its colon.
    private static bool IsHost(ReadOnlySpan<char> host) => host.IndexOfAnyExceptInRange('0', '9') >= 0 && Uri.CheckHostName(host.ToString()) switch
    {
        UriHostNameType.IPv4 => host.Count('.') == 3,
        UriHostNameType.Dns => host.ContainsAnyExcept(AddressCharacters),
        _ => false,
    };

    private static bool IsAddress(ReadOnlySpan<char> text, AddressFamily family) =>
        IPAddress.TryParse(text, out IPAddress? address) && address.AddressFamily == family;
}
