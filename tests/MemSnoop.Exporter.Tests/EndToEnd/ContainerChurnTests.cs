using System.Globalization;
using MemSnoop.Exporter.Tests.Sampling;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Sampling;
using Microsoft.Extensions.Time.Testing;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>Control groups that come and go, with names that are those of containers and names that only look so: no wrong label, and nothing stays behind.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class ContainerChurnTests(ITestOutputHelper output) : IDisposable
{
    private const int PerSecond = 20;
    private const int OfABatch = 100;

    private readonly SleepingContainers _containers = new();

    [Fact]
    [OrdinaryTier]
    public Task Containers_come_and_go_for_five_seconds() => ChurnAsync(seconds: 5);

    [Fact]
    [LongTier("container-churn")]
    public async Task Containers_come_and_go_for_a_minute() => Measured.Note("container-churn", await ChurnAsync(seconds: 60));

    [Fact]
    [OrdinaryTier]
    public Task Five_hundred_hostile_names() => NamesAsync(500);

    [Fact]
    [LongTier("hostile-control-groups")]
    public async Task Ten_thousand_hostile_names() => Measured.Note("hostile-control-groups", await NamesAsync(10_000));

    /// <summary>What is remembered of containers is counted here, where it can be seen: ids that are looked for, processes that are watched.</summary>
    [Fact]
    [OrdinaryTier]
    public async Task Of_containers_that_have_gone_nothing_is_remembered()
    {
        MemSnoopOptions options = new();
        options.Processes.Names = [Syntax.CompileRegex($"^{_containers.Name}$")];
        options.Processes.ContainerLabels = true;
        options.Readings.DisableDefaults = true;
        options.Readings.Of("statm").Enabled = true;
        options.Readings.Interval = TimeSpan.Zero;
        FakeTimeProvider clock = new();
        using ContainerTree.Observed observed = new(new MeasuredHost(options), clock);
        ContainerNaming naming = Assert.Single(observed.Pipeline.Services.OfType<ContainerNaming>());
        for (int i = 0; i < 300; i++)
        {
            await StartAsync();
            Dictionary<int, Dictionary<string, string>> labels = observed.Read();
            Assert.Equal(_containers.Alive, labels.Count);
            Assert.All(labels, read => Assert.Equal(_containers.Ids[read.Key], read.Value["container_id"]));
            await naming.ReadOnceAsync(TestContext.Current.CancellationToken);

            // Two seconds between readings, and five minutes until an id that nobody asks for is forgotten.
            Assert.InRange(naming.MissCount, 1, PerSecond + (5 * 60 / 2) + 1);
        }

        while (_containers.Alive > 0)
        {
            _containers.End();
        }

        Assert.Empty(observed.Read());
        clock.Advance(TimeSpan.FromMinutes(6));
        await naming.ReadOnceAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, naming.MissCount);
    }

    private async Task<string> ChurnAsync(int seconds)
    {
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--name", $"^{_containers.Name}$", "--container-labels", "--interval", "0s", "--working-set-interval", "500ms"], ExporterProcess.Uncached);
        int before = (await exporter.ScrapeAsync()).Samples.Count;
        using ScrapeRecorder recorder = ScrapeRecorder.Start(exporter);
        using PeriodicTimer timer = new(TimeSpan.FromSeconds(1) / PerSecond);
        for (int i = 0; i < seconds * PerSecond; i++)
        {
            await StartAsync();
            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }

        while (_containers.Alive > 0)
        {
            _containers.End();
        }

        // A window that has begun with them ends without them.
        Scrape last = await exporter.ScrapeUntilAsync(static scrape => scrape.Samples.All(static sample => string.IsNullOrEmpty(sample.Label("container_id"))));
        IReadOnlyList<Scrape> scrapes = await recorder.StopAsync();
        int read = Check(scrapes.SelectMany(static scrape => scrape.Of(Series.Resident)));
        int windows = Check(scrapes.SelectMany(static scrape => scrape.Of(Series.WorkingSet)));
        Check(scrapes.SelectMany(static scrape => scrape.Samples).Where(static sample => sample.Label("pid") is not null));
        Assert.Equal(seconds * PerSecond, _containers.Ids.Count);
        Assert.True(read > seconds * PerSecond / 4, $"Only {read} containers were seen.");
        Assert.True(windows > 0, "No container had a window.");
        return Figures($"{_containers.Ids.Count:N0} containers, {read:N0} seen by {scrapes.Count:N0} scrapes, {windows:N0} with a window", before, last);
    }

    private async Task<string> NamesAsync(int count)
    {
        // Nobody but a scrape looks at processes, so that all are where they belong when they are first seen.
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--name", $"^{_containers.Name}$", "--container-labels", "--interval", "0s", "--no-collector.working-set"], ExporterProcess.Uncached);
        int before = (await exporter.ScrapeAsync()).Samples.Count;
        int inContainers = 0;
        HostileNames names = new(seed: 1);
        for (int i = 0; i < count; i += OfABatch)
        {
            int[] pids = [.. Enumerable.Range(0, OfABatch).Select(_ =>
            {
                (string group, string id) = names.Next();
                inContainers += id.Length > 0 ? 1 : 0;
                return _containers.Start(group, id);
            })];
            foreach (int pid in pids)
            {
                await _containers.StartedAsync(pid);
            }

            Scrape scrape = await exporter.ScrapeAsync();
            Assert.Equal(pids.Order(), scrape.Pids(Series.Resident).Order());
            Check(scrape.Samples.Where(static sample => sample.Label("pid") is not null));
            while (_containers.Alive > 0)
            {
                _containers.End();
            }
        }

        return Figures($"{count:N0} control groups, {inContainers:N0} of them those of containers", before, await exporter.ScrapeAsync());
    }

    /// <summary>Starts one and waits until it is one; ends the oldest if a second's worth of them run.</summary>
    private async Task StartAsync()
    {
        if (_containers.Alive == PerSecond)
        {
            _containers.End();
        }

        string id = SleepingContainers.NewId();
        await _containers.StartedAsync(_containers.Start($"docker/{id}", id));
    }

    /// <summary>Every sample of a process has the id of its container, and no name that nobody gave; how many processes there are among them.</summary>
    private int Check(IEnumerable<ExpositionSample> samples)
    {
        HashSet<int> seen = [];
        foreach (ExpositionSample sample in samples)
        {
            int pid = int.Parse(sample.Label("pid")!, CultureInfo.InvariantCulture);
            seen.Add(pid);
            Assert.Equal((pid, _containers.Ids[pid], "", "", ""), (pid, sample.Label("container_id"), sample.Label("namespace"), sample.Label("pod"), sample.Label("container")));
        }

        return seen.Count;
    }

    /// <summary>Nothing has grown: there are as many series as before the first container.</summary>
    private string Figures(string figures, int before, Scrape after)
    {
        Assert.DoesNotContain(after.Samples, static sample => sample.Label("pid") is not null);
        Assert.InRange(after.Samples.Count, 0, before + OfABatch);
        string all = string.Create(CultureInfo.InvariantCulture, $"{figures}; no wrong label; {before} series before, {after.Samples.Count} after");
        output.WriteLine(all);
        return all;
    }

    public void Dispose() => _containers.Dispose();
}
