namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>Certificates: the receiver's is checked, ours is shown, and what is wrong with either is one line of log.</summary>
[Collection(EndToEndCollection.Name)]
[OrdinaryTier]
public sealed class PushTlsTests(ITestOutputHelper output) : IDisposable
{
    // A connection that is broken off is tried again until the timeout. What is logged then is how the last attempt ended, and on a busy machine
    // that may be the timeout itself: then there is more time.
    private static readonly int[] Timeouts = [2, 4, 8, 16];
    private const string CutShort = "no answer within";

    private readonly Certificates _certificates = new();

    public static TheoryData<string, bool> ProtocolsAndWays => new() { { "grpc", false }, { "grpc", true }, { "http/protobuf", false }, { "http/protobuf", true } };

    public static TheoryData<string> Protocols => new("grpc", "http/protobuf");

    [Theory]
    [MemberData(nameof(ProtocolsAndWays))]
    public async Task The_authority_given_by_option_or_variable_is_trusted(string protocol, bool byVariable)
    {
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync(_certificates);
        await using ExporterProcess exporter = byVariable
            ? await StartAsync(receiver, protocol, [], $"OTEL_EXPORTER_OTLP_CERTIFICATE={_certificates.Authority}")
            : await StartAsync(receiver, protocol, ["--otlp.certificate", _certificates.Authority]);
        await receiver.MessageAsync(static message => message.Points.Count > 0);
        Assert.DoesNotContain(exporter.Log, static line => line.Contains("msg=\"push to", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(ProtocolsAndWays))]
    public async Task A_receiver_that_another_authority_vouches_for_is_refused_in_one_line(string protocol, bool system)
    {
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync(_certificates);
        await AssertRefusedAsync(receiver, protocol, system ? [] : ["--otlp.certificate", _certificates.Stranger], "certificate");
        Assert.Empty(receiver.Requests);
    }

    [Theory]
    [MemberData(nameof(ProtocolsAndWays))]
    public async Task A_client_certificate_is_shown_where_it_is_required(string protocol, bool byVariable)
    {
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync(_certificates, requiresClientCertificate: true);
        await using ExporterProcess exporter = byVariable
            ? await StartAsync(
                receiver, protocol, [], $"OTEL_EXPORTER_OTLP_CERTIFICATE={_certificates.Authority}",
                $"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE={_certificates.Client.Certificate}", $"OTEL_EXPORTER_OTLP_CLIENT_KEY={_certificates.Client.Key}")
            : await StartAsync(
                receiver, protocol,
                ["--otlp.certificate", _certificates.Authority, "--otlp.client-certificate", _certificates.Client.Certificate, "--otlp.client-key", _certificates.Client.Key]);
        await receiver.MessageAsync(static message => message.Points.Count > 0);
    }

    [Theory]
    [MemberData(nameof(ProtocolsAndWays))]
    public async Task Without_one_or_with_a_strangers_there_is_one_line_and_nothing_arrives(string protocol, bool none)
    {
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync(_certificates, requiresClientCertificate: true);
        string[] shown = none ? [] : ["--otlp.client-certificate", _certificates.StrangerClient.Certificate, "--otlp.client-key", _certificates.StrangerClient.Key];
        await AssertRefusedAsync(receiver, protocol, ["--otlp.certificate", _certificates.Authority, .. shown], "client certificate");
        Assert.Empty(receiver.Requests);
    }

    [Fact]
    public async Task VictoriaMetrics_takes_it_by_TLS()
    {
        await using VictoriaMetrics server = await VictoriaMetrics.StartAsync(_certificates);
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--name", "^none$", "--otlp", server.SecureEndpoint.ToString(), "--otlp.interval", "200ms", "--otlp.certificate", _certificates.Authority]);
        await server.NumberUntilAsync("memsnoop_build_info", static number => number == 1, ExporterProcess.Deadline);
    }

    public void Dispose() => _certificates.Dispose();

    private async Task AssertRefusedAsync(OtlpReceiver receiver, string protocol, string[] arguments, string word)
    {
        string line = CutShort;
        foreach (int timeout in Timeouts)
        {
            if (!line.Contains(CutShort, StringComparison.Ordinal))
            {
                break;
            }

            // Two pushes, and still one line.
            await using ExporterProcess exporter = await StartAsync(receiver, protocol, ["--otlp.timeout", $"{timeout}s", .. arguments]);
            await exporter.ScrapeUntilAsync(static scrape => scrape.Of("memsnoop_otlp_exports_total", ("outcome", "failure")).Sum(static sample => sample.Number) >= 2);
            line = Assert.Single(exporter.Log, static line => line.Contains("msg=\"push to", StringComparison.Ordinal));
            output.WriteLine(line);
        }

        Assert.Contains("level=warn", line, StringComparison.Ordinal);
        Assert.Contains(word, line, StringComparison.OrdinalIgnoreCase);
    }

    private static Task<ExporterProcess> StartAsync(OtlpReceiver receiver, string protocol, string[] arguments, params string[] variables) =>
        ExporterProcess.StartAsync(
            [
                "--name", "^none$", "--no-collector.working-set", "--otlp", (protocol == "grpc" ? receiver.Grpc : receiver.Http).ToString(), "--otlp.protocol", protocol,
                "--otlp.interval", "200ms", .. arguments,
            ],
            ["env", .. variables]);
}
