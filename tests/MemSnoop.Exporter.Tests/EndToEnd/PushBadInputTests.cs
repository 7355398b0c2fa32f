using MemSnoop.Exporter.Tests.Commands;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>Wrong settings of push: one line that names the option or variable and what was expected, exit code 2.</summary>
[Collection(EndToEndCollection.Name)]
[OrdinaryTier]
public class PushBadInputTests
{
    public static TheoryData<string[], string[], string> Wrong => new()
    {
        { [], ["--otlp", "collector"], "--otlp: 'collector' is not a URL; expected an http:// or https:// URL" },
        { [], ["--otlp", "ftp://collector:4318"], "--otlp: 'ftp://collector:4318' is not an HTTP URL; expected an http:// or https:// URL" },
        { [], ["--otlp", "http://collector:99999"], "--otlp: 'http://collector:99999' is not a URL; expected an http:// or https:// URL" },
        { [], ["--otlp", "http://me:secret@collector:4318"], "--otlp: contains a user or password; expected an http:// or https:// URL" },
        { [], ["--otlp", "http://collector:4318", "--otlp.protocol", "http/json"], "--otlp.protocol: 'http/json' is not a protocol; expected" },
        { [], ["--otlp", "http://collector:4317/v1/metrics", "--otlp.protocol", "grpc"], "--otlp: 'http://collector:4317/v1/metrics' has a path; expected" },
        { [], ["--otlp", "http://collector:4318", "--otlp.interval", "never"], "--otlp.interval: 'never' is not a duration; expected" },
        { [], ["--otlp", "http://collector:4318", "--otlp.temporality", "both"], "--otlp.temporality: 'both' is not a temporality; expected" },
        { [], ["--otlp", "http://collector:4318", "--otlp.header", "no header"], "--otlp.header: is not a header; expected NAME=VALUE" },
        { [], ["--otlp", "https://collector:4318", "--otlp.certificate", "/no/such.pem"], "--otlp.certificate: '/no/such.pem' does not exist; expected" },
        { [], ["--otlp", "https://collector:4318", "--otlp.certificate", "/etc/passwd"], "--otlp.certificate: '/etc/passwd' contains no certificate; expected a file with certificates in PEM format" },
        { [], ["--otlp", "http://collector:4318", "--otlp.certificate", "/etc/passwd"], "--otlp.certificate: has no effect with 'http://collector:4318'; expected an https:// URL" },
        { ["OTEL_EXPORTER_OTLP_ENDPOINT=collector:4318"], [], "OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' is not an HTTP URL; expected" },
        { ["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http:/collector"], [], "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http:/collector' is not a URL; expected" },
        { ["OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318", "OTEL_EXPORTER_OTLP_PROTOCOL=smoke"], [], "OTEL_EXPORTER_OTLP_PROTOCOL: 'smoke' is not a protocol; expected" },
        { ["OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318", "OTEL_METRIC_EXPORT_INTERVAL=15s"], [], "OTEL_METRIC_EXPORT_INTERVAL: '15s' is not a time; expected a number of milliseconds" },
        { ["OTEL_SDK_DISABLED=true"], ["--otlp", "http://collector:4318"], "--otlp: contradicts OTEL_SDK_DISABLED, which turns the push off; expected one of them" },
        { ["OTEL_METRICS_EXPORTER=none"], ["--otlp", "http://collector:4318"], "--otlp: contradicts OTEL_METRICS_EXPORTER, which turns the push off; expected one of them" },
        { ["MemSnoop__Otlp__Endpont=http://collector:4318"], [], "MemSnoop__Otlp__Endpont: unknown variable; expected MemSnoop__Otlp__Endpoint" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task Is_one_line_and_code_2(string[] variables, string[] arguments, string expected)
    {
        CommandResult result = await Command.TryRunAsync("env", [.. variables, Repository.Executable, "--listen", "127.0.0.1:0", .. arguments], ExporterProcess.Deadline);
        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.StartsWith("memsnoop: " + expected, result.Error, StringComparison.Ordinal);
        Assert.Contains("; expected ", result.Error, StringComparison.Ordinal);
        Assert.True(result.Error.IndexOf('\n', StringComparison.Ordinal) == result.Error.Length - 1, $"Not one line: {result.Error}");
        Assert.DoesNotContain("secret", result.Error, StringComparison.Ordinal);
    }
}
