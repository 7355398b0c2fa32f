using MemSnoop.Metrics.Configuration;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MemSnoop.Exporter.Configuration;

namespace MemSnoop.Exporter.Otlp;

/// <summary>The connections to the receiver: which certificates to trust, and which one to send.</summary>
internal static class ReceiverClient
{
    /// <summary>A name may get another address, and a connection that stays open for ever would not notice.</summary>
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(5);

    /// <summary>Opens no connection yet, but reads the certificates, so that their errors are found before anything starts.</summary>
    /// <exception cref="UsageException">A file has no certificate, or one that cannot be used.</exception>
    public static ReceiverHandler Create(OtlpOptions options, TimeProvider clock)
    {
        SocketsHttpHandler sockets = new() { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = ConnectionLifetime };
        if (options.Certificate is { } trusted)
        {
            X509ChainPolicy policy = new()
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,

                // A private authority seldom publishes a revocation list.
                RevocationMode = X509RevocationMode.NoCheck,
            };
            policy.CustomTrustStore.AddRange(ReadTrusted(trusted, options.NameOf(OtlpSettings.Certificate)));
            sockets.SslOptions.CertificateChainPolicy = policy;
        }

        if (options.ClientCertificate is not null)
        {
            sockets.SslOptions.ClientCertificateContext = ReadOwn(options, clock);
        }

        return new ReceiverHandler(options.Headers, options.Timeout.Value, sockets);
    }

    private static X509Certificate2Collection ReadTrusted(string path, string source)
    {
        X509Certificate2Collection certificates = [];
        try
        {
            certificates.ImportFromPemFile(path);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw Wrong(source, path, unreadable);
        }

        return certificates.Count > 0 ? certificates : throw new UsageException(source, $"{UsageException.Quote(path)} contains no certificate", "a file with certificates in PEM format");
    }

    private static SslStreamCertificateContext ReadOwn(OtlpOptions options, TimeProvider clock)
    {
        string path = options.ClientCertificate!;
        string source = options.NameOf(OtlpSettings.ClientCertificate);
        X509Certificate2Collection chain = ReadTrusted(path, source);
        X509Certificate2 own;
        try
        {
            own = X509Certificate2.CreateFromPemFile(path, options.ClientKey);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw options.ClientKey is { } key
                ? new UsageException(options.NameOf(OtlpSettings.ClientKey), $"{UsageException.Quote(key)} is not the key of {UsageException.Quote(path)}", "its private key in PEM format, without a password")
                : new UsageException(source, $"{UsageException.Quote(path)} contains no private key", $"certificate and key in one file in PEM format, or the key by {OtlpSettings.ClientKey.Options[0]}");
        }

        DateTimeOffset now = clock.GetUtcNow();
        if (now > own.NotAfter || now < own.NotBefore)
        {
            throw new UsageException(source, $"{UsageException.Quote(path)} is valid from {own.NotBefore.ToUniversalTime():u} to {own.NotAfter.ToUniversalTime():u} only", "a certificate that is valid now");
        }

        // Those that lead to the root follow in the same file; offline, so that nothing is fetched to complete them.
        return SslStreamCertificateContext.Create(own, chain, offline: true);
    }

    private static UsageException Wrong(string source, string path, Exception error) =>
        new(source, $"{UsageException.Quote(path)} cannot be read ({UsageException.OneLine(error.Message).TrimEnd('.')})", OtlpSettings.Certificate.Expected);
}
