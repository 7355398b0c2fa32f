using System.Diagnostics.Metrics;
using System.Net;
using MemSnoop.Exporter.Prometheus;
using MemSnoop.Exporter.Web;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using static MemSnoop.Exporter.Tests.Prometheus.Instruments;

namespace MemSnoop.Exporter.Tests.Prometheus;

/// <summary>Scrapes at the same time, late, or given up: part J of the exposition rules.</summary>
public class ConcurrencyTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

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
        Task<HttpResponseMessage> scrape = host.GetAsync(headers: headers => headers.Add(ScrapeHeaders.Timeout, "2.5"));
        await Eventually.HoldsAsync(() => scrape.IsCompleted, clock.Advance);
        using HttpResponseMessage late = await scrape;
        Assert.Equal(HttpStatusCode.RequestTimeout, late.StatusCode);
        Assert.Empty(await late.Content.ReadAsByteArrayAsync(Cancel));
        gate.Set();
        using HttpResponseMessage inTime = await host.GetAsync(headers: headers => headers.Add(ScrapeHeaders.Timeout, "2.5"));
        Assert.Equal(HttpStatusCode.OK, inTime.StatusCode);
        using HttpResponseMessage unlimited = await host.GetAsync(headers: headers => headers.Add(ScrapeHeaders.Timeout, "-1"));
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
        using HttpResponseMessage late = await host.GetAsync(headers: headers => headers.Add(ScrapeHeaders.Timeout, "3"));
        Assert.Equal(HttpStatusCode.RequestTimeout, late.StatusCode);
        using HttpResponseMessage inTime = await host.GetAsync(headers: headers => headers.Add(ScrapeHeaders.Timeout, "3.001"));
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
        await using ScrapeHost host = await ScrapeHost.StartAsync(options => Patient(options, 40), kestrel: true);
        int round = 0;
        host.Meter.CreateObservableGauge(
            "x", () => Enumerable.Range(0, Series).Select(i => new Measurement<long>(round, Tags(("i", i), ("comm", "a process with a name")))));
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
    public async Task Clients_that_do_not_read_their_answers_make_room_for_one_that_does()
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync(options => Patient(options, 2), kestrel: true);
        host.Meter.CreateObservableGauge(
            "x", () => Enumerable.Range(0, 200_000).Select(i => new Measurement<long>(1, Tags(("i", i), ("comm", "a process with a name")))));
        using HttpResponseMessage first = await host.Client.GetAsync("/metrics", HttpCompletionOption.ResponseHeadersRead, Cancel);
        using HttpResponseMessage second = await host.Client.GetAsync("/metrics", HttpCompletionOption.ResponseHeadersRead, Cancel);
        using HttpResponseMessage third = await host.GetAsync();
        Assert.Equal(HttpStatusCode.OK, third.StatusCode);
        RefusalCounts refusals = host.App.Services.GetRequiredService<RefusalCounts>();
        Assert.Equal((1L, 0L), (refusals.Of(Refusal.SlowReader), refusals.Of(Refusal.Requests)));
        await Assert.ThrowsAnyAsync<Exception>(() => first.Content.ReadAsByteArrayAsync(Cancel));
    }

    [Fact]
    public async Task A_client_that_leaves_while_it_is_served_leaves_nothing_behind() // J6
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync(options => Patient(options, 1), kestrel: true);
        host.Meter.CreateObservableGauge(
            "x", () => Enumerable.Range(0, 200_000).Select(i => new Measurement<long>(1, Tags(("i", i), ("comm", "a process with a name")))));
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

    // So many series take their time on a machine that is busy, and a callback that is given up would leave a text that fits the buffers.
    private static void Patient(ScrapeSetup options, int maxRequests)
    {
        options.MaxRequests = maxRequests;
        options.CallbackBudget = options.CollectionBudget = TimeSpan.FromMinutes(5);
    }
}
