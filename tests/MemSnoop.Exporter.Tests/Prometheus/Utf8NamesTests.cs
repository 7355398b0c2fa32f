using System.Diagnostics.Metrics;
using MemSnoop.Exporter.Prometheus;
using static MemSnoop.Exporter.Tests.Prometheus.Instruments;
using MetricFamily = MemSnoop.Exporter.Tests.Prometheus.ClientModel.MetricFamily;

namespace MemSnoop.Exporter.Tests.Prometheus;

/// <summary>Names of any characters, line H4 of the exposition rules.</summary>
public class Utf8NamesTests
{
    private const string Utf8 = ";escaping=allow-utf-8";

    [Fact]
    public async Task Names_keep_their_dots_and_stand_between_quotes()
    {
        await using ScrapeHost host = await StartAsync();
        Assert.Equal(
            """
            # TYPE target_info gauge
            # HELP target_info Target metadata
            target_info{"service.name"="memsnoop"} 1
            # TYPE "foo.bar_bytes_total" counter
            # HELP "foo.bar_bytes_total" Bar.
            {"foo.bar_bytes_total","a\"b"="x\"y","cpu.mode"="user",pid="1"} 5
            {"foo.bar_bytes_total"} 6
            # TYPE "foo.level" gauge
            {"foo.level","a:b"="1"} 7
            # TYPE plain_seconds gauge
            plain_seconds{_x="1"} 8

            """,
            await TextAsync(host, "text/plain;version=1.0.0" + Utf8));
        Assert.Equal(
            """
            # TYPE target info
            # HELP target Target metadata
            target_info{"service.name"="memsnoop"} 1
            # TYPE "foo.bar_bytes" counter
            # UNIT "foo.bar_bytes" bytes
            # HELP "foo.bar_bytes" Bar.
            {"foo.bar_bytes_total","a\"b"="x\"y","cpu.mode"="user",pid="1"} 5
            {"foo.bar_bytes_created","a\"b"="x\"y","cpu.mode"="user",pid="1"} 1.5
            {"foo.bar_bytes_total"} 6
            {"foo.bar_bytes_created"} 1.5
            # TYPE "foo.level" gauge
            {"foo.level","a:b"="1"} 7
            # TYPE plain_seconds gauge
            # UNIT plain_seconds seconds
            plain_seconds{_x="1"} 8
            # EOF

            """,
            await TextAsync(host, "application/openmetrics-text;version=1.0.0" + Utf8));
        using HttpResponseMessage response = await host.GetAsync(accept: ScrapeHost.Protobuf + Utf8);
        IReadOnlyList<MetricFamily> families = ProtobufExposition.Parse(await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        Assert.Equal(["target_info", "foo.bar_bytes_total", "foo.level", "plain_seconds"], families.Select(static family => family.Name));
        Assert.Equal(["service.name", "a\"b", "cpu.mode", "pid", "a:b", "_x"], families.SelectMany(static family => family.Metric).SelectMany(static metric => metric.Label).Select(static label => label.Name));
    }

    [Theory] // Whoever takes only some characters gets them, in turns with those who take all.
    [InlineData(null)]
    [InlineData("text/plain;version=1.0.0;escaping=underscores")]
    [InlineData("text/plain;version=1.0.0;escaping=dots")]
    public async Task Others_get_underscores(string? accept)
    {
        await using ScrapeHost host = await StartAsync();
        for (int round = 0; round < 2; round++)
        {
            Assert.Contains("{\"foo.level\"", await TextAsync(host, "text/plain;version=1.0.0" + Utf8), StringComparison.Ordinal);
            string text = await TextAsync(host, accept);
            Assert.Empty(ExpositionChecker.Check(text, openMetrics: false));
            Assert.Contains("\nfoo_bar_bytes_total{a_b=\"x\\\"y\",cpu_mode=\"user\",pid=\"1\"} 5\n", text, StringComparison.Ordinal);
            Assert.Contains("\ntarget_info{service_name=\"memsnoop\"} 1\n", text, StringComparison.Ordinal);
        }
    }

    private static async Task<ScrapeHost> StartAsync()
    {
        ScrapeHost host = await ScrapeHost.StartAsync(static options =>
        {
            options.Names = NameStyle.Utf8;
            options.ResourceAttributes = [new("service.name", "memsnoop")];
            (options.CreatedSeries, options.CreatedTime) = (true, static (_, _) => 1.5);
        });
        host.Meter.CreateObservableCounter(
            "foo.bar", () => new Measurement<long>[] { new(5, Tags(("pid", 1), ("cpu.mode", "user"), ("a\"b", "x\"y"))), new(6) }, "By", "Bar.");
        host.Meter.CreateObservableGauge("foo.level", () => new Measurement<long>(7, Tags(("a:b", 1))));
        host.Meter.CreateObservableGauge("plain", () => new Measurement<long>(8, Tags(("_x", 1))), "s");
        return host;
    }

    private static async Task<string> TextAsync(ScrapeHost host, string? accept)
    {
        using HttpResponseMessage response = await host.GetAsync(accept: accept);
        return await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }
}
