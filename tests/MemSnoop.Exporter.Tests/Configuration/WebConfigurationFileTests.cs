using System.Net.Security;
using System.Security.Authentication;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Tests.Commands;
using MemSnoop.Metrics.Configuration;

namespace MemSnoop.Exporter.Tests.Configuration;

/// <summary>Web configuration files of Prometheus' exporters: what they mean, and the one line for each that is wrong. The cases are those of exporter-toolkit's own tests.</summary>
public sealed class WebConfigurationFileTests
{
    /// <summary>A hash of "password".</summary>
    internal const string Hash = "$2y$04$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";

    private const string Sections = "one of tls_server_config, http_server_config, basic_auth_users, rate_limit";

    [Theory]
    [InlineData("")]
    [InlineData("# nothing\n")]
    [InlineData("tls_server_config:\nhttp_server_config:\nbasic_auth_users:\nrate_limit:\n")]
    [InlineData("tls_server_config: {}\nbasic_auth_users: {}\n")]
    public void An_empty_file_asks_for_nothing(string text)
    {
        WebConfiguration read = Read(text);
        Assert.Null(read.Tls);
        Assert.Empty(read.Users);
        Assert.Empty(read.Headers);
        Assert.Null(read.Rate);
    }

    [Fact]
    public void All_keys_are_understood()
    {
        WebConfiguration read = Read($"""
            tls_server_config:
              cert_file: server.pem
              key_file: /etc/server.key
              client_auth_type: RequireAndVerifyClientCert
              client_ca_file: "ca.pem"
              client_allowed_sans: [client, 192.0.2.1]
              min_version: TLS12
              max_version: TLS13
              cipher_suites:
                - TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
              prefer_server_cipher_suites: false
              curve_preferences: [X25519, CurveP256]
            http_server_config:
              http2: off
              headers:
                X-Frame-Options: deny
                X-Content-Type-Options: nosniff
                Strict-Transport-Security: max-age=31536000; includeSubDomains
                X-XSS-Protection: 1
                Content-Security-Policy: ""
            basic_auth_users:
              alice: {Hash}
              "bob": '{Hash}'
            rate_limit:
              interval: 1s
              burst: 3
            """);

        // Relative paths count from the file's directory.
        Assert.Equal("/etc/server.key", read.Tls!.Key.Path);
        Assert.Equal((Path.GetTempPath() + "server.pem", Path.GetTempPath() + "ca.pem"), (read.Tls.Certificate.Path, read.Tls.ClientAuthorities?.Path));
        Assert.Equal((ClientCertificates.RequireAndVerifyClientCert, SslProtocols.Tls12 | SslProtocols.Tls13, true), (read.Tls.Clients, read.Tls.Versions, read.Tls.ChoosesCurves));
        Assert.Equal(["client", "192.0.2.1"], read.Tls.ClientNames);
        Assert.Equal([TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256], read.Tls.CipherSuites);
        Assert.False(read.Http2);
        Assert.Equal(["X-Frame-Options", "X-Content-Type-Options", "Strict-Transport-Security", "X-XSS-Protection"], read.Headers.Select(static header => header.Key));
        Assert.Equal(["alice", "bob"], read.Users.Keys);
        Assert.Equal(new WebRate(TimeSpan.FromSeconds(1), 3), read.Rate);
    }

    [Theory]
    [InlineData("TLS10", "TLS13", SslProtocols.Tls12 | SslProtocols.Tls13)]
    [InlineData("TLS12", "TLS12", SslProtocols.Tls12)]
    [InlineData("TLS13", "TLS13", SslProtocols.Tls13)]
    public void Nothing_older_than_TLS_1_2_is_spoken(string least, string most, SslProtocols expected) =>
        Assert.Equal(expected, Read($"tls_server_config: {{cert: a, key: b, min_version: {least}, max_version: {most}}}").Tls!.Versions);

