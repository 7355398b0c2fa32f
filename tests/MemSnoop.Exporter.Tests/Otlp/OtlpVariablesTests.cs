using MemSnoop.Metrics.Configuration;
using MemSnoop.Exporter.Diagnostics;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Tests.Commands;

namespace MemSnoop.Exporter.Tests.Otlp;

/// <summary>What OpenTelemetry's variables mean, and which layer wins.</summary>
public class OtlpVariablesTests
{
    [Fact]
    public void Nothing_is_pushed_unless_asked_for()
    {
        OtlpOptions options = new CommandLineRun(("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")).Options().Otlp;
        Assert.False(options.IsOn);
    }

    [Theory]
    [InlineData("http://x:1", "http/protobuf", "http://x:1/v1/metrics")]
    [InlineData("http://x:1/", "http/protobuf", "http://x:1/v1/metrics")]
    [InlineData("http://x:1/opentelemetry", "http/protobuf", "http://x:1/opentelemetry/v1/metrics")]
    [InlineData("http://x:1/a/v1/metrics", "http/protobuf", "http://x:1/a/v1/metrics")]
    [InlineData("https://x", "grpc", "https://x/")]
    public void An_endpoint_is_where_the_receiver_is(string endpoint, string protocol, string expected)
    {
        Assert.Equal(new Uri(expected), new CommandLineRun(("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint), ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)).Options().Otlp.Url());
        Assert.Equal(new Uri(expected), new CommandLineRun().Options("--otlp", endpoint, "--otlp.protocol", protocol).Otlp.Url());
    }

    [Fact]
    public void The_endpoint_for_metrics_is_taken_as_it_stands_and_stands_above_the_general_one()
    {
        (string, string)[] variables = [("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://m/in?x=1"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://all")];
        Assert.Equal(new Uri("http://m/in?x=1"), new CommandLineRun(variables).Options().Otlp.Url());
        Assert.Equal(new Uri("http://ours/v1/metrics"), new CommandLineRun(variables).Options("--otlp", "http://ours").Otlp.Url());
        Assert.Equal(
            new Uri("http://third/v1/metrics"), new CommandLineRun([.. variables, ("MemSnoop__Otlp__Endpoint", "http://third")]).Options().Otlp.Url());
    }

    [Fact]
    public void Each_variable_for_metrics_stands_above_the_general_one()
    {
        OtlpOptions options = new CommandLineRun(
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://x"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"), ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=1"), ("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "b=Basic%20Zm9v%3D, c = d"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "1000"), ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "2000"), ("OTEL_METRIC_EXPORT_TIMEOUT", "9000"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "none"), ("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "gzip"),
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/proc/stat"), ("OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE", "/proc/uptime"),
            ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "LowMemory"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "15000")).Options().Otlp;
        Assert.Equal((OtlpProtocol.HttpProtobuf, OtlpCompression.Gzip, OtlpTemporality.LowMemory), (options.Protocol, options.Compression, options.Temporality));
        Assert.Equal([new HttpHeader("b", "Basic Zm9v="), new HttpHeader("c", "d")], options.Headers);
        Assert.Equal(("2s", "15s", "/proc/uptime"), (options.Timeout.ToString(), options.Interval.ToString(), options.Certificate));
    }

    [Fact]
    public void Without_a_timeout_of_its_own_a_push_has_the_readers()
    {
        Assert.Equal("9s", new CommandLineRun(("OTEL_METRIC_EXPORT_TIMEOUT", "9000")).Options().Otlp.Timeout.ToString());
        Assert.Equal("3s", new CommandLineRun(("OTEL_METRIC_EXPORT_TIMEOUT", "9000"), ("MemSnoop__Otlp__Timeout", "3s")).Options().Otlp.Timeout.ToString());
    }

    [Theory]
    [InlineData("OTEL_METRICS_EXPORTER", "none")]
    [InlineData("OTEL_METRICS_EXPORTER", "prometheus")]
    [InlineData("OTEL_SDK_DISABLED", "true")]
    public async Task What_forbids_to_push_beats_the_other_variables_but_contradicts_our_option(string variable, string value)
    {
        (string, string)[] variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://x"), (variable, value)];
        Assert.False(new CommandLineRun(variables).Options().Otlp.IsOn);
        CommandLineRun run = new(variables);
        Assert.Equal(2, await run.RunAsync("--otlp", "http://y"));
        Assert.Equal($"memsnoop: --otlp: contradicts {variable}, which turns the push off; expected one of them\n", run.Error.ToString());
    }

    [Theory]
    [InlineData("otlp", "", "http://localhost:4318/v1/metrics")]
    [InlineData("otlp,prometheus", "grpc", "http://localhost:4317/")]
    public void Who_asks_for_the_exporter_by_name_means_its_default_address(string exporters, string protocol, string expected) =>
        Assert.Equal(new Uri(expected), new CommandLineRun(("OTEL_METRICS_EXPORTER", exporters), ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)).Options().Otlp.Url());

    [Fact]
    public async Task An_error_names_the_variable_that_was_given()
    {
        CommandLineRun run = new(("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://x/a"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"));
        Assert.Equal(2, await run.RunAsync("check"));
        Assert.StartsWith("memsnoop: OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://x/a' has a path; ", run.Error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_resource_names_the_SDK_where_it_is_used()
    {
        Assert.DoesNotContain(ExporterResource.Create(new CommandLineRun().Options()), static pair => pair.Key.StartsWith("telemetry.", StringComparison.Ordinal));
        Assert.Contains(KeyValuePair.Create("telemetry.sdk.language", (object)"dotnet"), ExporterResource.Create(new CommandLineRun().Options("--otlp", "http://x")));
    }

    [Fact]
    public void A_resource_is_what_can_be_found_out_and_over_it_what_the_user_says()
    {
        ExporterOptions options = new CommandLineRun(
            ("OTEL_RESOURCE_ATTRIBUTES", "service.name=other,deployment.environment.name=test%2C%20one,host.name=box"), ("OTEL_SERVICE_NAME", "mine")).Options();
        Dictionary<string, object> resource = ExporterResource.Create(options).ToDictionary();
        Assert.Equal(
            ("mine", "box", "test, one", "linux"),
            (resource["service.name"], resource["host.name"], resource["deployment.environment.name"], resource["os.type"]));
        Assert.True(Guid.TryParseExact((string)resource["service.instance.id"], "D", out _));
        Assert.NotEqual(resource["service.instance.id"], ExporterResource.Create(options).ToDictionary()["service.instance.id"]);
        Assert.Equal("other", new CommandLineRun(("OTEL_RESOURCE_ATTRIBUTES", "service.name=other")).Options().Resource.ServiceName);
    }
}
