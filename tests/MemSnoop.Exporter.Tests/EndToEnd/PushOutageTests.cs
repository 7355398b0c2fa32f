using System.Diagnostics;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>A receiver that goes away and comes back while processes come and go and scrapes go on.</summary>
[Collection(EndToEndCollection.Name)]
public class PushOutageTests(ITestOutputHelper output)
{
    private static readonly TimeSpan BetweenScrapes = TimeSpan.FromMilliseconds(500);

    private const int Idlers = 200;

    [Fact]
    [OrdinaryTier]
    [Reliability]
    public Task An_outage_of_VictoriaMetrics_costs_no_scrape_and_two_lines_of_log() =>
        OutageAsync(before: TimeSpan.FromSeconds(5), down: TimeSpan.FromSeconds(8), after: TimeSpan.FromSeconds(3));

    [Fact]
    [LongTier("push-outage")]
    public async Task Two_minutes_of_it_cost_no_memory_either()
    {
        List<Sample> samples = await OutageAsync(before: TimeSpan.FromSeconds(40), down: TimeSpan.FromMinutes(2), after: TimeSpan.FromSeconds(20));

        // The first minute is left out: the runtime compiles anew what is called often, and its heap finds its size.
        double[] memory = [.. Enumerable.Range(0, 9).Select(i => Median(samples, TimeSpan.FromSeconds(20 * i), TimeSpan.FromSeconds(20 * (i + 1))))];
        double early = memory[3..5].Max();
        double late = memory[6..8].Max();
        Assert.True(late < early + (16 * Series.MB), $"Resident memory grew from {early / Series.MB:F1} to {late / Series.MB:F1} MB.");
        Assert.True(memory[^1] < early + (16 * Series.MB), $"Resident memory grew from {early / Series.MB:F1} to {memory[^1] / Series.MB:F1} MB.");
        double[] times = Times(samples);
        Measured.Note(
            "push-outage",
            $"{samples.Count} scrapes of {samples.Average(static sample => sample.Processes):F0} processes, median {times[times.Length / 2]:F0} ms; "
            + $"resident memory in each 20 s, MB: {string.Join(' ', memory.Select(static bytes => $"{bytes / Series.MB:F1}"))}");
    }

    private async Task<List<Sample>> OutageAsync(TimeSpan before, TimeSpan down, TimeSpan after)
    {
        CancellationToken cancelled = TestContext.Current.CancellationToken;
        await using VictoriaMetrics server = await VictoriaMetrics.StartAsync();

        // 350 alive at any time, 150 new ones every second.
        using NamedWorkload churn = await NamedWorkload.MakeAsync("churn");
        using NamedWorkload idler = await NamedWorkload.MakeAsync("idler");
        using Workload idlers = await Workload.StartAsync(idler.Path, "--processes", $"{Idlers}");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--name", $"^{churn.Name}$", "--name", $"^{idler.Name}$", "--interval", "0s", "--working-set-interval", "5s", "--otlp", server.Endpoint.ToString(), "--otlp.interval", "1s", "--otlp.timeout", "5s"],
            ExporterProcess.Uncached);
        List<Sample> samples = [];
        using CancellationTokenSource enough = CancellationTokenSource.CreateLinkedTokenSource(cancelled);
        Task scraping = ScrapeAsync(exporter, samples, enough.Token);
        Task churning = ChurnAsync(churn.Path, enough.Token);

        await Task.Delay(before, cancelled);
        long rowsBefore = await server.RowsAsync();
        long stopped = Stopwatch.GetTimestamp();
        await server.StopAsync();
        await Task.Delay(down, cancelled);
        long rowsDown = 0;
        double failures = samples[^1].Failures;
        string[] whileDown = Changes(exporter);
        await server.StartAgainAsync();
        TimeSpan away = Stopwatch.GetElapsedTime(stopped);
        long back = Stopwatch.GetTimestamp();
        await Eventually.ReachesAsync(() => rowsDown = server.RowsAsync().GetAwaiter().GetResult(), static rows => rows > 0);
        TimeSpan untilBack = Stopwatch.GetElapsedTime(back);
        await Task.Delay(after, cancelled);
        await enough.CancelAsync();
        await scraping;
        await churning;

        Assert.True(rowsBefore > 0);
        string[] changes = Changes(exporter);
        double[] healthy = Times(samples.Where(sample => sample.At < before));
        double[] times = Times(samples);
        output.WriteLine(
            $"away for {away.TotalSeconds:F0} s, {failures} exports failed; rows {rowsBefore} before; first rows {untilBack.TotalSeconds:F1} s after it was back\n"
            + $"{samples.Count} scrapes, median {times[times.Length / 2]:F0} ms, slowest {times[^1]:F0} ms; {samples.Average(static sample => sample.Processes):F0} processes in each\n"
            + string.Join('\n', changes));
        Reliability.Note(
            Reliability.Fault, "the receiver of pushes is away", $"some seconds, {failures} pushes failed; a scrape each 0.5 s, median {times[times.Length / 2]:F0} ms, slowest {times[^1]:F0} ms",
            $"first rows {Reliability.Seconds(untilBack)} after it was back", "pushes in that time; sums go on where they were");
        Assert.True(failures > 0);
        Assert.Single(whileDown);
        Assert.Equal(2, changes.Length);

