using System.Globalization;
using System.Text.Json;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>Pushed to VictoriaMetrics and scraped by Prometheus at the same time: PromQL gives the same answers.</summary>
[Collection(EndToEndCollection.Name)]
public class PushedAnswersTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    // What Prometheus notes about each scrape, and what says whose the series are: VictoriaMetrics makes that labels of each series instead. And what is there only while a pass is
    // under way.
    private static readonly HashSet<string> OfTheScrape =
        ["target_info", "up", "scrape_duration_seconds", "scrape_samples_scraped", "scrape_samples_post_metric_relabeling", "scrape_series_added", "memsnoop_measurement_pass_started_seconds"];

    // These tell of one collection or of the moment it was made, and a push is another collection than a scrape.
    private static readonly HashSet<string> OfTheCollection =
    [
        "memsnoop_measurement_cpu_seconds", "memsnoop_measurement_duration_seconds", "memsnoop_otlp_duration_seconds",
        "memsnoop_process_uptime_seconds", "process_cpu_seconds_total", "process_resident_memory_bytes", "process_virtual_memory_bytes", "process_open_fds",
    ];

    private static readonly string[] OfOthers = ["_working_set_", "_idle_", "_proportional_"];

    [Fact]
    [OrdinaryTier]
    public async Task Every_name_is_in_both_and_every_answer_is_the_same()
    {
        using Workload asleep = await Workload.StartAsync("touch", "--resident", "40", "--hot", "0");
        using Workload awake = await Workload.StartAsync("touch", "--resident", "40", "--hot", "10");
        using Workload puppet = await Workload.StartAsync("puppet");
        await puppet.TellAsync("burn 50");
        await puppet.TellAsync("fault 100");
        await RestsAsync(asleep.Pid);
        await RestsAsync(puppet.Pid);
        await using VictoriaMetrics pushed = await VictoriaMetrics.StartAsync();
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
        [
            "--pid", $"{asleep.Pid}", "--pid", $"{awake.Pid}", "--pid", $"{puppet.Pid}", "--collector.smaps", "--interval", "3s", "--working-set-interval", "2s", "--idle-ages", "0s,2s",
            "--otlp", pushed.Endpoint.ToString(), "--otlp.interval", "1s",
        ]);
        await using PrometheusServer scraped = await PrometheusServer.StartAsync(exporter.Address, Interval);
        await scraped.NumberUntilAsync("count_over_time(up[5m])", static count => count >= 18, TimeSpan.FromSeconds(90));

        // Five seconds ago, so that there are scrapes on both sides of the time.
        await pushed.FlushAsync();
        double time = QueryServer.Now - 5;
        (JsonElement resource, _) = Assert.Single(await scraped.QueryAsync("target_info"));
        string[] ofTheResource = [.. resource.EnumerateObject().Select(static label => label.Name).Where(static name => name is not ("__name__" or "instance" or "job"))];
        Dictionary<string, double> answers = Series(await pushed.QueryAsync("{__name__!=''}", time), ofTheResource);
        Dictionary<string, double> theirs = Series(await scraped.QueryAsync("{job='memsnoop'}", time), ["job", "instance"]);
        Dictionary<string, (double Least, double Most)> around = (await scraped.SamplesAsync("{job='memsnoop'}[11s]", time + 4)).ToDictionary(
            static series => Identity(series.Labels, ["job", "instance"]),
            static series => (series.Samples.Min(static sample => sample.Value), series.Samples.Max(static sample => sample.Value)));

        Assert.Equal(Names(theirs.Keys), Names(answers.Keys));
        Assert.Equal(theirs.Keys.Order(StringComparer.Ordinal), answers.Keys.Order(StringComparer.Ordinal));
        int equal = 0;
        List<string> moved = [];
        List<string> wrong = [];
        foreach ((string series, double value) in answers)
        {
            (double least, double most) = around[series];
            if (value.Equals(theirs[series]))
            {
                equal++;
            }
            else if (OfTheCollection.Contains(Name(series)) || (least < most && value >= least && value <= most))
            {
                moved.Add(Name(series));
            }
            else
            {
                wrong.Add(string.Create(CultureInfo.InvariantCulture, $"{series}: pushed {value}, scraped {theirs[series]}, around that time {least} to {most}"));
            }
        }

        output.WriteLine($"{Names(answers.Keys).Count()} names, {answers.Count} series: {equal} equal, {moved.Count} between the scrapes around them ({string.Join(", ", moved.Distinct())}).");
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));

        // The two are asleep, so nothing of their own may differ; what they share with others, and who touches it, does.
        foreach (int pid in new[] { asleep.Pid, puppet.Pid })
        {
            string text = $"pid=\"{pid}\"";
            string[] own = [.. answers.Keys.Where(series => series.Contains(text, StringComparison.Ordinal) && !OfTheCollection.Contains(Name(series)) && !OfOthers.Any(series.Contains))];
            Assert.True(own.Length >= 20, $"Only {own.Length} series of {pid}.");
            Assert.All(own, series => Assert.Equal((series, theirs[series]), (series, answers[series])));
        }
    }

    // On a busy machine they have not fallen asleep yet when they say that they are about to.
    private static Task RestsAsync(int pid) => Eventually.HoldsAsync(async () =>
    {
        string before = Switches(pid);
        await Task.Delay(TimeSpan.FromMilliseconds(500), TestContext.Current.CancellationToken);
        return before == Switches(pid);
    });

    private static string Switches(int pid) => string.Join(' ', File.ReadLines($"/proc/{pid}/status").Where(static line => line.Contains("ctxt_switches", StringComparison.Ordinal)));

    private static Dictionary<string, double> Series(IEnumerable<(JsonElement Labels, double Value)> results, string[] without) => results
        .Select(series => (Identity: Identity(series.Labels, without), series.Value))
        .Where(static series => !OfTheScrape.Contains(Name(series.Identity)))
        .ToDictionary(static series => series.Identity, static series => series.Value);

    // The name and the labels of a series, but not those that say where it comes from.
    private static string Identity(JsonElement labels, string[] without) =>
        labels.GetProperty("__name__").GetString() + "{" + string.Join(',', labels.EnumerateObject()
            .Where(label => label.Name != "__name__" && !without.Contains(label.Name))
            .OrderBy(static label => label.Name, StringComparer.Ordinal)
            .Select(static label => $"{label.Name}=\"{label.Value.GetString()}\"")) + "}";

    private static string Name(string identity) => identity[..identity.IndexOf('{', StringComparison.Ordinal)];

    private static IEnumerable<string> Names(IEnumerable<string> identities) => identities.Select(Name).Distinct().Order(StringComparer.Ordinal);
}
