using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using MemSnoop.Exporter.Tests.EndToEnd;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>The queries of the dashboards, asked of a real Prometheus that scrapes a real exporter, which watches programs whose use of memory is known.</summary>
[OrdinaryTier]
[Collection(EndToEndCollection.Name)]
public sealed partial class DashboardQueriesTests(DashboardQueriesTests.Host host, ITestOutputHelper output) : IClassFixture<DashboardQueriesTests.Host>
{
    private const string Node = "memsnoop-node";
    private const string Health = "memsnoop-exporter";
    private const string Used = "Memory used: the largest processes";
    private const string Held = "Memory held: the largest processes";
    private const string Idle = "Idle memory by age";
    private const string Faults = "Page faults";
    private const string StorageIO = "Storage IO";
    private const string ProcessLegend = "{{comm}} {{pid}} on {{instance}}";

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    // What a data source of Grafana takes for the interval of scrapes unless it is told another: rates are over a minute.
    private static readonly TimeSpan AssumedInterval = TimeSpan.FromSeconds(15);

    // Nothing is idle for minutes here.
    private static readonly Dictionary<string, string[]> All = new() { ["age"] = ["2"] };

    public static TheoryData<string> Uids => [.. Dashboard.Uids];

    [Theory]
    [MemberData(nameof(Uids))]
    public async Task Every_query_of_every_panel_finds_data(string uid)
    {
        // With everything chosen, as the dashboard opens; with one of each; and with names whose characters have a meaning in both kinds of quoting.
        Dashboard dashboard = Dashboard.Read(uid);
        string instance = host.Exporter.Address.Authority;
        Dictionary<string, string[]>[] choices =
        [
            All,
            new(All)
            {
                ["job"] = ["memsnoop"], ["instance"] = [instance], ["namespace"] = ["shop"], ["pod"] = [DashboardStandIns.Pod], ["container"] = [Host.Container],
                ["process"] = ["touch"], ["workload"] = ["web"],
            },
            new(All) { ["job"] = ["memsnoop", "other"], ["instance"] = ["10.0.0.1:9464", instance], ["process"] = ["(sd-pam)", "touch"] },
        ];
        foreach (Dictionary<string, string[]> chosen in choices)
        {
            foreach (DashboardPanel panel in dashboard.Panels)
            {
                foreach (DashboardTarget target in panel.Targets)
                {
                    IReadOnlyList<(JsonElement Labels, double Value)> found = await host.FindAsync(dashboard.Interpolate(target.Query, AssumedInterval, chosen));
                    output.WriteLine($"{panel}, {target.Legend}: {string.Join(' ', found.Select(static series => series.Value))}");
                    Assert.All(found, series =>
                    {
                        Assert.True(double.IsFinite(series.Value) && series.Value >= 0, $"{panel}, {target.Legend}: {series.Value}");
                        Assert.All(LegendLabel().Matches(target.Legend), label => Assert.True(
                            series.Labels.TryGetProperty(label.Groups[1].Value, out _), $"{panel}: {label.Value} is no label of {series.Labels}"));

                        // Rows of several queries become one where all labels agree, and each of them is a column.
                        Assert.True(panel.Type != "table" || series.Labels.EnumerateObject().All(label => panel.Columns.ContainsKey(label.Name)), $"{panel}, {target.Legend}: {series.Labels}");
                    });
                }
            }

            foreach (string query in dashboard.Annotations)
            {
                // Nobody is killed for memory here: that the series are there is all that can be seen.
                Assert.NotEmpty(await host.FindAsync(dashboard.Interpolate(query, AssumedInterval, chosen).Replace(" > 0", " >= 0", StringComparison.Ordinal)));
            }
        }
    }

