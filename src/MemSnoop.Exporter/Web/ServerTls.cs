using System.Formats.Asn1;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Web;

/// <summary>How TLS is spoken, with the certificates read.</summary>
internal sealed class ServerTls
{
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private const string AlternativeNames = "2.5.29.17";

    // TLS 1.3 has suites of its own, and a choice does not concern them.
    private static readonly TlsCipherSuite[] SuitesOfTls13 = [TlsCipherSuite.TLS_AES_128_GCM_SHA256, TlsCipherSuite.TLS_AES_256_GCM_SHA384, TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256];

    private readonly WebTls _tls;
    private readonly SslStreamCertificateContext _certificate;
    private readonly X509Certificate2Collection? _authorities;
    private readonly CipherSuitesPolicy? _suites;

    private ServerTls(WebTls tls)
    {
        _tls = tls;
        _certificate = ReadCertificate(tls);
        _authorities = tls.ClientAuthorities is { } authorities ? ReadAuthorities(authorities) : null;

        // Nothing of the program runs on Windows, which the compiler does not know.
        _suites = tls.CipherSuites.Count > 0 && !OperatingSystem.IsWindows() ? new CipherSuitesPolicy([.. tls.CipherSuites.Union(SuitesOfTls13)]) : null;
    }

    /// <summary>Whether clients must have a certificate that an authority vouches for.</summary>
    internal bool VerifiesClients => _tls.Clients == ClientCertificates.RequireAndVerifyClientCert;

    /// <summary>Reads the certificates.</summary>
    /// <exception cref="UsageException">One of them cannot be read, or is none.</exception>
    internal static ServerTls Load(WebTls tls) => new(tls);

    /// <summary>The options of one connection.</summary>
    internal SslServerAuthenticationOptions CreateOptions() => new()
    {
        ServerCertificateContext = _certificate,
        EnabledSslProtocols = _tls.Versions,
        CipherSuitesPolicy = _suites,
        ClientCertificateRequired = _tls.Clients != ClientCertificates.NoClientCert,
        RemoteCertificateValidationCallback = (_, certificate, _, errors) => Accepts(certificate as X509Certificate2, errors),
        CertificateChainPolicy = CreatePolicy(),

        // A session that is taken up again would be one by the rules of another time.
        AllowTlsResume = false,
    };

    private bool Accepts(X509Certificate2? certificate, SslPolicyErrors errors)
    {
        if (certificate is null)
        {
            return _tls.Clients is not (ClientCertificates.RequireAnyClientCert or ClientCertificates.RequireAndVerifyClientCert);
        }

        if (_tls.Clients is ClientCertificates.VerifyClientCertIfGiven or ClientCertificates.RequireAndVerifyClientCert && errors != SslPolicyErrors.None)
        {
            return false;
        }

        return _tls.ClientNames.Count == 0 || NamesOf(certificate).Any(_tls.ClientNames.Contains);
    }

    private X509ChainPolicy CreatePolicy()
    {
        // No lists of revoked certificates, as in other exporters; and nothing is fetched from where a client's certificate says.
        X509ChainPolicy policy = new() { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        policy.ApplicationPolicy.Add(new Oid(ClientAuthentication));
        if (_authorities is not null)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(_authorities);
        }

        return policy;
    }

    private static SslStreamCertificateContext ReadCertificate(WebTls tls)
    {
        string certificates = tls.Certificate.Read();
        string key = tls.Key.Read();
        X509Certificate2Collection all = ReadAll(certificates, tls.Certificate.Source);
        try
        {
            return SslStreamCertificateContext.Create(X509Certificate2.CreateFromPem(certificates, key), [.. all.Skip(1)], offline: true);
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            // The library's message is not passed on: it is about the key.
            throw new UsageException(tls.Key.Source, "is no private key of the certificate", "its key in PEM format, without a password");
        }
    }

    private static X509Certificate2Collection ReadAuthorities(PemText authorities) => ReadAll(authorities.Read(), authorities.Source);

    private static X509Certificate2Collection ReadAll(string text, string source)
    {
        X509Certificate2Collection certificates = [];
        try
        {
            certificates.ImportFromPem(text);
        }
        catch (CryptographicException)
        {
            certificates.Clear();
        }

        return certificates.Count > 0 ? certificates : throw new UsageException(source, "has no certificate", "certificates in PEM format");
    }

    /// <summary>The alternative names of a certificate: of DNS, addresses, of mail, URIs (RFC 5280, 4.2.1.6).</summary>
    private static List<string> NamesOf(X509Certificate2 certificate)
    {
        List<string> names = [];
        if (certificate.Extensions.FirstOrDefault(static extension => extension.Oid?.Value == AlternativeNames) is not { } extension)
        {
            return names;
        }

        try
        {
            AsnReader all = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
            while (all.HasData)
            {
                Asn1Tag tag = all.PeekTag();
                if (tag.TagClass == TagClass.ContextSpecific && tag.TagValue is 1 or 2 or 6)
                {
                    names.Add(all.ReadCharacterString(UniversalTagNumber.IA5String, tag));
                }
                else if (tag.TagClass == TagClass.ContextSpecific && tag.TagValue == 7)
                {
                    names.Add(new IPAddress(all.ReadOctetString(tag)).ToString());
                }
                else
                {
                    all.ReadEncodedValue();
                }
            }
        }
        catch (Exception error) when (error is AsnContentException or ArgumentException)
        {
            // Malformed: those before it count.
        }

        return names;
    }
}
