using System.Diagnostics.Metrics;
using System.IO.Compression;
using System.Net;
using MemSnoop.Exporter.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using static MemSnoop.Exporter.Tests.Prometheus.Instruments;

namespace MemSnoop.Exporter.Tests.Prometheus;

/// <summary>The endpoint as HTTP clients see it: parts H and I, and lines L5 and L6, of the exposition rules.</summary>
public class EndpointTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_scrape_answers_with_its_headers(bool openMetrics) // H, I2, I3, I4
    {
        FakeTimeProvider clock = new(new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.Zero));
        await using ScrapeHost host = await ScrapeHost.StartAsync(clock: clock);
        AddTypical(host.Meter);
        string? accept = openMetrics ? ScrapeHost.OpenMetrics : null;
        using HttpResponseMessage get = await host.GetAsync(accept: accept);
        using HttpResponseMessage head = await host.SendAsync(HttpMethod.Head, "/metrics", accept);
        byte[] body = await get.Content.ReadAsByteArrayAsync(Cancel);
        Assert.Equal(HttpStatusCode.OK, get.StatusCode);
        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        Assert.Empty(await head.Content.ReadAsByteArrayAsync(Cancel));
        Assert.Equal(AcceptHeaderTests.Choose(accept).ContentType, get.Content.Headers.ContentType?.ToString());
        Assert.Equal(body.Length, get.Content.Headers.ContentLength);
        Assert.Equal("Accept, Accept-Encoding", string.Join(", ", get.Headers.Vary));
        Assert.Equal("no-store", get.Headers.CacheControl?.ToString());
        Assert.Equal(clock.GetUtcNow(), get.Content.Headers.LastModified);
        Assert.Equal(get.Headers.Concat(get.Content.Headers).Select(Print), head.Headers.Concat(head.Content.Headers).Select(Print));

        static string Print(KeyValuePair<string, IEnumerable<string>> header) => $"{header.Key}: {string.Join(", ", header.Value)}";
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Gzip_inflates_to_the_same_text(bool openMetrics) // I1
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync();
        host.Meter.CreateObservableGauge("x", () => Enumerable.Range(0, 5000).Select(i => new Measurement<long>(i, Tags(("pid", i)))));
        string plain = await host.ScrapeAsync(openMetrics);
        using HttpResponseMessage response = await host.GetAsync(
            accept: openMetrics ? ScrapeHost.OpenMetrics : null, headers: headers => headers.Add("Accept-Encoding", "br, GZIP;q=0.5"));
        Assert.Equal(["gzip"], response.Content.Headers.ContentEncoding);
        Assert.Equal("Accept, Accept-Encoding", string.Join(", ", response.Headers.Vary));
        byte[] compressed = await response.Content.ReadAsByteArrayAsync(Cancel);
        using StreamReader reader = new(new GZipStream(new MemoryStream(compressed), CompressionMode.Decompress));
        Assert.Equal(plain, await reader.ReadToEndAsync(Cancel));
        Assert.True(compressed.Length * 2 < plain.Length);
    }

    [Fact]
    public async Task Scrapes_do_not_count_among_the_requests_of_the_application() // I9
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync();
        IReadOnlyList<Endpoint> endpoints = host.App.Services.GetRequiredService<EndpointDataSource>().Endpoints;
        Assert.Equal(6, endpoints.Count);
        Assert.All(endpoints, endpoint => Assert.NotNull(endpoint.Metadata.GetMetadata<IDisableHttpMetricsMetadata>()));
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    [InlineData("OPTIONS")]
    public async Task Only_reading_is_allowed(string method) // I4
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync();
        foreach (string path in new[] { "/metrics", "/", "/-/healthy", "/healthz", "/-/ready" })
        {
            using HttpResponseMessage response = await host.SendAsync(new HttpMethod(method), path);
            Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
            Assert.Equal("GET, HEAD", string.Join(", ", response.Content.Headers.Allow));
        }
    }

    [Theory]
    [InlineData("/metrics/")]
    [InlineData("/METRICS")]
    [InlineData("/metrics/x")]
    [InlineData("/-/healthy/")]
    [InlineData("/-/Ready")]
    [InlineData("/favicon.ico")]
    [InlineData("/-/")]
    public async Task Other_paths_are_not_found(string path) // I5, L5
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync();
        Assert.Equal(HttpStatusCode.NotFound, (await host.GetAsync(path)).StatusCode);
    }

    [Fact]
    public async Task A_text_above_the_bound_is_refused() // I7
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync(options => options.MaxBodyBytes = 1000);
        int series = 50;
        host.Meter.CreateObservableGauge("x", () => Enumerable.Range(0, series).Select(i => new Measurement<long>(i, Tags(("pid", i)))));
        Assert.Equal(50, ExpositionChecker.Samples(await host.ScrapeAsync()).Count);
        series = 100;
        using (HttpResponseMessage response = await host.GetAsync())
        {
            Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
            Assert.DoesNotContain("pid", await response.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        }

        series = 50;
        Assert.Equal(50, ExpositionChecker.Samples(await host.ScrapeAsync()).Count);

        // Samples alone fit, but not with the metadata.
        using Meter other = new(host.Meter.Name + "b");
        other.CreateObservableGauge("y", () => 1, null, new string('y', 1000));
        Assert.Equal(HttpStatusCode.InternalServerError, (await host.GetAsync()).StatusCode);
    }

    [Fact]
    public async Task Health_runs_no_collection() // L6
    {
        int runs = 0;
        await using ScrapeHost host = await ScrapeHost.StartAsync();
        host.Meter.CreateObservableGauge("x", () => ++runs);
        foreach (HttpMethod method in new[] { HttpMethod.Get, HttpMethod.Head })
        {
            Assert.Equal(HttpStatusCode.OK, (await host.SendAsync(method, "/-/healthy")).StatusCode);
            Assert.Equal(HttpStatusCode.OK, (await host.SendAsync(method, "/-/ready")).StatusCode);
        }

        Assert.Equal(0, runs);
    }

    [Fact]
    public async Task Not_ready_is_503() // L6
    {
        bool ready = false;
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        await using WebApplication app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        app.MapHealth(() => ready);
        app.MapPage("/");
        await app.StartAsync(Cancel);
        using HttpClient client = new() { BaseAddress = new Uri(app.Urls.First()) };
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync("/-/ready", Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/-/healthy", Cancel)).StatusCode);
        ready = true;
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/-/ready", Cancel)).StatusCode);

        // The telemetry path is the root, so there is no page in its way.
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/", Cancel)).StatusCode);
        Assert.Throws<ArgumentException>(() => app.MapExactly("metrics", _ => Task.CompletedTask));
        Assert.Throws<ArgumentException>(() => app.MapExactly("/{metrics}", _ => Task.CompletedTask));
    }
}
