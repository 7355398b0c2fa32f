using System.Net.Security;
using System.Security.Authentication;

namespace MemSnoop.Exporter.Configuration;

/// <summary>What a web configuration file says: <see cref="WebConfigurationFile"/>. What is not in it is as without the file.</summary>
internal sealed class WebConfiguration
{
    /// <summary>How to speak TLS; null to speak HTTP alone.</summary>
    public WebTls? Tls { get; init; }

    /// <summary>Whether HTTP/2 is offered, which takes TLS.</summary>
    public bool Http2 { get; init; } = true;

    /// <summary>Headers of every answer.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>Users and the bcrypt hashes of their passwords; without any, no login is asked for.</summary>
    public IReadOnlyDictionary<string, string> Users { get; init; } = new Dictionary<string, string>();

    /// <summary>How often requests may come; null for no limit.</summary>
    public WebRate? Rate { get; init; }
}

/// <summary>At most this many requests at once, and then one in each interval.</summary>
internal sealed record WebRate(TimeSpan Interval, int Burst);

/// <summary>How the endpoint speaks TLS.</summary>
internal sealed class WebTls
{
    public required PemText Certificate { get; init; }

    public required PemText Key { get; init; }

    /// <summary>Who vouches for clients; null for the authorities that this host trusts.</summary>
    public PemText? ClientAuthorities { get; init; }

    public ClientCertificates Clients { get; init; }

    /// <summary>Names of which a client's certificate must have one; empty where any will do.</summary>
    public IReadOnlyList<string> ClientNames { get; init; } = [];

    public SslProtocols Versions { get; init; }

    /// <summary>The cipher suites for TLS 1.2; empty for those of this host.</summary>
    public IReadOnlyList<TlsCipherSuite> CipherSuites { get; init; } = [];

    /// <summary>Whether the file chooses curves, which the library for TLS does not let us.</summary>
    public bool ChoosesCurves { get; init; }
}

/// <summary>Whether clients need a certificate: the values of Go's <c>tls.ClientAuthType</c>.</summary>
internal enum ClientCertificates
{
    /// <summary>None is asked for.</summary>
    NoClientCert,

    /// <summary>One is asked for, and not looked at.</summary>
    RequestClientCert,

    /// <summary>There must be one, from whoever it is.</summary>
    RequireAnyClientCert,

    /// <summary>If there is one, an authority must vouch for it.</summary>
    VerifyClientCertIfGiven,

    /// <summary>There must be one, and an authority must vouch for it.</summary>
    RequireAndVerifyClientCert,
}

/// <summary>Text in PEM format, in a file of its own or in the configuration. No record, whose text would show it.</summary>
/// <param name="source">Where the configuration has it: file, line and key.</param>
/// <param name="path">The file; null if <paramref name="text"/> is it.</param>
/// <param name="text">The text.</param>
internal sealed class PemText(string source, string? path, string? text)
{
    public string Source => source;

    public string? Path => path;

    /// <summary>Reads the file, if it is one.</summary>
    /// <exception cref="MemSnoop.Metrics.Configuration.UsageException">It cannot be read.</exception>
    public string Read() => path is null ? text! : System.Text.Encoding.UTF8.GetString(BoundedFile.Read(path, source, "a file in PEM format"));
}
