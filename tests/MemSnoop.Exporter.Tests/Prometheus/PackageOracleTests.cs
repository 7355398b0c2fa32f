extern alias package;

using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using static MemSnoop.Exporter.Tests.Prometheus.Instruments;
using PackageEndpoint = package::Microsoft.AspNetCore.Builder.PrometheusExporterEndpointRouteBuilderExtensions;
using PackageExporter = package::OpenTelemetry.Metrics.PrometheusExporterMeterProviderBuilderExtensions;

namespace MemSnoop.Exporter.Tests.Prometheus;

/// <summary>
/// The same meter through OpenTelemetry.Exporter.Prometheus.AspNetCore and through our endpoint. What differs on purpose is not part of it:
/// the package misspells or lacks some units, appends a unit to a name that ends in <c>_total</c>, and always sends <c>_created</c>.
/// </summary>
public class PackageOracleTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Both_endpoints_publish_the_same_samples(bool openMetrics)
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync(options =>
        {
            options.ScopeLabels = true;
            options.ResourceAttributes = [new("service.name", "memsnoop"), new("host.name", "a\"b"), new("answer", 42L), new("share", 1.0)];
        });
        using Meter scoped = new(new MeterOptions(host.Meter.Name + "scoped") { Version = "1.2", TelemetrySchemaUrl = "https://example.org/1" });
        AddTypical(host.Meter);
        AddNames(scoped);
        await using WebApplication package = await StartPackageAsync(host.Meter.Name);

        string theirs = await ScrapeAsync(package, openMetrics ? ScrapeHost.OpenMetrics : "text/plain");
        string ours = await host.ScrapeAsync(openMetrics);
        Assert.Equal(Samples(theirs), Samples(ours));
        Assert.Equal(Metadata(theirs), Metadata(ours));
    }

    [Fact]
    public async Task Both_endpoints_negotiate_alike()
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync();
        host.Meter.CreateObservableGauge("x", () => 1);
        await using WebApplication package = await StartPackageAsync(host.Meter.Name);
        using HttpClient client = package.GetTestClient();

        // The package knows no protobuf.
        foreach (Xunit.TheoryDataRow<string?, string> row in AcceptHeaderTests.Headers.Where(static row => !row.Data.Item2.Contains("protobuf", StringComparison.Ordinal)))
        {
            using HttpRequestMessage request = new(HttpMethod.Get, "/metrics");
            if (row.Data.Item1 is { } accept)
            {
                request.Headers.TryAddWithoutValidation("Accept", accept);
            }

            using HttpResponseMessage theirs = await client.SendAsync(request, TestContext.Current.CancellationToken);
            using HttpResponseMessage ours = await host.GetAsync(accept: row.Data.Item1);
            Assert.Equal((row.Data.Item1, theirs.Content.Headers.ContentType?.ToString()), (row.Data.Item1, ours.Content.Headers.ContentType?.ToString()));
        }
    }

    private static void AddNames(Meter meter)
    {
        string[] units =
        [
            "By", "KiBy", "s", "ms", "us", "ns", "min", "h", "d", "%", "Hz", "Cel", "m", "W", "1",
            "By/s", "By/m", "{operation}/s", "req/s/x", "# RU", "req s", "{x}",
        ];
        for (int i = 0; i < units.Length; i++)
        {
            meter.CreateObservableGauge($"gauge.{i}", () => 1.5, units[i], "A gauge.");
            meter.CreateObservableCounter($"counter.{i}", () => 2L, units[i], "A counter.");
        }

        meter.CreateObservableGauge("a../b-c__d", () => 1);
        meter.CreateObservableCounter("db_bytes_total", () => 1, "By");
        meter.CreateObservableGauge("x_bytes_total", () => 1, "By");
        meter.CreateObservableGauge(
            "labels",
            () => new Measurement<double>[]
            {
                new(1, Tags(("foo_bar", "u"), ("foo.bar", "d"), ("foo-bar", "h"))),
                new(2, Tags(("b", 2), ("a", 1))),
                new(3, Tags(("a", 1), ("b", 2))),
                new(4, Tags(("container.id", "x"), ("2foo", 2.5f), ("http:method", false), ("a../b", null))),
                new(5, Tags(("otel_scope_name", "p"), ("big", 1e17), ("small", 1e-7), ("byte", (byte)7))),
                new(9007199254740993, Tags(("", "empty"))),
            });
    }

    private static async Task<WebApplication> StartPackageAsync(string meterPrefix)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders();
        builder.Services.AddOpenTelemetry().WithMetrics(metrics => PackageExporter.AddPrometheusExporter(
            metrics
                .AddMeter(meterPrefix + "*")
                .SetResourceBuilder(ResourceBuilder.CreateEmpty().AddAttributes([
                    new("service.name", "memsnoop"), new("host.name", "a\"b"), new("answer", 42L), new("share", 1.0)]))));
        WebApplication app = builder.Build();
        PackageEndpoint.MapPrometheusScrapingEndpoint(app);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }

    private static async Task<string> ScrapeAsync(WebApplication app, string accept)
    {
        using HttpClient client = app.GetTestClient();
        client.DefaultRequestHeaders.TryAddWithoutValidation("Accept", accept);
        return await client.GetStringAsync("/metrics", TestContext.Current.CancellationToken);
    }

    // Labels compare as a set: the package keeps the order of resource attributes, for one. Families, samples and values must be the same.
    private static string[] Samples(string text)
    {
        return [.. ExpositionChecker.Samples(text)
            .Where(sample => !sample.Name.EndsWith("_created", StringComparison.Ordinal))
            .Select(sample => $"{sample.Identity} {sample.Value}".Replace('\0', ' '))
            .Order(StringComparer.Ordinal)];
    }

    private static string[] Metadata(string text) => [.. text.Split('\n').Where(line => line.StartsWith('#')).Order(StringComparer.Ordinal)];
}
