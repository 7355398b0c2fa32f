using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.Time.Testing;
using static MemSnoop.Exporter.Tests.Prometheus.Instruments;

namespace MemSnoop.Exporter.Tests.Prometheus;

/// <summary>Callbacks that fail or hang, the choice of collectors, the cache: lines G8, J1 to J7 and L9 of the exposition rules.</summary>
public class CollectionTests
{
    [Fact]
    public async Task A_callback_that_throws_takes_only_its_own_family_along() // G8
    {
        List<string> failures = [];
        await using ScrapeHost host = await ScrapeHost.StartAsync(options =>
            options.ObservationFailed = (instrument, error) => failures.Add($"{instrument.Name}: {error.Message}"));
        host.Meter.CreateObservableGauge("bad", FailMidway);
        host.Meter.CreateObservableGauge("worse", Measurement<long> () => throw new InvalidOperationException("at once"));
        host.Meter.CreateObservableGauge("good", () => 1);
        host.Meter.CreateObservableGauge("zz.failures", () => failures.Count);
        Assert.Equal("# TYPE good gauge\ngood 1\n# TYPE zz_failures gauge\nzz_failures 2\n", await host.ScrapeAsync());
        Assert.Equal(["bad: midway", "worse: at once"], failures);
        await host.ScrapeAsync(openMetrics: true);
        Assert.Equal(4, failures.Count);
        Assert.Equal(2, host.Log.All.Count);

        static IEnumerable<Measurement<long>> FailMidway()
        {
            yield return new Measurement<long>(1, Tags(("i", 1)));
            throw new InvalidOperationException("midway");
        }
    }

