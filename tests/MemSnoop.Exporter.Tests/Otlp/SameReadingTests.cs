using MemSnoop.Exporter.Collector;
using MemSnoop.Exporter.Tests.Prometheus;
using MemSnoop.Metrics.Sampling;
using Microsoft.Extensions.DependencyInjection;

namespace MemSnoop.Exporter.Tests.Otlp;

/// <summary>A scrape and a push over the same instruments.</summary>
public sealed class SameReadingTests : IAsyncLifetime
{
    private readonly CollectionNumber _collections = new(TimeProvider.System);
    private TimeSpan _shared = TimeSpan.Zero;
    private long _seen = -1;
    private int _reads;
    private TestReceiver _receiver = null!;
    private ScrapeHost _scrapes = null!;
    private PushHost _pushes = null!;

    public async ValueTask InitializeAsync()
    {
        _receiver = await TestReceiver.StartAsync();
        _scrapes = await ScrapeHost.StartAsync(options => options.Collecting = () => _collections.Begin(_shared));
        for (int i = 0; i < 20; i++)
        {
            _scrapes.Meter.CreateObservableGauge($"reading{i:00}", () => Read(i));
        }

        _pushes = new PushHost(_receiver.Url, shared: (_scrapes.Meter, _scrapes.App.Services.GetRequiredService<MetricCollector>()));
    }

    public async ValueTask DisposeAsync()
    {
        _pushes.Dispose();
        await _scrapes.DisposeAsync();
        await _receiver.DisposeAsync();
    }

    [Fact]
    public async Task Side_by_side_each_sees_one_reading_from_beginning_to_end()
    {
        using CancellationTokenSource enough = new();
        Task<List<string>> scraping = Task.Run(async () =>
        {
            List<string> texts = [];
            while (!enough.IsCancellationRequested)
            {
                texts.Add(await _scrapes.ScrapeAsync());
            }

            return texts;
        });
        for (int i = 0; i < 50; i++)
        {
            Assert.Null((await _pushes.Push.PushAsync()).Failure);
        }

        await enough.CancelAsync();
        Assert.All(await scraping, static text =>
            Assert.Single(ExpositionChecker.Samples(text).Where(static sample => sample.Name.StartsWith("reading", StringComparison.Ordinal)).Select(static sample => sample.Value).Distinct()));
        OtlpMessage[] messages = [.. _receiver.Messages];
        Assert.Equal(50, messages.Length);
        Assert.All(messages, static message => Assert.Single(Values(message).Distinct()));
        Assert.Equal(50, messages.SelectMany(Values).Distinct().Count());
    }

    [Fact]
    public async Task One_soon_after_the_other_shares_its_reading()
    {
        _shared = TimeSpan.FromHours(1);
        string text = await _scrapes.ScrapeAsync();
        await _pushes.Push.PushAsync();
        await _pushes.Push.PushAsync();
        Assert.Equal(1, Volatile.Read(ref _reads));
        double scraped = ExpositionChecker.Samples(text).First(static sample => sample.Name.StartsWith("reading", StringComparison.Ordinal)).Number;
        Assert.Equal([scraped], _receiver.Messages.SelectMany(Values).Distinct());
    }

    [Fact]
    public async Task Streams_of_the_push_are_not_scraped()
    {
        await _pushes.Push.PushAsync();
        ExpositionSample[] samples = [.. ExpositionChecker.Samples(await _scrapes.ScrapeAsync())];
        Assert.Equal(20, samples.Count(static sample => sample.Name.StartsWith("reading", StringComparison.Ordinal)));
    }

    private static IEnumerable<double> Values(OtlpMessage message) => message.Points.Select(static point => point.Value);

    // What is read once per collection; the instruments in between take a moment, so that two collections would mix if they could.
    private long Read(int instrument)
    {
        long collection = _collections.Current;
        if (Interlocked.Exchange(ref _seen, collection) != collection)
        {
            Interlocked.Increment(ref _reads);
        }

        Thread.SpinWait(200 * (instrument % 3));
        return collection;
    }
}
