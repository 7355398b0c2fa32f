using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using MemSnoop.Exporter.Tests.EndToEnd;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>The queries of <c>grafana/node.json</c>, asked of a real Prometheus that scrapes a real exporter, which watches programs whose use of memory is known.</summary>
[OrdinaryTier]
[Collection(EndToEndCollection.Name)]
public sealed partial class DashboardQueriesTests(DashboardQueriesTests.Host host, ITestOutputHelper output) : IClassFixture<DashboardQueriesTests.Host>
{
    private const string Used = "Memory used: the largest processes";
    private const string Held = "Memory held: the largest processes";
    private const string Idle = "Idle memory by age";
    private const string Faults = "Page faults";
    private const string StorageIO = "Storage IO";
    private const string Health = "Exporter health";
    private const string ProcessLegend = "{{comm}} {{pid}} on {{instance}}";

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    // What a data source of Grafana takes for the interval of scrapes unless it is told another: rates are over a minute.
    private static readonly TimeSpan AssumedInterval = TimeSpan.FromSeconds(15);

    private static readonly Dictionary<string, string[]> All = [];

    private readonly Dashboard _dashboard = Dashboard.Read("node.json");

    [Fact]
    public async Task Every_query_of_every_panel_finds_data()
    {
        // With everything chosen, as the dashboard opens; with one of each; and with names whose characters have a meaning in both kinds of quoting.
        string instance = host.Exporter.Address.Authority;
        Dictionary<string, string[]>[] choices =
        [
            All,
            new() { ["job"] = ["memsnoop"], ["instance"] = [instance], ["process"] = ["touch"] },
            new() { ["job"] = ["memsnoop", "other"], ["instance"] = ["10.0.0.1:9464", instance], ["process"] = ["(sd-pam)", "touch"] },
        ];
        foreach (Dictionary<string, string[]> chosen in choices)
        {
            foreach (DashboardPanel panel in _dashboard.Panels)
            {
                foreach (DashboardTarget target in panel.Targets)
                {
                    IReadOnlyList<(JsonElement Labels, double Value)> found = await host.FindAsync(_dashboard.Interpolate(target.Query, AssumedInterval, chosen));
                    output.WriteLine($"{panel}, {target.Legend}: {string.Join(' ', found.Select(static series => series.Value))}");
                    Assert.All(found, series =>
                    {
                        Assert.True(double.IsFinite(series.Value) && series.Value >= 0, $"{panel}, {target.Legend}: {series.Value}");
                        Assert.All(LegendLabel().Matches(target.Legend), label => Assert.True(
                            series.Labels.TryGetProperty(label.Groups[1].Value, out _), $"{panel}: {label.Value} is no label of {series.Labels}"));
                    });
                }
            }
        }
    }

    [Fact]
    public async Task Panels_show_what_the_programs_do()
    {
        Assert.InRange(await OfTouchAsync(Used), 38 * Series.MB, 44 * Series.MB);
        Assert.InRange(await OfTouchAsync(Held), 200 * Series.MB, 230 * Series.MB);

        // All that both hold is idle for 0 s at least. For 2 s, all but what touch uses.
        Dictionary<string, double> idle = (await host.FindAsync(Query(Idle, "at least {{age}} s"), 2))
            .ToDictionary(static series => series.Labels.GetProperty("age").GetString()!, static series => series.Value);
        Assert.Equal(["0", "2"], idle.Keys.Order());
        Assert.InRange(idle["0"], 200 * Series.MB, 230 * Series.MB);
        Assert.InRange(idle["0"] - idle["2"], 38 * Series.MB, 50 * Series.MB);

        await host.Puppet.TellAsync("fault 10000");
        double faults = await MaximumUntilAsync(Query(Faults, ProcessLegend), 10_000);
        long written = host.WrittenToStorage;
        await host.Puppet.TellAsync($"write 20000000 {host.File}");
        written = host.WrittenToStorage - written;   // 0 where the file system has no storage behind it
        double rate = await MaximumUntilAsync(Query(StorageIO, "written: " + ProcessLegend), written);
        output.WriteLine($"10,000 faults: {faults}/s; {written} bytes to storage: {rate} B/s");
    }