    [Fact]
    public async Task Panels_show_what_the_programs_do()
    {
        Assert.InRange(await OfTouchAsync(Used), 38 * Series.MB, 44 * Series.MB);
        Assert.InRange(await OfTouchAsync(Held), 200 * Series.MB, 230 * Series.MB);

        // All that both hold is idle for 0 s at least. For 2 s, all but what touch uses.
        Dictionary<string, double> idle = (await host.FindAsync(Query(Node, Idle, "at least {{age}} s"), 2))
            .ToDictionary(static series => series.Labels.GetProperty("age").GetString()!, static series => series.Value);
        Assert.Equal(["0", "2"], idle.Keys.Order());
        Assert.InRange(idle["0"], 200 * Series.MB, 230 * Series.MB);
        Assert.InRange(idle["0"] - idle["2"], 38 * Series.MB, 50 * Series.MB);

        await host.Puppet.TellAsync("fault 10000");
        double faults = await MaximumUntilAsync(Query(Node, Faults, ProcessLegend), 10_000);
        long written = host.WrittenToStorage;
        await host.Puppet.TellAsync($"write 20000000 {host.File}");
        written = host.WrittenToStorage - written;   // 0 where the file system has no storage behind it
        double rate = await MaximumUntilAsync(Query(Node, StorageIO, "written: " + ProcessLegend), written);
        output.WriteLine($"10,000 faults: {faults}/s; {written} bytes to storage: {rate} B/s");
    }

    /// <summary>The buckets of the heat map, made of ages: each has what is idle for less than its bound, and the last has all.</summary>
    [Fact]
    public async Task Heat_map_has_the_idle_ages_as_buckets()
    {
        Dictionary<string, double> buckets = (await host.FindAsync(Query(Node, "How old the memory is", "{{le}}", new(All) { ["process"] = ["touch"] }), 2))
            .ToDictionary(static series => series.Labels.GetProperty("le").GetString()!, static series => series.Value);
        Assert.Equal(["+Inf", "2"], buckets.Keys.Order(StringComparer.Ordinal));
        Assert.InRange(buckets["2"], 38 * Series.MB, 50 * Series.MB);
        Assert.InRange(buckets["+Inf"], 200 * Series.MB, 230 * Series.MB);
    }

    [Fact]
    public async Task Health_is_that_of_the_exporter()
    {
        // A scrape that comes late on a busy machine is a failed one to Prometheus, until the next.
        await BecomesAsync("Up", "up", 1);
        await BecomesAsync("Measurements failing", "failing", 0);
        await BecomesAsync("Processes watched", "processes watched", 2);
        await BecomesAsync("Processes left out", "processes left out", 0);

        Task BecomesAsync(string title, string legend, double wanted) =>
            host.Server.NumberUntilAsync(Query(Health, title, legend), number => number == wanted, ExporterProcess.Deadline);
    }

    [Theory]
    [MemberData(nameof(Uids))]
    public async Task Every_variable_finds_its_values(string uid)
    {
        Dictionary<string, string[]> expected = new()
        {
            ["job"] = ["memsnoop"],
            ["instance"] = [host.Exporter.Address.Authority],
            ["namespace"] = ["shop"],
            ["pod"] = [DashboardStandIns.Pod],
            ["workload"] = ["web"],
            ["container"] = [Host.Container],
            ["process"] = ["puppet", "touch"],
            ["pid"] = [.. new[] { $"{host.Puppet.Pid}", $"{host.Touch.Pid}" }.Order(StringComparer.Ordinal)],
            ["age"] = ["2"],
        };
        Dashboard dashboard = Dashboard.Read(uid);
        foreach ((string name, JsonElement variable) in dashboard.Variables)
        {
            if (!expected.TryGetValue(name, out string[]? values))
            {
                Assert.True(name == "cluster" || variable.GetProperty("type").GetString() != "query", name);   // nobody gave the target a label for a cluster
                continue;
            }

            string query = variable.GetProperty("query").GetString()!;
            string pattern = variable.GetProperty("regex").GetString()!;
            Regex? wanted = pattern == "" ? null : new Regex(pattern.Trim('/'));

            // label_values(SELECTOR, LABEL): the values of a label that the series of a selector have. query_result(QUERY): lines, of which an expression takes its groups.
            Match labelValues = LabelValues().Match(query);
            IEnumerable<string> found;
            if (labelValues.Success)
            {
                string label = labelValues.Groups["label"].Value;
                found = (await host.FindAsync($"group by ({label}) ({dashboard.Interpolate(labelValues.Groups["selector"].Value, AssumedInterval, All)})", values.Length))
                    .Where(series => series.Labels.TryGetProperty(label, out _))   // an empty label is none
                    .Select(series => series.Labels.GetProperty(label).GetString()!)
                    .Where(value => wanted?.IsMatch(value) != false);
            }
            else
            {
                string asked = QueryResult().Match(query).Groups["query"].Value;
                found = (await host.FindAsync(dashboard.Interpolate(asked, AssumedInterval, All), values.Length))
                    .Select(series => wanted!.Match(Line(series.Labels)))
                    .Select(static match => match.Groups["text"].Value.EndsWith(" " + match.Groups["value"].Value, StringComparison.Ordinal) ? match.Groups["value"].Value : match.Value);
            }

            Assert.Equal(values, found.Order(StringComparer.Ordinal));
        }

        // As Grafana writes a result.
        static string Line(JsonElement labels) => "{" + string.Join(',', labels.EnumerateObject().Select(static label => $"{label.Name}=\"{label.Value.GetString()}\"")) + "} 1 0";
    }

