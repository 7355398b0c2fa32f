namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>Processes come and go while the real program pushes: none of the living is missing in any message, in any temporality.</summary>
[Collection(EndToEndCollection.Name)]
public class PushChurnTests(ITestOutputHelper output)
{
    private const string Resident = "memsnoop.process.memory.resident";
    private const string Faults = "memsnoop.process.page_faults";

    public static TheoryData<string> Temporalities => new("cumulative", "lowmemory", "delta");

    [Theory]
    [MemberData(nameof(Temporalities))]
    [OrdinaryTier]
    public Task Nobody_living_is_missing_nobody_dead_is_there_and_deltas_add_up(string temporality) => ChurnAsync(temporality, rounds: 2, ofARound: 500);

    [Theory]
    [MemberData(nameof(Temporalities))]
    [LongTier("push-churn")]
    public async Task The_same_of_10000_processes(string temporality) =>
        Measured.Note("push-churn", $"{temporality}: {await ChurnAsync(temporality, rounds: 5, ofARound: 2000)}");

    private async Task<string> ChurnAsync(string temporality, int rounds, int ofARound)
    {
        using NamedWorkload program = await NamedWorkload.MakeAsync("churn");
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync();
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
        [
            "--name", $"^{program.Name}$", "--interval", "0s",
            "--no-collector.working-set", "--no-collector.process-io", "--no-collector.scheduling", "--no-collector.open-files", "--no-collector.disk-io",
            "--otlp", receiver.Http.ToString(), "--otlp.interval", "250ms", "--otlp.temporality", temporality,
        ]);

        // The kernel tells the time of its start in whole seconds, so a process can seem a second older than it is, and a delta tells only of
        // what happened since the exporter's start.
        await receiver.MessageAsync(static _ => true, after: 6);
        List<Workload> churns = [];
        List<int> living = [];
        try
        {
            for (int round = 0; round < rounds; round++)
            {
                int before = receiver.Taken;
                Workload churn = await Workload.StartAsync(program.Path, "--count", $"{ofARound}", "--rate", "500", "--alive", "300", "--life-ms", "500", "--keep", "4");
                churns.Add(churn);

                // Those of the rounds before were alive the whole time.
                Assert.All(receiver.Messages().Skip(before + 1), message => Assert.Equal([], living.Except(message.Pids(Resident))));
                living.AddRange([churn.Pid, .. churn.Pids("kept")]);
            }

            // The second one from here on was begun after the last child's end.
            OtlpMessage last = await receiver.NextAsync(skip: 1);
            Assert.Equal(rounds * ofARound, churns.Sum(static churn => churn.Number("started")));
            Assert.Equal(living.Order(), last.Pids(Resident).Order());
            Assert.All(receiver.Requests, static request => Assert.Equal(0, request.Status));
            Assert.All(receiver.Messages(), static message => Assert.DoesNotContain(message.Points, static point => point.Attributes.ContainsKey("otel.metric.overflow")));

            int seen = receiver.Messages().SelectMany(static message => message.Pids(Resident)).Distinct().Count();
            int sets = receiver.Messages().SelectMany(static message => message.Points.Select(static point => (point.Metric, string.Join(',', point.Attributes.Values)))).Distinct().Count();
            string figures = $"{receiver.Taken} messages with {seen} processes and {sets} series; {last.Points.Count} points in the last";
            output.WriteLine($"{temporality}: {figures}");
            Assert.True(seen > rounds * ofARound / 10, $"Only {seen} of the processes were seen.");

            // The parents wait: what they have counted stands still, in the sum of all messages or in the last one.
            Scrape scrape = await exporter.ScrapeAsync();
            IReadOnlyList<OtlpMessage> messages = temporality == "delta" ? receiver.Messages() : [receiver.Messages()[^1]];
            string expected = temporality == "delta" ? "DELTA" : "CUMULATIVE";
            Assert.All(churns, churn =>
            {
                OtlpPoint[] points = [.. messages.SelectMany(message => message.Of(Faults, churn.Pid))];
                Assert.All(points, point => Assert.Equal(expected, point.Temporality));
                Assert.Equal(scrape.Sum("memsnoop_process_page_faults_total", churn.Pid), points.Sum(static point => point.Value));
            });
            return figures;
        }
        finally
        {
            churns.ForEach(static churn => churn.Dispose());
        }
    }
}