    [Fact]
    public async Task Health_is_that_of_the_exporter()
    {
        // A scrape that comes late on a busy machine is a failed one to Prometheus, until the next.
        await BecomesAsync("up", 1);
        await BecomesAsync("failing", 0);
        await BecomesAsync("processes watched", 2);
        await BecomesAsync("processes left out", 0);

        Task BecomesAsync(string legend, double wanted) => host.Server.NumberUntilAsync(Query(Health, legend), number => number == wanted, ExporterProcess.Deadline);
    }

    [Fact]
    public async Task Every_variable_finds_its_values()
    {
        Dictionary<string, string[]> expected = new()
        {
            ["job"] = ["memsnoop"],
            ["instance"] = [host.Exporter.Address.Authority],
            ["process"] = ["puppet", "touch"],
        };
        foreach ((string name, string[] values) in expected)
        {
            // label_values(SELECTOR, LABEL): the values of a label that the series of a selector have.
            Match match = LabelValues().Match(_dashboard.Variables[name].GetProperty("query").GetString()!);
            string label = match.Groups["label"].Value;
            IReadOnlyList<(JsonElement Labels, double Value)> found = await host.FindAsync(
                $"group by ({label}) ({_dashboard.Interpolate(match.Groups["selector"].Value, AssumedInterval, All)})");
            Assert.Equal(values, found.Select(series => series.Labels.GetProperty(label).GetString()!).Order());
        }
    }

    private string Query(string title, string legend) => _dashboard.Interpolate(
        _dashboard.Panels.Single(panel => panel.Title == title).Targets.Single(target => target.Legend == legend).Query, AssumedInterval, All);

    private async Task<double> OfTouchAsync(string title) => (await host.FindAsync(Query(title, ProcessLegend)))
        .Single(series => series.Labels.GetProperty("comm").GetString() == "touch").Value;

    // A rate spreads what happened over its minute, and extrapolates upwards alone.
    private Task<double> MaximumUntilAsync(string query, long happened) =>
        host.Server.NumberUntilAsync($"max({query})", rate => rate >= happened / 60.0, ExporterProcess.Deadline);

    [GeneratedRegex(@"\{\{(\w+)\}\}")]
    private static partial Regex LegendLabel();

    [GeneratedRegex(@"^label_values\((?<selector>.*), (?<label>\w+)\)$")]
    private static partial Regex LabelValues();

    /// <summary>Two programs, an exporter that watches them and a Prometheus that scrapes it.</summary>
    public sealed class Host : IAsyncLifetime
    {
        // Not in a directory for temporary files, which may be in memory.
        internal string File { get; } = Path.Combine(AppContext.BaseDirectory, $"written-{Environment.ProcessId}");

        internal Workload Touch { get; private set; } = null!;

        internal Workload Puppet { get; private set; } = null!;

        internal ExporterProcess Exporter { get; private set; } = null!;

        internal PrometheusServer Server { get; private set; } = null!;

        internal long WrittenToStorage => long.Parse(
            System.IO.File.ReadLines($"/proc/{Puppet.Pid}/io").Single(static line => line.StartsWith("write_bytes: ", StringComparison.Ordinal)).Split(' ')[1],
            CultureInfo.InvariantCulture);

        public async ValueTask InitializeAsync()
        {
            Touch = await Workload.StartAsync("touch", "--resident", "200", "--hot", "40");
            Puppet = await Workload.StartAsync("puppet");
            Exporter = await ExporterProcess.StartAsync(
                ["--pid", $"{Touch.Pid}", "--pid", $"{Puppet.Pid}", "--working-set-interval", "1s", "--idle-ages", "0s,2s"]);
            Server = await PrometheusServer.StartAsync(Exporter.Address, Interval);
        }

        /// <summary>What a query finds, as soon as it finds so many series.</summary>
        internal async Task<IReadOnlyList<(JsonElement Labels, double Value)>> FindAsync(string query, int atLeast = 1)
        {
            long started = Stopwatch.GetTimestamp();
            while (true)
            {
                IReadOnlyList<(JsonElement Labels, double Value)> found = await Server.QueryAsync(query);
                if (found.Count >= atLeast)
                {
                    return found;
                }

                Assert.True(Stopwatch.GetElapsedTime(started) < ExporterProcess.Deadline, $"{query} finds {found.Count} series.");
                await Task.Delay(TimeSpan.FromMilliseconds(50));
            }
        }

        public async ValueTask DisposeAsync()
        {
            await Server.DisposeAsync();
            await Exporter.DisposeAsync();
            Puppet.Dispose();
            Touch.Dispose();
            System.IO.File.Delete(File);
        }
    }
}
