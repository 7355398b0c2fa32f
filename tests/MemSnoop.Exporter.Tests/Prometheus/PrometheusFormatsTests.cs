using System.Collections.Concurrent;
using System.Text.Json;
using MemSnoop.Exporter.Prometheus;
using MemSnoop.Exporter.Tests.EndToEnd;
using Microsoft.AspNetCore.Builder;
using static MemSnoop.Exporter.Tests.Prometheus.Instruments;

namespace MemSnoop.Exporter.Tests.Prometheus;

/// <summary>Real servers store the same series, whatever format they ask for.</summary>
[OrdinaryTier]
public class PrometheusFormatsTests
{
    private const string OpenMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores";
    private const string Text004 = "text/plain; version=0.0.4; charset=utf-8";
    private const string Text100 = "text/plain; version=1.0.0; charset=utf-8; escaping=underscores";

    private static readonly string[] Own = ["up", "scrape_"];

    [Fact]
    public async Task Series_of_all_formats_are_the_same() // P1, P2
    {
        ConcurrentDictionary<string, string> answers = [];
        await using ScrapeHost host = await ScrapeHost.StartAsync(
            static options =>
            {
                options.ResourceAttributes = [new("service.name", "memsnoop"), new("odd", "a\"b\\c\nd")];
                options.CreatedTime = static (_, _) => 1.7e9;
            },
            kestrel: true,
            middleware: app => app.Use(async (context, next) =>
            {
                await next(context);
                answers[context.Request.Query["job"].ToString()] = context.Response.ContentType ?? "";
            }));
        AddTypical(host.Meter);
        string protobuf = ExpositionFormat.Protobuf.With(NameStyle.Underscores).ContentType;
        Dictionary<string, string> expected = new(StringComparer.Ordinal)
        {
            ["old"] = OpenMetrics, ["old-protobuf"] = protobuf, ["new"] = OpenMetrics, ["new-protobuf"] = protobuf, ["new-text"] = Text100, ["new-old-text"] = Text004, ["starts"] = protobuf,
        };
        string three = await Receivers.Prometheus3Async();
        await using PrometheusServer old = await PrometheusServer.StartAsync(Configuration(host, ("old", "")));
        await using PrometheusServer oldProtobuf = await PrometheusServer.StartAsync(Configuration(host, ("old-protobuf", "")), features: "native-histograms");
        await using PrometheusServer recent = await PrometheusServer.StartAsync(
            Configuration(host, ("new", ""), ("new-protobuf", "[PrometheusProto]"), ("new-text", "[PrometheusText1.0.0]"), ("new-old-text", "[PrometheusText0.0.4]")), three);
        await using PrometheusServer starts = await PrometheusServer.StartAsync(Configuration(host, ("starts", "")), three, "created-timestamp-zero-ingestion");

        Dictionary<string, string[]> stored = [];
        foreach (PrometheusServer server in new[] { old, oldProtobuf, recent, starts })
        {
            IReadOnlyList<(JsonElement Labels, double Value)> series = [];
            await Eventually.HoldsAsync(async () =>
            {
                series = await server.QueryAsync("{job=~\".+\"}");
                return series.Count(static one => NameOf(one.Labels) == "up" && one.Value == 1) == (server == recent ? 4 : 1)
                    && series.Count(static one => NameOf(one.Labels) == "sample_queue") == (server == recent ? 4 : 1);
            });
            foreach (IGrouping<string, (JsonElement Labels, double Value)> job in series.GroupBy(static one => one.Labels.GetProperty("job").GetString()!))
            {
                stored[job.Key] = [.. job.Where(static one => !Own.Any(own => NameOf(one.Labels).StartsWith(own, StringComparison.Ordinal))).Select(Print).Order(StringComparer.Ordinal)];
            }
        }

        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), stored.Keys.Order(StringComparer.Ordinal));
        int samples = ExpositionChecker.Samples(await host.ScrapeAsync()).Count;
        Assert.Equal(samples, stored["new"].Length);
        Assert.All(stored, one => Assert.Equal((one.Key, string.Join('\n', stored["old"])), (one.Key, string.Join('\n', one.Value))));
        Assert.All(expected, one => Assert.Equal((one.Key, one.Value), (one.Key, answers[one.Key])));
    }

    /// <summary>With <c>--web.names utf8</c>, the server that takes such names stores them, and any other stores what it would without.</summary>
    [Fact]
    public async Task Series_with_dots_are_for_the_formats_that_have_them()
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync(static options => (options.Names, options.ResourceAttributes) = (NameStyle.Utf8, [new("service.name", "memsnoop")]), kestrel: true);
        AddTypical(host.Meter);
        await using PrometheusServer server = await PrometheusServer.StartAsync(
            Configuration(host, ("dots", ""), ("dots-text", "[PrometheusText1.0.0]"), ("old", "[PrometheusText0.0.4]"), ("old-protobuf", "[PrometheusProto]")), await Receivers.Prometheus3Async());
        IReadOnlyList<(JsonElement Labels, double Value)> series = [];
        await Eventually.HoldsAsync(async () =>
        {
            series = await server.QueryAsync("{job=~\".+\"}");
            return series.Count(static one => NameOf(one.Labels) is "sample.queue" or "sample_queue") == 4;
        });
        Dictionary<string, string> stored = series.Where(static one => !Own.Any(own => NameOf(one.Labels).StartsWith(own, StringComparison.Ordinal)))
            .GroupBy(static one => one.Labels.GetProperty("job").GetString()!)
            .ToDictionary(static job => job.Key, static job => string.Join('\n', job.Select(Print).Order(StringComparer.Ordinal)));
        Assert.Equal(stored["dots"], stored["dots-text"]);
        Assert.Contains("__name__=sample.process.working_set_bytes comm=bash", stored["dots"], StringComparison.Ordinal);
        Assert.Contains("__name__=target_info instance=", stored["dots"], StringComparison.Ordinal);
        Assert.Contains("service.name=memsnoop", stored["dots"], StringComparison.Ordinal);
        Assert.Contains("__name__=sample_process_working_set_bytes comm=bash", stored["old"], StringComparison.Ordinal);

        // 3.5 says of protobuf alone nothing about names, so it gets the usual ones.
        Assert.Equal(stored["old"], stored["old-protobuf"]);
    }

    private static string NameOf(JsonElement labels) => labels.GetProperty("__name__").GetString()!;

    private static string Print((JsonElement Labels, double Value) one) =>
        string.Join(' ', one.Labels.EnumerateObject().Where(static label => label.Name != "job").OrderBy(static label => label.Name, StringComparer.Ordinal).Select(static label => $"{label.Name}={label.Value}"))
        + $" {one.Value:R}";

    private static string Configuration(ScrapeHost host, params (string Name, string Protocols)[] jobs) =>
        "global: { scrape_interval: 1s, scrape_timeout: 1s }\nscrape_configs:\n"
        + string.Concat(jobs.Select(job => $$"""
              - job_name: {{job.Name}}
                params: { job: [{{job.Name}}] }
                static_configs: [{ targets: ['{{host.Client.BaseAddress!.Authority}}'] }]
                {{(job.Protocols.Length > 0 ? "scrape_protocols: " + job.Protocols : "")}}

            """));
}
