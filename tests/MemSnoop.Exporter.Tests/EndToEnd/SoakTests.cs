using System.Diagnostics;
using System.Globalization;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>
/// Everything at once for a long time: 100 new processes a second, two scrapers, passes, pushes to a receiver that comes and goes. <c>tests/soak.sh</c> runs it for as long as
/// it is told.
/// </summary>
[Collection(EndToEndCollection.Name)]
public class SoakTests(ITestOutputHelper output)
{
    private const int Idlers = 100;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>
    /// A push holds one descriptor, a scraper one, each of the 50 processes that are alive two at least. They are counted while all of this goes on, and what leaks does so with each of thousands
    /// of processes.
    /// </summary>
    private const int Coincidence = 150;

    [Fact]
    [OrdinaryTier]
    [Reliability]
    public Task Two_minutes_leave_no_trace() => SoakAsync(TimeSpan.FromMinutes(2), slack: 2 * Series.MB, mostMissed: 0.25);

    [Fact]
    [LongTier("soak")]
    public async Task An_hour_leaves_no_trace()
    {
        string? seconds = Environment.GetEnvironmentVariable("MEMSNOOP_SOAK_SECONDS");
        Measured.Note("soak", await SoakAsync(seconds is null ? TimeSpan.FromHours(1) : TimeSpan.FromSeconds(int.Parse(seconds, CultureInfo.InvariantCulture)), slack: 0, mostMissed: 0.01));
    }

    /// <summary>Runs it.</summary>
    /// <param name="length">How long.</param>
    /// <param name="slack">What memory may grow beyond a tenth, in bytes: few collections fall into a short time, so its least is not yet what stays.</param>
    /// <param name="mostMissed">Which part of the passes may be left out: on a machine that others use too, a pass can take longer than its interval of 5 s.</param>
    private async Task<string> SoakAsync(TimeSpan length, double slack, double mostMissed)
    {
        await using VictoriaMetrics receiver = await VictoriaMetrics.StartAsync();
        using NamedWorkload churn = await NamedWorkload.MakeAsync("churn");
        using NamedWorkload idler = await NamedWorkload.MakeAsync("idler");
        using Workload idlers = await Workload.StartAsync(idler.Path, "--processes", $"{Idlers}");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--name", $"^{churn.Name}$", "--name", $"^{idler.Name}$", "--interval", "0s", "--working-set-interval", $"{Interval.TotalSeconds}s", "--otlp", receiver.Endpoint.ToString(), "--otlp.interval", "2s", "--otlp.timeout", "1s"],
            ExporterProcess.Uncached);
        using CancellationTokenSource enough = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        List<Sample> samples = [];
        int started = 0;
        long began = Stopwatch.GetTimestamp();
        Task[] tasks =
        [
            RepeatAsync(TimeSpan.FromMilliseconds(500), async () => samples.Add(await SampleAsync(exporter, began)), enough.Token),
            RepeatAsync(TimeSpan.FromMilliseconds(700), () => exporter.ScrapeAsync(accept: "application/openmetrics-text; version=1.0.0"), enough.Token),
            RepeatAsync(length / 12, () => ComeAndGoAsync(receiver, length / 24, enough.Token), enough.Token),
            RepeatAsync(
                TimeSpan.FromMilliseconds(1),
                async () =>
                {
                    using Workload some = await Workload.StartAsync(churn.Path, "--count", "1000", "--rate", "100", "--alive", "50", "--life-ms", "300");
                    started += 1000;
                },
                enough.Token),
        ];
        await Task.WhenAny(Task.Delay(length, enough.Token), Task.WhenAll(tasks));
        await enough.CancelAsync();
        await Task.WhenAll(tasks);