    private static string Query(string uid, string title, string legend, Dictionary<string, string[]>? chosen = null)
    {
        Dashboard dashboard = Dashboard.Read(uid);
        return dashboard.Interpolate(dashboard.Panels.Single(panel => panel.Title == title).Targets.Single(target => target.Legend == legend).Query, AssumedInterval, chosen ?? All);
    }

    private async Task<double> OfTouchAsync(string title) => (await host.FindAsync(Query(Node, title, ProcessLegend)))
        .Single(series => series.Labels.GetProperty("comm").GetString() == "touch").Value;

    // A rate spreads what happened over its minute, and extrapolates upwards alone.
    private Task<double> MaximumUntilAsync(string query, long happened) =>
        host.Server.NumberUntilAsync($"max({query})", rate => rate >= happened / 60.0, ExporterProcess.Deadline);

    [GeneratedRegex(@"\{\{(\w+)\}\}")]
    private static partial Regex LegendLabel();

    [GeneratedRegex(@"^label_values\((?<selector>.*), (?<label>\w+)\)$")]
    private static partial Regex LabelValues();

    [GeneratedRegex(@"^query_result\((?<query>.*)\)$")]
    private static partial Regex QueryResult();

    /// <summary>
    /// Two programs, one of them in a container of a pod by the name of its control group, an exporter that watches them and a Prometheus that scrapes it, and stand-ins for what
    /// one host cannot have.
    /// </summary>
    public sealed class Host : IAsyncLifetime
    {
        internal const string Container = "nginx";

        private const string ContainerId = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        private const string Uid = "11112222-3333-4444-5555-666677778888";

        private readonly TemporaryDirectory _logs = new();
        private Cgroup _group = null!;
        private DashboardStandIns _standIns = null!;

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
            _group = Cgroup.Make(Touch.Pid, $"kubepods/burstable/pod{Uid}/{ContainerId}");
            System.IO.File.CreateSymbolicLink(_logs[$"{DashboardStandIns.Pod}_shop_{Container}-{ContainerId}.log"], $"/var/log/pods/shop_{DashboardStandIns.Pod}_{Uid}/{Container}/0.log");
            Exporter = await ExporterProcess.StartAsync(
            [
                "--pid", $"{Touch.Pid}", "--pid", $"{Puppet.Pid}", "--working-set-interval", "1s", "--idle-ages", "0s,2s", "--container-logs", _logs.Root,
                "--collector.smaps", "--collector.oom", "--collector.info", "--event", "page-faults",
            ]);

            // Its windows have begun, so that all its series are there.
            Scrape scrape = await Exporter.ScrapeUntilAsync(scrape => scrape.Of(Series.Idle, Touch.Pid).Any(static sample => sample.Label("age") == "2"));
            _standIns = await DashboardStandIns.StartAsync(Exporter.Address.Authority, Container, ContainerId, scrape.Samples.Select(static sample => sample.Name).ToHashSet());
            Server = await PrometheusServer.StartAsync($"""
                global:
                  scrape_interval: {Interval.TotalMilliseconds}ms
                  scrape_timeout: {Interval.TotalMilliseconds}ms
                scrape_configs:
                  - job_name: memsnoop
                    static_configs:
                      - targets: ['{Exporter.Address.Authority}']
                  # These say themselves what their job and instance are.
                  - job_name: others
                    honor_labels: true
                    static_configs:
                      - targets: ['{_standIns.Url.Authority}']
                """);
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
            await _standIns.DisposeAsync();
            await Exporter.DisposeAsync();
            _group.Dispose();
            _logs.Dispose();
            Puppet.Dispose();
            Touch.Dispose();
            System.IO.File.Delete(File);
        }
    }
}