    [Fact]
    public async Task A_report_of_a_failure_that_fails_itself_harms_nobody()
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync(options => options.ObservationFailed = (_, _) => throw new InvalidOperationException("hook"));
        host.Meter.CreateObservableGauge("bad", Measurement<long> () => throw new InvalidOperationException("at once"));
        host.Meter.CreateObservableGauge("good", () => 1);
        Assert.Equal("# TYPE good gauge\ngood 1\n", await host.ScrapeAsync());
    }

    [Fact]
    public async Task A_callback_that_hangs_stays_out_until_it_returns() // J7
    {
        FakeTimeProvider clock = new();
        List<string> failures = [];
        using ManualResetEventSlim gate = new();
        await using ScrapeHost host = await ScrapeHost.StartAsync(
            options => options.ObservationFailed = (instrument, error) => failures.Add($"{instrument.Name}: {error.GetType().Name}"), clock);
        bool hang = true;
        bool entered = false;
        host.Meter.CreateObservableGauge("hanging", Hang);
        host.Meter.CreateObservableGauge("good", () => 1);
        host.Meter.CreateObservableGauge("later", () => 1);
        const string Others = "# TYPE good gauge\ngood 1\n# TYPE later gauge\nlater 1\n";
        Task<string> first = host.ScrapeAsync();

        // The clock runs only while the callback hangs: the others shall have all the time they need on a busy machine.
        await Eventually.HoldsAsync(() => Volatile.Read(ref entered));
        await Eventually.HoldsAsync(() => failures.Count == 1, clock.Advance);
        Assert.Equal(Others, await first);

        // The second scrape does not even wait for it: the clock stands still.
        Assert.Equal(Others, await host.ScrapeAsync());
        Assert.Equal(["hanging: TimeoutException", "hanging: TimeoutException"], failures);

        hang = false;
        gate.Set();
        string expected = "# TYPE good gauge\ngood 1\n# TYPE hanging gauge\nhanging{i=\"1\"} 1\nhanging{i=\"2\"} 2\n# TYPE later gauge\nlater 1\n";
        string text = "";
        await Eventually.HoldsAsync(async () => (text = await host.ScrapeAsync()) != Others);
        Assert.Equal(expected, text);

        IEnumerable<Measurement<long>> Hang()
        {
            yield return new Measurement<long>(1, Tags(("i", 1)));
            if (hang)
            {
                Volatile.Write(ref entered, true);
                Eventually.Released(gate);
            }

            yield return new Measurement<long>(2, Tags(("i", 2)));
        }
    }

    [Fact]
    public async Task What_the_collection_has_no_time_for_is_left_out() // J7
    {
        FakeTimeProvider clock = new();
        List<string> failures = [];
        await using ScrapeHost host = await ScrapeHost.StartAsync(
            options =>
            {
                options.CallbackBudget = TimeSpan.FromSeconds(5);
                options.CollectionBudget = TimeSpan.FromSeconds(8);
                options.ObservationFailed = (instrument, _) => failures.Add(instrument.Name);
            },
            clock);
        using ManualResetEventSlim gate = new();
        foreach (string name in new[] { "a", "b", "c", "d" })
        {
            host.Meter.CreateObservableGauge(name, () =>
            {
                Eventually.Released(gate);
                return 1;
            });
        }

        Task<string> scrape = host.ScrapeAsync();
        await Eventually.HoldsAsync(() => scrape.IsCompleted, clock.Advance);
        Assert.Equal("", await scrape);
        Assert.Equal(["a", "b", "c", "d"], failures);
        gate.Set();
        await Eventually.HoldsAsync(async () => ExpositionChecker.Samples(await host.ScrapeAsync()).Count == 4);
    }

    [Fact]
    public async Task What_belongs_to_no_collector_reports_on_those_that_failed_even_when_time_is_up() // G8, J7
    {
        FakeTimeProvider clock = new();
        HashSet<string> failed = [];
        using ManualResetEventSlim gate = new();
        await using ScrapeHost host = await ScrapeHost.StartAsync(
            options =>
            {
                options.MeasurementOf = instrument => instrument.Name.StartsWith("work", StringComparison.Ordinal) ? instrument.Name : null;
                options.Collecting = failed.Clear;
                options.ObservationFailed = (instrument, _) => failed.Add(instrument.Name);
            },
            clock);
        string[] collectors = ["work1", "work2", "work3"];
        host.Meter.CreateObservableGauge(
            "a.success",
            () => collectors.Select(name => new Measurement<int>(failed.Contains(name) ? 0 : 1, Tags(("collector", name)))));
        foreach (string name in collectors)
        {
            host.Meter.CreateObservableGauge(name, () =>
            {
                Eventually.Released(gate);
                return 1;
            });
        }

        Task<string> scrape = host.ScrapeAsync();
        await Eventually.HoldsAsync(() => failed.Count == 3, clock.Advance);
        Assert.Equal(
            """
            # TYPE a_success gauge
            a_success{collector="work1"} 0
            a_success{collector="work2"} 0
            a_success{collector="work3"} 0

            """,
            await scrape);
        gate.Set();
        await Eventually.HoldsAsync(async () => (await host.ScrapeAsync()).Contains("work3 1", StringComparison.Ordinal));
        Assert.All(ExpositionChecker.Samples(await host.ScrapeAsync()), sample => Assert.Equal("1", sample.Value));
    }

    [Fact]
    public async Task The_step_before_the_callbacks_runs_once_and_fails_for_all() // J2, I6
    {
        int collecting = 0;
        bool fail = false;
        await using ScrapeHost host = await ScrapeHost.StartAsync(options => options.Collecting = () =>
        {
            collecting++;
            if (fail)
            {
                throw new InvalidOperationException("secret cause");
            }
        });
        host.Meter.CreateObservableGauge("a", () => collecting);
        host.Meter.CreateObservableGauge("b", () => collecting);
        Assert.Equal("# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n", await host.ScrapeAsync());
        fail = true;
        for (int i = 0; i < 2; i++)
        {
            using HttpResponseMessage response = await host.GetAsync();
            Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
            string body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.Equal("The collection failed; the exporter's log has the reason.\n", body);
        }

        Assert.Single(host.Log.All, line => line.Contains("secret cause", StringComparison.Ordinal));
        fail = false;
        Assert.Equal("# TYPE a gauge\na 4\n# TYPE b gauge\nb 4\n", await host.ScrapeAsync());
    }

    [Fact]
    public async Task Scrapes_that_wait_for_a_failing_collection_all_fail_and_the_next_succeeds() // J2
    {
        using ManualResetEventSlim gate = new();
        int runs = 0;
        await using ScrapeHost host = await ScrapeHost.StartAsync(options => options.Collecting = () =>
        {
            if (Interlocked.Increment(ref runs) == 1)
            {
                Eventually.Released(gate);
                throw new InvalidOperationException("first");
            }
        });
        Task<HttpResponseMessage>[] scrapes = [.. Enumerable.Range(0, 10).Select(_ => host.GetAsync())];
        await Eventually.HoldsAsync(() => host.Requests.Started == 10);
        gate.Set();
        HttpStatusCode[] statuses = [.. (await Task.WhenAll(scrapes)).Select(response => response.StatusCode)];
        Assert.Contains(HttpStatusCode.InternalServerError, statuses);
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync()).StatusCode);
    }

    [Fact]
    public async Task A_hanging_step_before_the_callbacks_fails_the_collection()
    {
        FakeTimeProvider clock = new();
        using ManualResetEventSlim gate = new();
        await using ScrapeHost host = await ScrapeHost.StartAsync(options => options.Collecting = () => Eventually.Released(gate), clock);
        host.Meter.CreateObservableGauge("a", () => 1);
        Task<HttpResponseMessage> scrape = host.GetAsync();
        await Eventually.HoldsAsync(() => scrape.IsCompleted, clock.Advance);
        Assert.Equal(HttpStatusCode.InternalServerError, (await scrape).StatusCode);
        Assert.Equal(HttpStatusCode.InternalServerError, (await host.GetAsync()).StatusCode);
        gate.Set();
        await Eventually.HoldsAsync(async () => (await host.GetAsync()).StatusCode == HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("", "a b none")]
    [InlineData("?collect[]=a", "a none")]
    [InlineData("?collect[]=a&collect[]=b", "a b none")]
    [InlineData("?collect%5B%5D=b", "b none")]
    [InlineData("?exclude[]=a", "b none")]
    [InlineData("?exclude[]=a&exclude[]=b", "none")]
    [InlineData("?other=1", "a b none")]
    public async Task A_scrape_may_choose_its_collectors(string query, string expected) // L9
    {
        HashSet<string> ran = [];
        await using ScrapeHost host = await ScrapeHost.StartAsync(options =>
            options.MeasurementOf = instrument => instrument.Name == "none" ? null : instrument.Name);
        foreach (string name in new[] { "a", "b", "none" })
        {
            host.Meter.CreateObservableGauge(name, () => ran.Add(name) ? 1 : 1);
        }

        string text = await host.ScrapeAsync(path: "/metrics" + query);
        Assert.Equal(expected, string.Join(' ', ExpositionChecker.Samples(text).Select(sample => sample.Name)));
        Assert.Equal(expected.Split(' ').Order(), ran.Order());
    }

    [Theory]
    [InlineData("?collect[]=a&exclude[]=b", "collect[] and exclude[] cannot be used together.\n")]
    [InlineData("?collect[]=a&collect[]=<x>", "Unknown collector; the known ones are a, b.\n")]
    [InlineData("?collect[]=a&collect[]=bogus", "Unknown collector 'bogus'; the known ones are a, b.\n")]
    [InlineData("?exclude[]=", "Unknown collector; the known ones are a, b.\n")]
    public async Task A_wrong_choice_is_explained_in_one_line(string query, string expected) // L9
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync(options => options.MeasurementOf = instrument => instrument.Name);
        host.Meter.CreateObservableGauge("b", () => 1);
        host.Meter.CreateObservableGauge("a", () => 1);
        using HttpResponseMessage response = await host.GetAsync("/metrics" + query);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("text/plain; charset=utf-8", response.Content.Headers.ContentType?.ToString());
        Assert.Equal(expected, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_fresh_collection_is_served_again_whatever_the_wall_clock_does() // J3, I3
    {
        ManualClock clock = new() { WallClock = new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.Zero) };
        int runs = 0;
        await using ScrapeHost host = await ScrapeHost.StartAsync(
            options =>
            {
                options.CacheDuration = TimeSpan.FromSeconds(2);
                options.MeasurementOf = instrument => instrument.Name;
            },
            clock);
        host.Meter.CreateObservableGauge("x", () => ++runs);
        host.Meter.CreateObservableGauge("y", () => 1);
        Assert.Equal((1, "Wed, 02 Jan 2030 03:04:05 GMT"), await ScrapeAsync(null));
        clock.Elapsed += TimeSpan.FromSeconds(1);
        Assert.Equal((1, "Wed, 02 Jan 2030 03:04:05 GMT"), await ScrapeAsync(ScrapeHost.OpenMetrics));
        clock.WallClock += TimeSpan.FromDays(1);
        Assert.Equal((1, "Wed, 02 Jan 2030 03:04:05 GMT"), await ScrapeAsync(null));

        // A part of what is cached needs no collection of its own, and shows no more than was asked for.
        Assert.Equal("# TYPE y gauge\ny 1\n", await host.ScrapeAsync(path: "/metrics?collect[]=y"));
        clock.Elapsed += TimeSpan.FromSeconds(1);
        Assert.Equal((2, "Thu, 03 Jan 2030 03:04:05 GMT"), await ScrapeAsync(null));

        async Task<(int Runs, string LastModified)> ScrapeAsync(string? accept)
        {
            using HttpResponseMessage response = await host.GetAsync(accept: accept);
            string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            return ((int)ExpositionChecker.Samples(text)[0].Number, response.Content.Headers.GetValues("Last-Modified").Single());
        }
    }

    [Fact]
    public async Task Without_a_cache_every_scrape_collects() // J3
    {
        int runs = 0;
        await using ScrapeHost host = await ScrapeHost.StartAsync();
        host.Meter.CreateObservableGauge("x", () => ++runs);
        for (int i = 1; i <= 3; i++)
        {
            Assert.Equal($"# TYPE x gauge\nx {i}\n", await host.ScrapeAsync());
        }
    }

    [Fact]
    public async Task A_part_that_is_cached_does_not_stand_for_the_whole() // L9
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync(
            options =>
            {
                options.CacheDuration = TimeSpan.FromSeconds(2);
                options.MeasurementOf = instrument => instrument.Name;
            },
            new FakeTimeProvider());
        host.Meter.CreateObservableGauge("x", () => 1);
        host.Meter.CreateObservableGauge("y", () => 1);
        Assert.Equal("# TYPE y gauge\ny 1\n", await host.ScrapeAsync(path: "/metrics?collect[]=y"));
        Assert.Equal("# TYPE x gauge\nx 1\n# TYPE y gauge\ny 1\n", await host.ScrapeAsync());
    }
}