        // One that waited for the receiver would take the seconds of its timeout.
        Assert.True(times[times.Length * 9 / 10] < (5 * healthy[healthy.Length / 2]) + 500, $"Scrapes took {healthy[healthy.Length / 2]} ms before and up to {times[^1]} ms then.");
        Assert.True(samples.Min(static sample => sample.Processes) >= Idlers, "Processes are missing in a scrape.");
        return samples;
    }

    private static double[] Times(IEnumerable<Sample> samples) => [.. samples.Select(static sample => sample.Took.TotalMilliseconds).Order()];

    [Theory]
    [OrdinaryTier]
    [Reliability]
    [InlineData("grpc", "dies")]
    [InlineData("grpc", "refuses")]
    [InlineData("grpc", "hangs")]
    [InlineData("http/protobuf", "dies")]
    [InlineData("http/protobuf", "refuses")]
    [InlineData("http/protobuf", "hangs")]
    public async Task Whatever_befalls_a_receiver_is_one_line_and_its_return_another(string protocol, string what)
    {
        bool isGrpc = protocol == "grpc";
        using Workload puppet = await Workload.StartAsync("puppet");
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync();
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
        [
            "--pid", $"{puppet.Pid}", "--no-collector.working-set", "--otlp", (isGrpc ? receiver.Grpc : receiver.Http).ToString(),
            "--otlp.protocol", protocol, "--otlp.interval", "200ms", "--otlp.timeout", "1s",
        ]);
        await receiver.MessageAsync(static _ => true, after: 2);
        await (what switch
        {
            "dies" => receiver.StopAsync(),
            "refuses" => receiver.AnswerAsync(status: isGrpc ? OtlpReceiver.Unavailable : 503),
            _ => receiver.AnswerAsync(delay: TimeSpan.FromMinutes(5)),
        });
        Scrape scrape = await exporter.ScrapeUntilAsync(static scrape => scrape.Value("memsnoop_otlp_exports_total", ("outcome", "failure")) >= 4);
        string failing = Assert.Single(Changes(exporter));
        Assert.Contains("level=warn", failing, StringComparison.Ordinal);
        Assert.True(scrape.Has(Series.Resident, puppet.Pid), "The scrape lacks the process.");

        int taken = receiver.Taken;
        long back = Stopwatch.GetTimestamp();
        await (what == "dies" ? receiver.StartAgainAsync() : receiver.AnswerAsync());
        OtlpMessage message = await receiver.MessageAsync(static _ => true, after: taken + 1);
        Reliability.Note(Reliability.Fault, $"a receiver of pushes {what} ({protocol})", "4 pushes at least", $"{Reliability.Seconds(Stopwatch.GetElapsedTime(back))} after it answers", "those pushes");
        Assert.Equal([puppet.Pid], message.Pids("memsnoop.process.memory.resident"));
        string working = (await Eventually.ReachesAsync(() => Changes(exporter), static changes => changes.Length > 1))[^1];
        Assert.Contains("works again", working, StringComparison.Ordinal);
        output.WriteLine($"{failing}\n{working}");
        Assert.Equal(2, Changes(exporter).Length);
    }

    private static async Task ScrapeAsync(ExporterProcess exporter, List<Sample> samples, CancellationToken enough)
    {
        long began = Stopwatch.GetTimestamp();
        using PeriodicTimer timer = new(BetweenScrapes);
        try
        {
            do
            {
                long started = Stopwatch.GetTimestamp();
                Scrape scrape = await exporter.ScrapeAsync();
                samples.Add(new Sample(
                    Stopwatch.GetElapsedTime(began),
                    Stopwatch.GetElapsedTime(started),
                    scrape.Value("process_resident_memory_bytes"),
                    scrape.Pids(Series.Resident).Count,
                    scrape.Of("memsnoop_otlp_exports_total", ("outcome", "failure")).Sum(static sample => sample.Number)));
            }
            while (await timer.WaitForNextTickAsync(enough));
        }
        catch (OperationCanceledException) when (enough.IsCancellationRequested)
        {
            // It was enough.
        }
    }

    private static async Task ChurnAsync(string program, CancellationToken enough)
    {
        while (!enough.IsCancellationRequested)
        {
            using Workload churn = await Workload.StartAsync(program, "--count", "1500", "--rate", "150", "--alive", "200", "--life-ms", "1000");
        }
    }

    private static string[] Changes(ExporterProcess exporter) => [.. exporter.Log.Where(static line => line.Contains("msg=\"push to", StringComparison.Ordinal))];

    private static double Median(IEnumerable<Sample> samples, TimeSpan from, TimeSpan to)
    {
        double[] memory = [.. samples.Where(sample => sample.At >= from && sample.At < to).Select(static sample => sample.Resident).Order()];
        return memory[memory.Length / 2];
    }

    private sealed record Sample(TimeSpan At, TimeSpan Took, double Resident, int Processes, double Failures);
}
