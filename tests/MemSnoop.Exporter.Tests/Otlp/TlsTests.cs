using MemSnoop.Metrics.Configuration;
using System.Security.Cryptography.X509Certificates;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Otlp;
using MemSnoop.Exporter.Tests.Commands;

namespace MemSnoop.Exporter.Tests.Otlp;

/// <summary>Whom we trust, and what we show.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly TestAuthority _authority = new("ours");
    private readonly TestAuthority _other = new("another");

    public void Dispose()
    {
        _authority.Dispose();
        _other.Dispose();
    }

    [Theory]
    [InlineData("http/protobuf")]
    [InlineData("grpc")]
    public async Task A_receiver_is_trusted_by_the_given_authority_alone(string protocol)
    {
        OtlpProtocol wire = OtlpSyntax.Protocol.Parse(new SettingText(protocol, ""));
        using X509Certificate2 certificate = _authority.IssueForServer("127.0.0.1");
        await using TestReceiver receiver = await TestReceiver.StartAsync(wire, certificate);
        Assert.Null(await PushAsync(receiver.Url, wire, _authority.Pem));
        Assert.NotEmpty(receiver.Points);

        // Several in a file: any of them.
        Assert.Null(await PushAsync(receiver.Url, wire, _other.Pem + "\n" + _authority.Pem));
        string? refused = await PushAsync(receiver.Url, wire, _other.Pem);
        Assert.StartsWith("TLS: The remote certificate is invalid", refused, StringComparison.Ordinal);
        Assert.Contains("PartialChain", refused, StringComparison.Ordinal);

        // Nor does the system know it.
        Assert.StartsWith("TLS: The remote certificate is invalid", await PushAsync(receiver.Url, wire, trusted: null), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_name_in_the_certificate_counts()
    {
        using X509Certificate2 certificate = _authority.IssueForServer("elsewhere.example");
        await using TestReceiver receiver = await TestReceiver.StartAsync(certificate: certificate);
        Assert.Contains("RemoteCertificateNameMismatch", await PushAsync(receiver.Url, OtlpProtocol.HttpProtobuf, _authority.Pem), StringComparison.Ordinal);
        Assert.Empty(receiver.Messages);
    }

    [Theory]
    [InlineData("http/protobuf")]
    [InlineData("grpc")]
    public async Task A_client_certificate_is_shown(string protocol)
    {
        OtlpProtocol wire = OtlpSyntax.Protocol.Parse(new SettingText(protocol, ""));
        using X509Certificate2 server = _authority.IssueForServer("127.0.0.1");
        await using TestReceiver receiver = await TestReceiver.StartAsync(wire, server, clientAuthority: _other.Certificate);
        (string certificate, string key) = _other.Issue("client");
        using TemporaryFile certificateFile = new(certificate);
        using TemporaryFile keyFile = new(key);
        using TemporaryFile both = new(certificate + "\n" + key);
        Assert.Null(await PushAsync(receiver.Url, wire, _authority.Pem, certificateFile.Path, keyFile.Path));
        Assert.Null(await PushAsync(receiver.Url, wire, _authority.Pem, both.Path));
        Assert.NotNull(await PushAsync(receiver.Url, wire, _authority.Pem));
    }

    [Fact]
    public void Files_that_are_of_no_use_are_known_before_anything_starts()
    {
        (string certificate, _) = _authority.Issue("client");
        (string ended, string endedKey) = _authority.Issue(TimeSpan.FromHours(-1), "ended");
        (_, string otherKey) = _authority.Issue("other");
        Check(
            new OtlpOptions { Certificate = "" }, "nothing here", null,
            "--otlp.certificate: '{0}' contains no certificate; expected a file with certificates in PEM format");
        Check(
            new OtlpOptions { ClientCertificate = "" }, certificate, null,
            "--otlp.client-certificate: '{0}' contains no private key; expected certificate and key in one file in PEM format, or the key by --otlp.client-key");
        Check(
            new OtlpOptions { ClientCertificate = "" }, certificate, otherKey,
            "--otlp.client-key: '{1}' is not the key of '{0}'; expected its private key in PEM format, without a password");
        using TemporaryFile file = new(ended + "\n" + endedKey);
        UsageException wrong = Assert.Throws<UsageException>(() => ReceiverClient.Create(new OtlpOptions { ClientCertificate = file.Path }, TimeProvider.System));
        Assert.StartsWith($"--otlp.client-certificate: '{file.Path}' is valid from ", wrong.Message, StringComparison.Ordinal);
    }

    private static void Check(OtlpOptions options, string text, string? key, string expected)
    {
        using TemporaryFile file = new(text);
        using TemporaryFile keyFile = new(key ?? "");
        options.Certificate = options.Certificate is null ? null : file.Path;
        options.ClientCertificate = options.ClientCertificate is null ? null : file.Path;
        options.ClientKey = key is null ? null : keyFile.Path;
        UsageException wrong = Assert.Throws<UsageException>(() => ReceiverClient.Create(options, TimeProvider.System));
        Assert.Equal(string.Format(null, expected, file.Path, keyFile.Path), wrong.Message);
    }

    private static async Task<string?> PushAsync(Uri url, OtlpProtocol protocol, string? trusted, string? certificate = null, string? key = null)
    {
        using TemporaryFile file = new(trusted ?? "");
        using PushHost host = new(url, options =>
        {
            options.Protocol = protocol;
            options.Timeout = Duration.FromSeconds(10);
            options.Certificate = trusted is null ? null : file.Path;
            options.ClientCertificate = certificate;
            options.ClientKey = key;
        });
        host.Living[1] = new PushHost.Process();
        return (await host.Push.PushAsync()).Failure;
    }
}