    public static TheoryData<string, string> Wrong => new()
    {
        { "- junk\n", $":1: is not a mapping; expected {Sections["one of ".Length..]}" },
        { "tls_sever_config: {}\n", $":1: unknown key 'tls_sever_config'; expected {Sections}" },
        { "tls_server_config:\n  cert_fil: x\n", ":2: unknown key 'cert_fil'; expected one of cert_file, " },
        { "tls_server_config: x\n", ":1: tls_server_config is not a mapping; expected cert_file, " },
        { "tls_server_config:\n  cert_file: a\n", ":1: has neither key_file nor key; expected one of them" },
        { "tls_server_config:\n  key_file: a\n", ":1: has neither cert_file nor cert; expected one of them" },
        { "tls_server_config:\n  cert_file: ''\n  key_file: ''\n", ":1: has neither cert_file nor cert; expected one of them" },
        { "tls_server_config:\n  min_version: TLS12\n", ":1: has neither cert_file nor cert; expected one of them" },
        { "tls_server_config:\n  cert_file: a\n  cert: b\n  key_file: c\n", ":1: has both cert_file and cert; expected one of them" },
        { "tls_server_config: {cert_file: a, key_file: b, client_ca_file: c}\n", ":1: there is a client_ca, and client_auth_type asks for no certificate; expected client_auth_type: RequireAndVerifyClientCert" },
        { "tls_server_config: {cert_file: a, key_file: b, client_allowed_sans: [c]}\n", ":1: client_allowed_sans is given, and client_auth_type does not require a certificate; expected client_auth_type: RequireAndVerifyClientCert" },
        { "tls_server_config: {cert_file: a, key_file: b, client_auth_type: VerifyClientCertIfGiven, client_allowed_sans: [c]}\n", ":1: client_allowed_sans is given, and client_auth_type does not require a certificate; expected client_auth_type" },
        { "tls_server_config:\n  client_auth_type: Sometimes\n", ":2: unknown value 'Sometimes'; expected one of NoClientCert, RequestClientCert, " },
        { "tls_server_config:\n  min_version: TLS111\n", ":2: unknown value 'TLS111'; expected one of TLS10, TLS11, TLS12, TLS13" },
        { "tls_server_config:\n  cert: a\n  key: b\n  max_version: TLS11\n", ":4: max_version is below the least version, and TLS 1.0 and 1.1 are not spoken; expected TLS12 or TLS13, and not less than min_version" },
        { "tls_server_config: {cert: a, key: b, min_version: TLS13, max_version: TLS12}\n", ":1: max_version is below the least version, and TLS 1.0 and 1.1 are not spoken; expected TLS12 or TLS13" },
        { "tls_server_config:\n  cipher_suites:\n  - TLS_RSA_WITH_RC4_128_SHA\n", ":3: unknown value 'TLS_RSA_WITH_RC4_128_SHA'; expected one of TLS_AES_128_GCM_SHA256, " },
        { "tls_server_config:\n  cipher_suites: all\n", ":2: cipher_suites is not a list; expected a list of cipher suites" },
        { "tls_server_config:\n  curve_preferences: [CurveP256, Circle]\n", ":2: unknown curve 'Circle'; expected one of CurveP256, CurveP384, CurveP521, X25519" },
        { "tls_server_config:\n  prefer_server_cipher_suites: perhaps\n", ":2: 'perhaps' is not a Boolean; expected true or false" },
        { "http_server_config:\n  http3: true\n", ":2: unknown key 'http3'; expected one of http2, headers" },
        { "http_server_config:\n  http2: 2\n", ":2: '2' is not a Boolean; expected true or false" },
        { "http_server_config:\n  headers:\n    Server: me\n", ":3: the header 'Server' cannot be set; expected one of Strict-Transport-Security, " },
        { "http_server_config:\n  headers:\n    X-Frame-Options: DENY\n", ":3: 'DENY' is no value of X-Frame-Options; expected deny or sameorigin" },
        { "http_server_config:\n  headers:\n    X-Content-Type-Options: sniff\n", ":3: 'sniff' is no value of X-Content-Type-Options; expected nosniff" },
        { "http_server_config:\n  headers:\n    X-XSS-Protection: \"a\\nb\"\n", ":3: the value of X-XSS-Protection has characters that a header cannot have; expected printable ASCII" },
        { "basic_auth_users: [alice]\n", ":1: basic_auth_users is not a mapping; expected NAME: HASH" },
        { "basic_auth_users:\n  alice: secret\n", ":2: a user has no bcrypt hash; expected a hash such as htpasswd -B makes" },
        { "basic_auth_users:\n  alice: $2y$99$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi\n", ":2: a user has no bcrypt hash; expected a hash such as htpasswd -B makes" },
        { $"basic_auth_users:\n  'a:b': {Hash}\n", ":2: the name of a user has a colon, which ends names in a login; expected a name without one" },
        { $"basic_auth_users:\n  a: {Hash}\n  a: {Hash}\n", ":3: 'a' is given more than once; expected each key once" },
        { "rate_limit:\n  interval: soon\n", ":2: 'soon' is not a duration; expected a duration such as 500ms or 1s" },
        { "rate_limit:\n  interval: 1s\n", ":1: without a burst no request would ever be answered; expected burst: 1 or more" },
        { "rate_limit:\n  burst: many\n", ":2: 'many' is not a number of requests; expected a number such as 20" },
        { "a: b\n---\nc: d\n", $":1: unknown key 'a'; expected {Sections}" },
        { "basic_auth_users: &x {}\nrate_limit: *x\n", ":2: *x stands for something else; expected the text itself" },
        { "tls_server_config: {\n", ":2: is not YAML (" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void What_is_wrong_is_one_line(string text, string expected)
    {
        using TemporaryFile file = new(text);
        string message = Assert.Throws<UsageException>(() => WebConfigurationFile.Read(file.Path, "--web.config.file")).Message;
        Assert.StartsWith(file.Path + expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
        Assert.DoesNotContain("secret", message, StringComparison.Ordinal);
        Assert.DoesNotContain("$2y$99", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_one_line() => Assert.Equal(
        "--web.config.file: '/no/such.yml' does not exist; expected a YAML file that can be read",
        Assert.Throws<UsageException>(static () => WebConfigurationFile.Read("/no/such.yml", "--web.config.file")).Message);

    private static WebConfiguration Read(string text)
    {
        using TemporaryFile file = new(text);
        return WebConfigurationFile.Read(file.Path, "--web.config.file");
    }
}
