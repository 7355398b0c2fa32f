using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using static MemSnoop.Exporter.Tests.Prometheus.Instruments;

namespace MemSnoop.Exporter.Tests.Prometheus;

/// <summary>What only shows under load: allocations, races, connections that break.</summary>
public class LoadTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Writing_samples_allocates_nothing_once_the_buffers_have_grown(bool protobuf)
    {
        // Everything from the first to the last callback runs on one thread, so its own count is exact, whatever other tests do meanwhile.
        const int Processes = 1000;
        const int PerProcess = 10;
        long before = 0;
        List<long> allocated = [];
        await using ScrapeHost host = await ScrapeHost.StartAsync(options =>
        {
            options.Collecting = () => before = GC.GetAllocatedBytesForCurrentThread();
            options.CreatedTime = static (_, _) => 1.7e9;
        });
        KeyValuePair<string, object?>[][] tags = [.. Enumerable.Range(0, Processes).Select(pid => Tags(("pid", pid), ("comm", $"process \"{pid}\" é")))];
        for (int i = 0; i < PerProcess; i++)
        {
            Measurement<long>[] longs = [.. tags.Select((tag, at) => new Measurement<long>(at * 4096L, tag))];
            Measurement<double>[] doubles = [.. tags.Select((tag, at) => new Measurement<double>(at * 0.01, tag))];
            host.Meter.CreateObservableGauge($"level{i}", () => longs, "By", "A level.");
            host.Meter.CreateObservableCounter($"total{i}", () => doubles, "s", "A total.");
        }

        host.Meter.CreateObservableGauge("zz", () =>
        {
            allocated.Add(GC.GetAllocatedBytesForCurrentThread() - before);
            return 1;
        });
        for (int i = 0; i < 5; i++)
        {
            int count = protobuf
                ? (await host.ScrapeProtobufAsync()).Sum(static family => family.Metric.Count)
                : ExpositionChecker.Samples(await host.ScrapeAsync(openMetrics: i % 2 == 0)).Count;
            Assert.Equal((2 * Processes * PerProcess) + 1, count);
        }

        // A few enumerators per instrument, nothing per sample: the smallest object there is has 24 bytes. A collection of garbage, which other
        // tests bring about, takes pooled buffers away, so that one scrape or another needs a new one.
        Assert.InRange(allocated.Min() / (double)(2 * Processes * PerProcess), 0, 1);
    }

    [Fact]
    public async Task Scrapes_of_all_kinds_at_once_are_each_whole_and_consistent() // J1, J4, I8, L9
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync(
            options =>
            {
                options.CacheDuration = TimeSpan.FromMilliseconds(2);
                options.MaxRequests = 0;
                options.MeasurementOf = instrument => instrument.Name[..1];
            },
            kestrel: true);
        int round = 0;
        host.Meter.CreateObservableGauge("a", () =>
        {
            int mine = Interlocked.Increment(ref round);
            return Enumerable.Range(0, 300).Select(i => new Measurement<long>(mine, Tags(("i", i))));
        });
        host.Meter.CreateObservableCounter("b", () => Enumerable.Range(0, round % 500).Select(i => new Measurement<long>(i, Tags(("i", i)))));
        using CancellationTokenSource enough = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        enough.CancelAfter(TimeSpan.FromSeconds(2));
        string[] queries = ["", "?collect[]=a", "?exclude[]=a", "?collect[]=a&collect[]=b"];
        Task<int>[] clients = [.. Enumerable.Range(0, 8).Select(client => Task.Run(async () =>
        {
            int scrapes = 0;
            for (; !enough.IsCancellationRequested; scrapes++)
            {
                string path = "/metrics" + queries[(scrapes + client) % queries.Length];
                IReadOnlyList<ExpositionSample> all = scrapes % 3 == 0
                    ? ProtobufExposition.Samples(await host.ScrapeProtobufAsync(path))
                    : ExpositionChecker.Samples(await host.ScrapeAsync(openMetrics: (scrapes + client) % 2 == 0, path));
                IEnumerable<ExpositionSample> first = all.Where(sample => sample.Name == "a");
                Assert.True(first.Select(sample => sample.Value).Distinct().Count() <= 1);
                Assert.True(first.Count() is 0 or 300);
            }

            return scrapes;
        }))];
        int churn = 0;
        for (; !enough.IsCancellationRequested; churn++)
        {
            using Meter brief = new(host.Meter.Name + "brief");
            brief.CreateObservableGauge($"c{churn % 5}", () => 1);
            using CancellationTokenSource impatient = new(TimeSpan.FromMilliseconds(churn % 7));
            try
            {
                using HttpResponseMessage response = await host.Client.GetAsync("/metrics", impatient.Token);
            }
            catch (OperationCanceledException)
            {
                // The impatient client is the point of it.
            }
        }

        Assert.All(await Task.WhenAll(clients), scrapes => Assert.True(scrapes > 5));
        Assert.True(churn > 5);
        Assert.Empty(host.Log.All);
    }

    [Fact]
    public async Task A_text_that_cannot_be_finished_breaks_the_connection() // I6
    {
        await using ScrapeHost host = await ScrapeHost.StartAsync(
            kestrel: true,
            middleware: app => app.Use((context, next) =>
            {
                context.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(new BreakingStream(context.Response.Body)));
                return next(context);
            }));
        host.Meter.CreateObservableGauge("x", () => Enumerable.Range(0, 10_000).Select(i => new Measurement<long>(1, Tags(("i", i)))));

        // Whether the client has seen the headers by the time the connection breaks is chance.
        Exception? seen = await Record.ExceptionAsync(async () =>
        {
            using HttpResponseMessage begun = await host.Client.GetAsync("/metrics", HttpCompletionOption.ResponseHeadersRead, Cancel);
            await begun.Content.ReadAsStringAsync(Cancel);
        });
        Assert.True(seen is HttpRequestException or IOException, seen?.ToString());
        await Eventually.HoldsAsync(() => host.Requests.Ended == 1);
        Assert.Contains("connection broke", Assert.Single(host.Log.All), StringComparison.Ordinal);
    }

    /// <summary>Passes the first write on and fails at the second.</summary>
    private sealed class BreakingStream(Stream inner) : MemoryStream
    {
        private int _writes;

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_writes++ > 0)
            {
                throw new IOException("broken");
            }

            await inner.WriteAsync(buffer, cancellationToken);
            await inner.FlushAsync(cancellationToken);
        }
    }
}
