using System.Diagnostics.Metrics;
using System.IO.Compression;
using System.Net;
using MemSnoop.Exporter.Prometheus;
using MemSnoop.Exporter.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using static MemSnoop.Exporter.Tests.Prometheus.Instruments;

namespace MemSnoop.Exporter.Tests.Prometheus;

/// <summary>The endpoint as HTTP clients see it: parts I and J, and lines L5 and L6, of the exposition rules.</summary>
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
        Assert.Equal(AcceptHeader.Choose(accept).ContentType, get.Content.Headers.ContentType?.ToString());
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

    [Theory]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    [InlineData("OPTIONS")]
    public async Task Only_reading_is_allowed(string method) // I4
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync();
        foreach (string path in new[] { "/metrics", "/", "/-/healthy", "/-/ready" })
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
    public async Task One_format_never_shows_in_the_other() // I8, J1
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync();
        AddTypical(host.Meter);
        string text = await host.ScrapeAsync();
        string openMetrics = await host.ScrapeAsync(openMetrics: true);
        string[] results = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => host.ScrapeAsync(openMetrics: i % 2 == 1)));
        Assert.All(results.Where((_, i) => i % 2 == 0), result => Assert.Equal(text, result));
        Assert.All(results.Where((_, i) => i % 2 == 1), result => Assert.Equal(openMetrics, result));
    }

    [Fact]
    public async Task A_thousand_scrapes_at_once_share_one_collection() // J1, J4
    {
        using ManualResetEventSlim gate = new();
        int runs = 0;
        await using ScrapeHost host = await ScrapeHost.StartAsync(
            options =>
            {
                options.MaxRequests = 0;
                options.CacheDuration = TimeSpan.FromSeconds(1);
            },
            new FakeTimeProvider());
        host.Meter.CreateObservableGauge("x", () =>
        {
            Eventually.Released(gate);
            return ++runs;
        });
        Task<string>[] scrapes = [.. Enumerable.Range(0, 1000).Select(i => host.ScrapeAsync(openMetrics: i % 2 == 1))];
        await Eventually.HoldsAsync(() => host.Requests.Started == 1000);
        gate.Set();
        string[] texts = await Task.WhenAll(scrapes);
        Assert.Equal(1, runs);
        Assert.All(texts, text => Assert.StartsWith("# TYPE x gauge\nx 1\n", text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Scrapes_above_the_limit_are_turned_away() // J8
    {
        using ManualResetEventSlim gate = new();
        await using ScrapeHost host = await ScrapeHost.StartAsync(options => options.MaxRequests = 2);
        host.Meter.CreateObservableGauge("x", () =>
        {
            Eventually.Released(gate);
            return 1;
        });
        Task<string>[] scrapes = [host.ScrapeAsync(), host.ScrapeAsync()];
        await Eventually.HoldsAsync(() => host.Requests.Started == 2);
        using HttpResponseMessage third = await host.GetAsync();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, third.StatusCode);
        Assert.Equal("2 scrapes are in progress, which is the limit.\n", await third.Content.ReadAsStringAsync(Cancel));
        gate.Set();
        await Task.WhenAll(scrapes);
        await host.ScrapeAsync();
    }

    [Fact]
    public async Task A_scrape_that_takes_too_long_is_told_so() // J5, J6
    {
        FakeTimeProvider clock = new();
        using ManualResetEventSlim gate = new();
        await using ScrapeHost host = await ScrapeHost.StartAsync(options => options.CallbackBudget = options.CollectionBudget = TimeSpan.FromDays(1), clock);
        host.Meter.CreateObservableGauge("x", () =>
        {
            Eventually.Released(gate);
            return 1;
        });
        using HttpResponseMessage late = await Eventually.EndsAsync(host.GetAsync(headers: headers => headers.Add(ScrapeTimeout.HeaderName, "2.5")), clock);
        Assert.Equal(HttpStatusCode.RequestTimeout, late.StatusCode);
        Assert.Empty(await late.Content.ReadAsByteArrayAsync(Cancel));
        gate.Set();
        using HttpResponseMessage inTime = await host.GetAsync(headers: headers => headers.Add(ScrapeTimeout.HeaderName, "2.5"));
        Assert.Equal(HttpStatusCode.OK, inTime.StatusCode);
        using HttpResponseMessage unlimited = await host.GetAsync(headers: headers => headers.Add(ScrapeTimeout.HeaderName, "-1"));
        Assert.Equal(HttpStatusCode.OK, unlimited.StatusCode);
    }

    [Fact]
    public async Task Being_late_counts_even_when_no_timer_has_noticed() // J6
    {
        ManualClock clock = new();
        await using ScrapeHost host = await ScrapeHost.StartAsync(clock: clock);
        host.Meter.CreateObservableGauge("x", () =>
        {
            clock.Elapsed += TimeSpan.FromSeconds(3);
            return 1;
        });
        using HttpResponseMessage late = await host.GetAsync(headers: headers => headers.Add(ScrapeTimeout.HeaderName, "3"));
        Assert.Equal(HttpStatusCode.RequestTimeout, late.StatusCode);
        using HttpResponseMessage inTime = await host.GetAsync(headers: headers => headers.Add(ScrapeTimeout.HeaderName, "3.001"));
        Assert.Equal(HttpStatusCode.OK, inTime.StatusCode);
    }

    [Fact]
    public async Task A_client_that_leaves_stops_the_callbacks_it_alone_waited_for() // J6
    {
        using ManualResetEventSlim gate = new();
        int later = 0;
        await using ScrapeHost host = await ScrapeHost.StartAsync();
        host.Meter.CreateObservableGauge("a", () =>
        {
            Eventually.Released(gate);
            return 1;
        });
        host.Meter.CreateObservableGauge("b", () => ++later);
        using (CancellationTokenSource abort = new())
        {
            Task<HttpResponseMessage> scrape = host.Client.GetAsync("/metrics", abort.Token);
            await Eventually.HoldsAsync(() => host.Requests.Started == 1);
            await abort.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => scrape);
        }

        await Eventually.HoldsAsync(() => host.Requests.Ended == 1);
        gate.Set();
        Assert.Equal("# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n", await host.ScrapeAsync());
        Assert.Empty(host.Log.All);
    }

    [Fact]
    public async Task Shutting_down_does_not_wait_for_a_scrape() // J8
    {
        using ManualResetEventSlim gate = new();
        await using ScrapeHost host = await ScrapeHost.StartAsync();
        host.Meter.CreateObservableGauge("x", () =>
        {
            Eventually.Released(gate);
            return 1;
        });
        Task<HttpResponseMessage> scrape = host.GetAsync();
        await Eventually.HoldsAsync(() => host.Requests.Started == 1);
        host.App.Lifetime.StopApplication();
        using HttpResponseMessage response = await scrape;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        gate.Set();
    }

    [Fact]
    public async Task A_text_that_is_being_sent_is_never_written_over() // J4
    {
        // Large enough that the connection's buffers cannot take it whole while nobody reads.
        const int Series = 200_000;
        await using ScrapeHost host = await ScrapeHost.StartAsync(kestrel: true);
        int round = 0;
        host.Meter.CreateObservableGauge("x", () => Enumerable.Range(0, Series).Select(i => new Measurement<long>(round, Tags(("i", i), ("comm", "a process with a name")))));
        using HttpResponseMessage slow = await host.Client.GetAsync("/metrics", HttpCompletionOption.ResponseHeadersRead, Cancel);
        for (round = 1; round <= 3; round++)
        {
            IReadOnlyList<ExpositionSample> newer = ExpositionChecker.Samples(await host.ScrapeAsync());
            Assert.All(newer, sample => Assert.Equal(round, sample.Number));
        }

        Assert.Equal(3, host.Requests.Ended);
        IReadOnlyList<ExpositionSample> older = ExpositionChecker.Samples(await slow.Content.ReadAsStringAsync(Cancel));
        Assert.Equal(Series, older.Count);
        Assert.All(older, sample => Assert.Equal(0, sample.Number));
    }

    [Fact]
    public async Task A_client_that_leaves_while_it_is_served_leaves_nothing_behind() // J6
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync(options => options.MaxRequests = 1, kestrel: true);
        host.Meter.CreateObservableGauge("x", () => Enumerable.Range(0, 200_000).Select(i => new Measurement<long>(1, Tags(("i", i), ("comm", "a process with a name")))));
        for (int i = 0; i < 3; i++)
        {
            using (await host.Client.GetAsync("/metrics", HttpCompletionOption.ResponseHeadersRead, Cancel))
            {
            }

            int expected = i + 1;
            await Eventually.HoldsAsync(() => host.Requests.Ended == expected);
        }

        await host.ScrapeAsync();
        Assert.Empty(host.Log.All);
    }

    [Fact]
    public async Task The_landing_page_leads_to_the_metrics() // L5
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync();
        using HttpResponseMessage response = await host.GetAsync("/");
        string page = await response.Content.ReadAsStringAsync(Cancel);
        Assert.Equal("text/html; charset=UTF-8", response.Content.Headers.ContentType?.ToString());
        Assert.Contains("<h1>Test &amp; exporter</h1>", page, StringComparison.Ordinal);
        Assert.Contains("1.2.3", page, StringComparison.Ordinal);
        Assert.Contains("<a href=\"/metrics\">", page, StringComparison.Ordinal);
        using HttpResponseMessage head = await host.SendAsync(HttpMethod.Head, "/");
        Assert.Equal(response.Content.Headers.ContentLength, head.Content.Headers.ContentLength);
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
        app.MapLandingPage("x", "1", "/");
        await app.StartAsync(Cancel);
        using HttpClient client = new() { BaseAddress = new Uri(app.Urls.First()) };
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync("/-/ready", Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/-/healthy", Cancel)).StatusCode);
        ready = true;
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/-/ready", Cancel)).StatusCode);

        // The telemetry path is the root, so there is no landing page in its way.
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/", Cancel)).StatusCode);
        Assert.Throws<ArgumentException>(() => app.MapExactly("metrics", _ => Task.CompletedTask));
        Assert.Throws<ArgumentException>(() => app.MapExactly("/{metrics}", _ => Task.CompletedTask));
    }

    [Fact]
    public void Options_that_make_no_sense_are_named()
    {
        PrometheusExporterOptions options = new()
        {
            CacheDuration = TimeSpan.FromSeconds(-1),
            MaxBodyBytes = 0,
            MaxRequests = -1,
            CallbackBudget = TimeSpan.Zero,
            CollectionBudget = TimeSpan.Zero,
        };
        string[] failures = [.. new PrometheusExporterOptionsValidator().Validate(null, options).Failures!];
        Assert.Equal(5, failures.Length);
        Assert.True(new PrometheusExporterOptionsValidator().Validate(null, new PrometheusExporterOptions()).Succeeded);
    }
}
