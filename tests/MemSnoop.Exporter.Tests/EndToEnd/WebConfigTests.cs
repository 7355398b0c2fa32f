using System.Net;
using MemSnoop.Exporter.Tests.Commands;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>TLS, client certificates and logins of the real program, as a real Prometheus and curl see them.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class WebConfigTests : IDisposable
{
    private const string Password = "open sesame";

    private static readonly string[] Own = ["--pid", $"{Environment.ProcessId}", "--no-children"];

    // The least cost there is: what is tested here is not how long it takes.
    private static readonly string Hash = BCrypt.Net.BCrypt.HashPassword(Password, 4);

    private readonly Certificates _certificates = new();
    private readonly TemporaryDirectory _directory = new();

    [Fact]
    [OrdinaryTier]
    public async Task Prometheus_scrapes_by_TLS_with_a_client_certificate_and_a_password()
    {
        await using ExporterProcess exporter = await StartAsync(Tls("RequireAndVerifyClientCert") + Users());
        await using PrometheusServer server = await PrometheusServer.StartAsync($$"""
            global: { scrape_interval: 1s, scrape_timeout: 1s }
            scrape_configs:
              - job_name: memsnoop
                scheme: https
                basic_auth: { username: alice, password: {{Password}} }
                tls_config: { ca_file: {{_certificates.Authority}}, cert_file: {{_certificates.Client.Certificate}}, key_file: {{_certificates.Client.Key}} }
                static_configs: [{ targets: ['{{exporter.Address.Authority}}'], labels: { as: client } }]
              - job_name: stranger
                scheme: https
                basic_auth: { username: alice, password: {{Password}} }
                tls_config: { ca_file: {{_certificates.Authority}}, cert_file: {{_certificates.StrangerClient.Certificate}}, key_file: {{_certificates.StrangerClient.Key}} }
                static_configs: [{ targets: ['{{exporter.Address.Authority}}'] }]
              - job_name: nobody
                scheme: https
                tls_config: { ca_file: {{_certificates.Authority}}, cert_file: {{_certificates.Client.Certificate}}, key_file: {{_certificates.Client.Key}} }
                static_configs: [{ targets: ['{{exporter.Address.Authority}}'] }]
              - job_name: plain
                static_configs: [{ targets: ['{{exporter.Address.Authority}}'] }]
            """);
        await server.NumberUntilAsync("max_over_time(up{job=\"memsnoop\"}[1m])", static up => up == 1, ExporterProcess.Deadline);
        foreach (string job in (string[])["stranger", "nobody", "plain"])
        {
            await server.NumberUntilAsync($"count_over_time(up{{job=\"{job}\"}}[1m])", static scrapes => scrapes >= 2, ExporterProcess.Deadline);
            Assert.Equal(0, await server.NumberAsync($"max_over_time(up{{job=\"{job}\"}}[1m])"));
        }

        foreach (string reason in (string[])["handshake", "login"])
        {
            await server.NumberUntilAsync($"memsnoop_http_refused_total{{job=\"memsnoop\",reason=\"{reason}\"}}", static count => count > 0, ExporterProcess.Deadline);
        }

        Assert.DoesNotContain(exporter.Log, static line => line.Contains(Hash, StringComparison.Ordinal) || line.Contains(Password, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--tlsv1.3", "--http1.1", "1.1")]
    [InlineData("--tlsv1.3", "--http2", "2")]
    [InlineData("--tls-max 1.2", "--http1.1", "1.1")]
    public async Task Curl_gets_an_answer_by_the_versions_that_are_spoken(string tls, string http, string version)
    {
        await using ExporterProcess exporter = await StartAsync(Tls("NoClientCert"));
        Assert.Equal((0, $"{version} 200"), await CurlAsync(exporter, [.. tls.Split(' '), http]));
    }

    [Fact]
    public async Task Versions_and_suites_that_are_not_chosen_are_not_spoken()
    {
        await using ExporterProcess exporter = await StartAsync(
            Tls("NoClientCert") + "  max_version: TLS12\n  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]\nhttp_server_config: {http2: false}\n");
        Assert.Equal((0, "1.1 200"), await CurlAsync(exporter, ["--http2"]));
        Assert.NotEqual(0, (await CurlAsync(exporter, ["--tlsv1.3"])).Code);
        Assert.NotEqual(0, (await CurlAsync(exporter, ["--ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"])).Code);
        Assert.NotEqual(0, (await CurlAsync(exporter, ["--tls-max", "1.1"])).Code);
    }

    [Theory]
    [InlineData("NoClientCert", true, true, true)]
    [InlineData("RequestClientCert", true, true, true)]
    [InlineData("RequireAnyClientCert", false, true, true)]
    [InlineData("VerifyClientCertIfGiven", true, false, true)]
    [InlineData("RequireAndVerifyClientCert", false, false, true)]
    public async Task Clients_without_a_certificate_with_a_strangers_and_with_one_that_is_vouched_for(string type, bool none, bool stranger, bool own)
    {
        await using ExporterProcess exporter = await StartAsync(Tls(type));
        Assert.Equal((none, stranger, own), (await IsLetInAsync(exporter, null), await IsLetInAsync(exporter, _certificates.StrangerClient), await IsLetInAsync(exporter, _certificates.Client)));
    }

    [Theory]
    [InlineData("client", true)]
    [InlineData("clien", false)]
    public async Task A_client_needs_one_of_the_names(string name, bool isLetIn)
    {
        await using ExporterProcess exporter = await StartAsync(Tls("RequireAndVerifyClientCert") + $"  client_allowed_sans: [other, {name}]\n");
        Assert.Equal(isLetIn, await IsLetInAsync(exporter, _certificates.Client));
    }

    [Fact]
    public async Task Every_path_asks_for_the_password_and_headers_are_on_every_answer()
    {
        await using ExporterProcess exporter = await StartAsync(Users() + "http_server_config: {headers: {X-Frame-Options: deny}}\n");
        foreach (string path in (string[])["/", "/metrics", "/-/healthy", "/-/ready", "/none"])
        {
            using HttpResponseMessage answer = await exporter.GetAsync(path);
            Assert.Equal((HttpStatusCode.Unauthorized, "Basic", "deny"), (answer.StatusCode, answer.Headers.WwwAuthenticate.ToString(), answer.Headers.GetValues("X-Frame-Options").Single()));
        }

        Assert.Equal((0, "1.1 200"), await CurlAsync(exporter, ["--user", "alice:" + Password]));
        Assert.Equal((0, "1.1 401"), await CurlAsync(exporter, ["--user", "alice:" + Password + "!"]));
        Assert.Equal((0, "1.1 401"), await CurlAsync(exporter, ["--user", "mallory:" + Password]));
        Assert.Equal((0, "1.1 401"), await CurlAsync(exporter, ["--header", "Authorization: Basic !!!"]));
        Assert.Equal((0, "1.1 401"), await CurlAsync(exporter, ["--header", "Authorization: Bearer x"]));
    }

    [Fact]
    public async Task More_requests_than_the_rate_are_told_so()
    {
        await using ExporterProcess exporter = await StartAsync("rate_limit: {interval: 1h, burst: 2}\n");
        List<string> answers = [];
        for (int i = 0; i < 3; i++)
        {
            answers.Add((await CurlAsync(exporter, [])).Answer);
        }

        Assert.Equal(["1.1 200", "1.1 200", "1.1 429"], answers);
    }

    [Fact]
    public async Task What_changes_in_a_file_holds_for_the_next_request_and_what_is_wrong_does_not()
    {
        await using ExporterProcess exporter = await StartAsync(Tls("NoClientCert"));
        Assert.Equal((0, "1.1 200"), await CurlAsync(exporter, []));
        Write(Tls("NoClientCert") + Users());
        Assert.Equal((0, "1.1 401"), await CurlAsync(exporter, []));
        for (int i = 0; i < 3; i++)
        {
            Write("basic_auth_users: {alice: secret}\n");
            Assert.Equal((0, "1.1 401"), await CurlAsync(exporter, []));
            Assert.Equal((0, "1.1 401"), await CurlAsync(exporter, []));
        }

        Write(Users());
        Assert.Equal((0, "1.1 401"), await CurlAsync(exporter, []));
        string[] wrong = [.. exporter.Log.Where(static line => line.Contains("the web configuration has changed and is wrong", StringComparison.Ordinal))];
        Assert.Equal(4, wrong.Length);
        Assert.Contains("a user has no bcrypt hash", wrong[0], StringComparison.Ordinal);
        Assert.Contains("expected both as they were, or a restart", wrong[3], StringComparison.Ordinal);

        // What was missing comes later, and the file that names it is as it was.
        Write("tls_server_config: {cert_file: late.pem, key_file: late.key}\n");
        Assert.Equal((0, "1.1 401"), await CurlAsync(exporter, []));
        File.Copy(_certificates.Server.Key, _directory["late.key"]);
        File.Copy(_certificates.Server.Certificate, _directory["late.pem"]);
        Assert.Equal((0, "1.1 200"), await CurlAsync(exporter, []));

        // A new certificate, under the same name, as cert-manager and certbot do it.
        File.Copy(_certificates.StrangerClient.Certificate, _directory["server.pem"], overwrite: true);
        File.Copy(_certificates.StrangerClient.Key, _directory["server.key"], overwrite: true);
        Write(Tls("NoClientCert"));
        Assert.NotEqual(0, (await CurlAsync(exporter, [])).Code);
        Assert.Equal(0, (await CurlAsync(exporter, ["--insecure"])).Code);
    }

    [Fact]
    public Task A_certificate_that_is_none_is_one_line() => AssertRefusedAsync(
        $"tls_server_config: {{cert_file: {_directory.Write("none.pem", "none")}, key_file: {_certificates.Server.Key}}}\n", ":1: cert_file: has no certificate; expected certificates in PEM format");

    [Fact]
    public Task A_key_of_another_certificate_is_one_line() => AssertRefusedAsync(
        $"tls_server_config: {{cert_file: {_certificates.Server.Certificate}, key_file: {_certificates.Client.Key}}}\n",
        ":1: key_file: is no private key of the certificate; expected its key in PEM format, without a password");

    [Fact]
    public Task A_file_that_is_not_there_is_one_line() => AssertRefusedAsync(
        "tls_server_config:\n  cert_file: no.pem\n  key_file: no.key\n", $":2: cert_file: '{_directory["no.pem"]}' does not exist; expected a file in PEM format that can be read");

    [Fact]
    public async Task Check_says_who_is_asked_for_what()
    {
        CommandResult result = await Command.TryRunAsync(
            "env", [$"MemSnoop__Web__ConfigFile={Write(Tls("RequireAndVerifyClientCert") + Users())}", Repository.Executable, "check"], ExporterProcess.Deadline);
        Assert.Contains("TLS, certificates of clients: RequireAndVerifyClientCert, login of 1 user", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(Hash, result.Output + result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_listens_to_everybody_without_either_is_told_so_once()
    {
        await using ExporterProcess open = await ExporterProcess.StartAsync([.. Own, "--listen", "0.0.0.0:0"]);
        await Eventually.HoldsAsync(() => open.Log.Count(static line => line.Contains("neither TLS nor a login", StringComparison.Ordinal)) == 1);
        await using ExporterProcess closed = await ExporterProcess.StartAsync([.. Own, "--web.config.file", Write(Users()), "--listen", "0.0.0.0:0"]);
        await Eventually.HoldsAsync(() => closed.Log.Any(static line => line.Contains("windows end", StringComparison.Ordinal) || line.Contains("working sets", StringComparison.Ordinal)));
        Assert.DoesNotContain(closed.Log, static line => line.Contains("neither TLS nor a login", StringComparison.Ordinal));
    }

    public void Dispose()
    {
        _certificates.Dispose();
        _directory.Dispose();
    }

    private static string Users() => $"basic_auth_users: {{alice: {Hash}}}\n";

    private Task<ExporterProcess> StartAsync(string configuration) => ExporterProcess.StartAsync([.. Own, "--web.config.file", Write(configuration)], ExporterProcess.Uncached);

    private string Write(string configuration) => _directory.Write("web.yml", configuration);

    private string Tls(string clients)
    {
        if (!File.Exists(_directory["server.pem"]))
        {
            File.Copy(_certificates.Server.Certificate, _directory["server.pem"]);
            File.Copy(_certificates.Server.Key, _directory["server.key"]);
        }

        string authority = clients == "NoClientCert" ? "" : $"  client_ca_file: {_certificates.Authority}\n";
        return $"tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n  client_auth_type: {clients}\n{authority}";
    }

    // Code 0 and status 200: with TLS 1.3 a client learns that it is not let in only when it reads.
    private async Task<bool> IsLetInAsync(ExporterProcess exporter, (string Certificate, string Key)? client) =>
        await CurlAsync(exporter, client is { } shown ? ["--cert", shown.Certificate, "--key", shown.Key] : []) == (0, "1.1 200");

    private async Task<(int Code, string Answer)> CurlAsync(ExporterProcess exporter, string[] arguments)
    {
        string[] version = arguments.Any(static argument => argument.StartsWith("--http", StringComparison.Ordinal)) ? [] : ["--http1.1"];
        CommandResult result = await Command.TryRunAsync(
            "curl",
            [
                "--silent", "--noproxy", "*", "--output", "/dev/null", "--write-out", "%{http_version} %{http_code}", "--cacert", _certificates.Authority, .. version, .. arguments,
                new Uri(exporter.Address, "/metrics").ToString(),
            ],
            ExporterProcess.Deadline);
        return (result.ExitCode, result.Output);
    }

    private async Task AssertRefusedAsync(string configuration, string expected)
    {
        string file = Write(configuration);
        CommandResult result = await Command.TryRunAsync(
            Repository.Executable, ["--listen", "127.0.0.1:0", "--web.config.file", file], ExporterProcess.Deadline);
        Assert.Equal((2, "", $"memsnoop: {file}{expected}\n"), (result.ExitCode, result.Output, result.Error));
    }
}
