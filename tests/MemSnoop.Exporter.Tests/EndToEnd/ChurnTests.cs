namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>Processes come and go, and nothing of the dead stays: neither a series nor memory.</summary>
[Collection(EndToEndCollection.Name)]
public class ChurnTests(ITestOutputHelper output)
{
    private const int OfARound = 2000;
    private const int Settled = 300;

    [Fact]
    [OrdinaryTier]
    public Task After_2000_processes_exactly_the_living_are_listed() => ChurnAsync(rounds: 1, scrapes: 30);

    [Fact]
    [LongTier("churn")]
    public async Task After_36000_processes_and_900_scrapes_exactly_the_living_are_listed_and_memory_is_flat()
    {
        List<double> memory = await ChurnAsync(rounds: 18, scrapes: 900);

        // The middle of thirty each time: garbage comes and goes. The runtime compiles anew what is called often, and its heap finds its
        // size, in the first scrapes; from then on nothing is left to grow.
        double settled = Median(memory[Settled..(Settled + 30)]);
        double last = Median(memory[^30..]);
        string figures = $"36,000 processes, {memory.Count} scrapes; resident memory "
            + $"{settled / Series.MB:F1} MB at scrape {Settled}, {last / Series.MB:F1} MB at the end";
        output.WriteLine(figures);
        Assert.True(last < settled + (16 * Series.MB), $"Resident memory grew from {settled / Series.MB:F1} to {last / Series.MB:F1} MB.");
        Measured.Note("churn", figures);
    }

    /// <summary>The exporter's resident memory at each scrape while processes come and go.</summary>
    private async Task<List<double>> ChurnAsync(int rounds, int scrapes)
    {
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--name", "^churn$", "--interval", "0s", "--working-set-interval", "500ms"], ExporterProcess.Uncached);
        List<Workload> churns = [];
        CancellationToken cancelled = TestContext.Current.CancellationToken;
        try
        {
            Task churning = Task.Run(async () =>
            {
                for (int i = 0; i < rounds; i++)
                {
                    churns.Add(await Workload.StartAsync("churn", "--count", $"{OfARound}", "--rate", "500", "--alive", "50", "--life-ms", "60", "--keep", "4"));
                }
            }, cancelled);

            List<double> memory = [];
            HashSet<int> seen = [];
            using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(100));
            Scrape scrape;
            do
            {
                scrape = await exporter.ScrapeAsync();
                memory.Add(scrape.Value("process_resident_memory_bytes"));
                seen.UnionWith(scrape.Pids(Series.Resident));
                await timer.WaitForNextTickAsync(cancelled);
            }
            while (memory.Count < scrapes || !churning.IsCompleted);

            await churning;
            scrape = await exporter.ScrapeAsync();
            HashSet<int> living = [.. churns.Select(static churn => churn.Pid), .. churns.SelectMany(static churn => churn.Pids("kept"))];
            Assert.Equal(rounds * OfARound, churns.Sum(static churn => churn.Number("started")));
            Assert.Equal(living.Order(), scrape.Pids(Series.Resident).Order());
            Assert.Equal(living.Count, scrape.Value("memsnoop_processes_watched"));
            output.WriteLine($"{memory.Count} scrapes saw {seen.Count} processes.");
            Assert.True(seen.Count > scrapes * 5, $"Only {seen.Count} of the processes were seen by {memory.Count} scrapes.");
            return memory;
        }
        finally
        {
            churns.ForEach(static churn => churn.Dispose());
        }
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
