using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>Certificates of one run, as PEM files: an authority, a server and a client that it vouches for, and an authority that is a stranger.</summary>
internal sealed class Certificates : IDisposable
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    private readonly TemporaryDirectory _directory = new();
    private readonly DateTimeOffset _now = TimeProvider.System.GetUtcNow();

    public Certificates()
    {
        using X509Certificate2 authority = MakeAuthority("MemSnoop test authority");
        using X509Certificate2 stranger = MakeAuthority("MemSnoop test stranger");
        Authority = Write("authority.pem", authority);
        Stranger = Write("stranger.pem", stranger);
        Server = Issue(authority, "server", ServerAuthentication);
        Client = Issue(authority, "client", ClientAuthentication);
        StrangerClient = Issue(stranger, "stranger-client", ClientAuthentication);
    }

    /// <summary>The certificate of the authority that vouches for <see cref="Server"/> and <see cref="Client"/>.</summary>
    public string Authority { get; }

    /// <summary>The certificate of an authority that vouches for neither.</summary>
    public string Stranger { get; }

    /// <summary>For <c>localhost</c> and 127.0.0.1.</summary>
    public (string Certificate, string Key) Server { get; }

    public (string Certificate, string Key) Client { get; }

    /// <summary>A client of the other authority.</summary>
    public (string Certificate, string Key) StrangerClient { get; }

    private X509Certificate2 MakeAuthority(string name)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return request.CreateSelfSigned(_now.AddHours(-1), _now.AddDays(2));
    }

    private (string Certificate, string Key) Issue(X509Certificate2 authority, string name, string purpose)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN=MemSnoop test {name}", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        using X509Certificate2 certificate = request.Create(authority, _now.AddMinutes(-30), _now.AddDays(1), RandomNumberGenerator.GetBytes(8));
        return (Write(name + ".pem", certificate), _directory.Write(name + ".key", key.ExportPkcs8PrivateKeyPem()));
    }

    private string Write(string name, X509Certificate2 certificate) => _directory.Write(name, certificate.ExportCertificatePem());

    public void Dispose() => _directory.Dispose();
}