        // Garbage comes and goes, and with processes descriptors. The least that a time has is what stays.
        Sample[] early = [.. samples.Where(sample => sample.At >= length / 6 && sample.At < length / 2)];
        Sample[] late = [.. samples.Where(sample => sample.At >= length * 2 / 3)];
        double settled = early.Min(static sample => sample.AnonymousBytes);
        double last = late.Min(static sample => sample.AnonymousBytes);
        string figures = string.Create(
            CultureInfo.InvariantCulture,
            $"{length.TotalSeconds:F0} s, {started} processes came and went, {samples.Count} scrapes beside those of a second scraper; anonymous memory {settled / Series.MB:F1} MB after a sixth of the time, {last / Series.MB:F1} MB at the end; descriptors at least {early.Min(static sample => sample.Descriptors)} and {late.Min(static sample => sample.Descriptors)}, threads {early.Max(static sample => sample.Threads)} and {late.Max(static sample => sample.Threads)}; passes left out {samples[^1].Missed}; pushes failed {samples[^1].FailedPushes}");
        output.WriteLine(figures);
        Assert.True(last <= (settled * 1.1) + slack, figures);
        Assert.True(late.Min(static sample => sample.Descriptors) <= early.Min(static sample => sample.Descriptors) + Coincidence, figures);
        Assert.True(late.Max(static sample => sample.Threads) <= early.Max(static sample => sample.Threads) + 4, figures);
        Assert.True(samples.TrueForAll(static sample => sample.Idlers == Idlers + 1), $"A process is missing: {samples.Min(static sample => sample.Idlers)} of {Idlers + 1}. {figures}");
        Assert.True(samples[^1].Missed <= mostMissed * (length / Interval), figures);
        Assert.True(samples[^1].FailedPushes > 0 && started >= 1000, figures);
        Reliability.Note(
            Reliability.Load, $"processes that come and go for {length.TotalSeconds:F0} s, two scrapers, a receiver that comes and goes",
            string.Create(CultureInfo.InvariantCulture, $"{started} processes, {samples.Count} scrapes, {samples[^1].FailedPushes} pushes failed; anonymous memory {settled / Series.MB:F1} MB after a sixth, {last / Series.MB:F1} MB at the end"),
            "as before all the time", string.Create(CultureInfo.InvariantCulture, $"{samples[^1].Missed} passes"));
        return figures;

        async Task<Sample> SampleAsync(ExporterProcess exporter, long began)
        {
            Scrape scrape = await exporter.ScrapeAsync();
            string status = await File.ReadAllTextAsync($"/proc/{exporter.Pid}/status");
            return new Sample(
                Stopwatch.GetElapsedTime(began),
                Field(status, "RssAnon") * 1024,
                Directory.EnumerateFileSystemEntries($"/proc/{exporter.Pid}/fd").Count(),
                (int)Field(status, "Threads"),
                scrape.Of(Series.Resident, ("comm", idler.Name)).Count(),
                scrape.Value("memsnoop_measurement_missed_total", ("measurement", "working-set")),
                scrape.Of("memsnoop_otlp_exports_total", ("outcome", "failure")).Sum(static sample => sample.Number));
        }
    }

    private static double Field(string status, string name) =>
        double.Parse(status.Split('\n').Single(line => line.StartsWith(name + ":", StringComparison.Ordinal)).Split((char[])['\t', ' '], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);

    private static async Task ComeAndGoAsync(VictoriaMetrics receiver, TimeSpan away, CancellationToken enough)
    {
        await receiver.StopAsync();
        await Task.Delay(away, enough).ContinueWith(static _ => { }, TaskScheduler.Default);
        await receiver.StartAgainAsync();
    }

    private static async Task RepeatAsync(TimeSpan every, Func<Task> act, CancellationToken enough)
    {
        using PeriodicTimer timer = new(every);
        try
        {
            while (await timer.WaitForNextTickAsync(enough))
            {
                await act();
            }
        }
        catch (OperationCanceledException) when (enough.IsCancellationRequested)
        {
            // It was enough.
        }
    }

    private sealed record Sample(TimeSpan At, double AnonymousBytes, int Descriptors, int Threads, int Idlers, double Missed, double FailedPushes);
}
