using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using MemSnoop.Exporter.Tests.EndToEnd;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>
/// Every query of the dashboards and every rule of <c>deploy/prometheus</c>, asked of the demonstration's Prometheus: what they find, and for some whether it is what the programs there do.
/// </summary>
[OrdinaryTier]
[Collection(EndToEndCollection.Name)]
public sealed partial class DemoTests(DemoFleet fleet, ITestOutputHelper output) : IClassFixture<DemoFleet>
{
    private const string Node = "memsnoop-node";
    private const string Sizing = "memsnoop-rightsizing";
    private const string Process = "memsnoop-process";
    private const string Health = "memsnoop-exporter";
    private const string Table = "Right-sizing by workload";

    // No name of the program is deprecated in this version, and none can be made so from outside.
    private const string Deprecated = "memsnoop_deprecated_info";

    // The budget of node-h suffices for a part of its memory. deploy/prometheus/tests has one that suffices for nothing.
    private const string BudgetTooSmall = "memsnoop_cpu_budget_needed{for=\"anything\"}";

    // What came back after hours, and what needs more than a week: the fleet is minutes old and has one week of history. deploy/prometheus/tests has them.
    private static readonly string[] Older = ["namespace_workload_container_age:memsnoop_reaccessed_bytes:max1h", "namespace_workload_container:memsnoop_reaccessed_age_seconds:max7d"];
    private static readonly KeyValuePair<string, string> OlderReason = new("reason", "period");

    // What a data source of Grafana takes for the interval of scrapes unless it is told another: rates are over a minute.
    private static readonly TimeSpan AssumedInterval = TimeSpan.FromSeconds(15);

    // Nothing is idle for minutes here.
    private static readonly Dictionary<string, string[]> All = new() { ["age"] = ["10"] };

    public static TheoryData<string> Uids => [.. Dashboard.Uids];

    [Theory]
    [MemberData(nameof(Uids))]
    public async Task Every_query_of_every_panel_finds_data(string uid)
    {
        // With everything chosen, as the dashboard opens; and with several of each, with names whose characters have a meaning in both kinds of quoting. Each dashboard has those of these variables
        // that it has.
        Dashboard dashboard = Dashboard.Read(uid);
        Dictionary<string, string[]> several = new(All)
        {
            ["job"] = ["memsnoop", "other"], ["instance"] = ["10.0.0.1:9464", .. Enumerable.Range('a', 8).Select(static letter => $"node-{(char)letter}")],
            ["namespace"] = ["shop", "batch", "data"], ["process"] = ["(sd-pam)", "nginx", "redis", "report", "hungry", "cases"],
            ["workload"] = ["web", "cache", "report", "hungry", "store", "archive", "squeezed", "search", "import"],
        };
        foreach (Dictionary<string, string[]> chosen in (Dictionary<string, string[]>[])[All, several])
        {
            foreach (DashboardPanel panel in dashboard.Panels)
            {
                foreach (DashboardTarget target in panel.Targets.Where(static target => CanBe(target.Query)))
                {
                    await AssertFindsAsync(panel, target, dashboard.Interpolate(target.Query, AssumedInterval, chosen));
                }
            }

            foreach (string query in dashboard.Annotations)
            {
                Assert.NotEmpty(await fleet.FindAsync(dashboard.Interpolate(query, AssumedInterval, chosen)));
            }
        }
    }

    /// <summary>One pod is chosen: whatever is found is found with finite numbers, and by a query that the server understands.</summary>
    [Theory]
    [InlineData("node-a", "shop", "web-5d4f8-x2x9k", "nginx", "web")]
    [InlineData("node-d", "data", "store-0", "cases", "store")]
    [InlineData("node-h", "data", "search-0", "cases", "search")]
    public async Task Every_query_can_be_asked_of_one_pod(string instance, string @namespace, string pod, string process, string workload)
    {
        Dictionary<string, string[]> one = new(All)
        {
            ["job"] = ["memsnoop"], ["instance"] = [instance], ["namespace"] = [@namespace], ["pod"] = [pod], ["process"] = [process], ["workload"] = [workload],
        };
        foreach (Dashboard dashboard in Dashboard.Uids.Select(Dashboard.Read))
        {
            foreach (DashboardTarget target in dashboard.Panels.SelectMany(static panel => panel.Targets))
            {
                Assert.All(await fleet.Prometheus.QueryAsync(dashboard.Interpolate(target.Query, AssumedInterval, one)), static series => Assert.True(double.IsFinite(series.Value)));
            }
        }
    }

    [Fact]
    public async Task Every_rule_is_evaluated_and_records_something()
    {
        JsonElement[] rules = [.. await fleet.RulesAsync()];
        Assert.Equal(PrometheusRules.All.Count, rules.Length);
        Assert.All(rules, static rule => Assert.True(rule.GetProperty("health").GetString() == "ok", $"{rule}"));
        foreach (PrometheusRule rule in PrometheusRules.All.Where(static rule => !rule.IsAlert && CanBe(rule.Name) && !Older.Contains(rule.Name) && !rule.Labels.Contains(OlderReason)))
        {
            // Those that record one series under several labels: each of them.
            string labels = string.Join(',', rule.Labels.Select(static label => $"{label.Key}=\"{label.Value}\""));
            await fleet.FindAsync($"{rule.Name}{{{labels}}}");
        }
    }

    /// <summary>The condition of each alert, without its threshold: an alert on what is not there would never fire.</summary>
    [Fact]
    public async Task Every_alert_looks_at_something()
    {
        foreach (PrometheusRule alert in PrometheusRules.All.Where(static rule => rule.IsAlert && CanBe(rule.Query)))
        {
            // What rules an alert out keeps its own threshold.
            string[] parts = alert.Query.Split("unless", 2);
            string condition = string.Join("unless", parts.Skip(1).Prepend(Comparison().Replace(parts[0], "$0 bool")));
            if (alert.Name == "MemSnoopAbsent")
            {
                // It is about nothing: so it was a month ago.
                Assert.NotEmpty(await fleet.Prometheus.QueryAsync(alert.Query, QueryServer.Now - TimeSpan.FromDays(30).TotalSeconds));
                continue;
            }

            output.WriteLine($"{alert}: {string.Join(' ', (await fleet.FindAsync(condition)).Select(static series => series.Value))}");
        }
    }

    [Fact]
    public async Task What_is_wrong_in_the_fleet_is_told()
    {
        string[] wrong =
        [
            """alertname="MemSnoopDown", instance="node-e" """,
            """alertname="MemSnoopNoMethod", instance="node-f" """,
            """alertname="MemSnoopContainerNamesMissing", instance="node-f" """,
            """alertname="MemSnoopProcessesLeftOut", instance="node-f" """,
            """alertname="MemSnoopPushFailing", instance="node-c" """,
            """alertname="MemSnoopKubeStateMetricsMissing", cluster="edge" """,
            """alertname="MemSnoopContainerOomKill", pod="hungry-0" """,
            """alertname="MemSnoopContainerNearLimit", pod="tight-0" """,
            """alertname="MemSnoopContainerWaitsForMemory", pod="squeezed-0" """,
            """alertname="MemSnoopMemoryOverRequested", workload="web" """,
            """alertname="MemSnoopMemoryUnderRequested", workload="cache" """,
        ];
        foreach (string alert in wrong)
        {
            await fleet.FindAsync($"ALERTS{{{alert}}}");
        }

        foreach ((string workload, string reason) in ((string, string)[])[
            ("hungry", "too_short"), ("hungry", "oom_killed"), ("import", "growing"), ("lost", "not_measured"), ("squeezed", "pressure"),
        ])
        {
            await fleet.FindAsync($$"""namespace_workload_container:memsnoop_recommendation_withheld:max{workload="{{workload}}", reason="{{reason}}"}""");
        }
    }

    [Fact]
    public async Task Panels_of_a_node_show_what_the_programs_do()
    {
        Dictionary<string, string[]> nginx = new(All) { ["instance"] = ["node-a"], ["process"] = ["nginx"] };
        await BecomesAsync(Node, "Memory used: the largest processes", "{{comm}} {{pid}} on {{instance}}", nginx, 40, 44);
        await BecomesAsync(Node, "Memory held: the largest processes", "{{comm}} {{pid}} on {{instance}}", nginx, 200, 204);
        await BecomesAsync(Node, "Idle part", "idle", nginx, 0.77 / Series.MB, 0.81 / Series.MB);

        // The buckets of the heat map, made of ages: each has what is idle for less than its bound, and the last has all.
        await BecomesAsync(Node, "How old the memory is", "{{le}}", nginx, 40, 46, """{le="10"}""");
        await BecomesAsync(Node, "How old the memory is", "{{le}}", nginx, 200, 204, """{le="+Inf"}""");

        string total = File.ReadLines("/proc/meminfo").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        double kilobytes = double.Parse(total, CultureInfo.InvariantCulture);
        await BecomesAsync(Node, "Memory of the hosts", "total", All, kilobytes / 1024, kilobytes / 1024);
        await BecomesAsync(Node, "Containers", "Used", new(All) { ["namespace"] = ["shop"] }, 120, 124, """{container="redis"}""");
    }

    [Fact]
    public async Task Panels_of_a_recorded_container_show_what_its_programs_did()
    {
        // Of its own memory, and of a mapped file of which it uses 12 MB; the file that is read is in the page cache, whole.
        Dictionary<string, string[]> store = new(All) { ["instance"] = ["node-d"], ["pod"] = ["store-0"] };
        await BecomesAsync(Process, "Container: used, by kind", "{{kind}}", store, 40, 42, """{kind="anon"}""");
        await BecomesAsync(Process, "Container: used, by kind", "{{kind}}", store, 12, 12.1, """{kind="file"}""");
        await BecomesAsync(Process, "Container: held, by kind", "{{kind}}", store, 100, 102, """{kind="anon"}""");
        await BecomesAsync(Process, "Container: held, by kind", "{{kind}}", store, 79.9, 80.1, """{kind="cache"}""");
    }

    [Fact]
    public async Task Right_sizing_shows_what_workloads_need()
    {
        // 40 MB of 200 are used in each of two pods that ask for a GiB; what others call the working set is what they hold.
        Dictionary<string, string[]> web = new(All) { ["workload"] = ["web"] };
        await BecomesAsync(Sizing, Table, "Request", web, 1024, 1024);
        await BecomesAsync(Sizing, Table, "Limit", web, 2048, 2048);
        await BecomesAsync(Sizing, Table, "cAdvisor", web, 200, 206);
        await BecomesAsync(Sizing, Table, "Used", web, 40, 44);
        await BecomesAsync(Sizing, Table, "Most", web, 40, 44);
        await BecomesAsync(Sizing, Table, "Recommended", web, 1.15 * 40, 1.15 * 44);
        await BecomesAsync(Sizing, Table, "Surplus", web, 2 * (1024 - (1.15 * 44)), 2 * (1024 - (1.15 * 40)));

        // It has used 60 MB of 80 for half of the time, and that counts, not the present.
        await BecomesAsync(Sizing, Table, "Most", new(All) { ["workload"] = ["report"] }, 60, 64);

        // cache and tight.
        await BecomesAsync(Sizing, "Requests too small", "workloads", All, 2 / Series.MB, 2 / Series.MB);

        // The program is killed twice at least while anybody looks.
        await BecomesAsync(Sizing, Table, "OOM kills", new(All) { ["workload"] = ["hungry"] }, 2 / Series.MB, 1e6 / Series.MB);
        Assert.Contains("Deployment shop/web, nginx", await fleet.PageAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_is_that_of_the_exporters()
    {
        await IsAsync("Up", "up", 7);
        await IsAsync("Up", "down", 1);
        await IsAsync("Measurements failing", "failing", 0);
        await IsAsync("Hosts by method", "{{method}}", 3, """{method="referenced"}""");
        await IsAsync("Hosts by method", "{{method}}", 3, """{method="page_idle"}""");

        Task IsAsync(string title, string legend, double wanted, string only = "{}") =>
            BecomesAsync(Health, title, legend, All, wanted / Series.MB, wanted / Series.MB, only);
    }

    [Theory]
    [MemberData(nameof(Uids))]
    public async Task Every_variable_finds_its_values(string uid)
    {
        Dictionary<string, string[]> expected = new()
        {
            ["cluster"] = ["edge"],
            ["job"] = ["memsnoop"],
            ["instance"] = ["node-a", "node-b", "node-c", "node-d", "node-f", "node-g", "node-h"],
            ["namespace"] = ["batch", "data", "edge", "shop"],
            ["workload"] = ["archive", "cache", "hungry", "import", "lost", "report", "search", "squeezed", "store", "tight", "web"],
        };
        Dictionary<string, string> among = new() { ["pod"] = "web-5d4f8-x2x9k", ["container"] = "nginx", ["process"] = "nginx", ["age"] = "10" };
        Dashboard dashboard = Dashboard.Read(uid);
        foreach ((string name, JsonElement variable) in dashboard.Variables.Where(static variable => variable.Value.GetProperty("type").GetString() == "query"))
        {
            string query = variable.GetProperty("query").GetString()!;
            string pattern = variable.GetProperty("regex").GetString()!;
            Regex? wanted = pattern == "" ? null : new Regex(pattern.Trim('/'));

            // label_values(SELECTOR, LABEL): the values of a label that the series of a selector have. query_result(QUERY): lines, of which an expression takes its groups.
            Match labelValues = LabelValues().Match(query);
            if (labelValues.Success)
            {
                string label = labelValues.Groups["label"].Value;
                string asked = $"group by ({label}) ({dashboard.Interpolate(labelValues.Groups["selector"].Value, AssumedInterval, All)})";

                // The history is there before what is scraped.
                bool isListed = expected.TryGetValue(name, out string[]? values);
                string[] found;
                long started = Stopwatch.GetTimestamp();
                while (true)
                {
                    found =
                    [
                        .. (await fleet.FindAsync(asked)).Where(series => series.Labels.TryGetProperty(label, out _))   // an empty label is none
                            .Select(series => series.Labels.GetProperty(label).GetString()!)
                            .Where(value => wanted?.IsMatch(value) != false)
                            .Order(StringComparer.Ordinal),
                    ];
                    if ((isListed ? found.SequenceEqual(values!) : found.Contains(among[name])) || Stopwatch.GetElapsedTime(started) > TimeSpan.FromMinutes(2))
                    {
                        break;
                    }

                    await Task.Delay(TimeSpan.FromMilliseconds(100), TestContext.Current.CancellationToken);
                }

                if (isListed)
                {
                    Assert.Equal(values, found);
                }
                else
                {
                    Assert.Contains(among[name], found);
                }
            }
            else
            {
                string asked = QueryResult().Match(query).Groups["query"].Value;
                Assert.Equal("pid", name);
                Assert.All(await fleet.FindAsync(dashboard.Interpolate(asked, AssumedInterval, All)), series =>
                {
                    Match match = wanted!.Match(Line(series.Labels));
                    Assert.EndsWith(" " + match.Groups["value"].Value, match.Groups["text"].Value, StringComparison.Ordinal);
                    Assert.Matches("^[0-9]+$", match.Groups["value"].Value);
                });
            }
        }

        // As Grafana writes a result.
        static string Line(JsonElement labels) => "{" + string.Join(',', labels.EnumerateObject().Select(static label => $"{label.Name}=\"{label.Value.GetString()}\"")) + "} 1 0";
    }

    /// <summary>Whether there can be what a query asks for.</summary>
    private static bool CanBe(string query) =>
        !query.Contains(Deprecated, StringComparison.Ordinal) && !query.Contains(BudgetTooSmall, StringComparison.Ordinal)
        && (!query.Contains("node_pressure_", StringComparison.Ordinal) || File.Exists("/proc/pressure/memory"));

    private async Task AssertFindsAsync(DashboardPanel panel, DashboardTarget target, string query)
    {
        IReadOnlyList<(JsonElement Labels, double Value)> found = await fleet.FindAsync(query);
        output.WriteLine($"{panel}, {target.Legend}: {string.Join(' ', found.Take(10).Select(static series => series.Value))}");
        Assert.All(found, series =>
        {
            // A surplus can be a want.
            Assert.True(double.IsFinite(series.Value) && (series.Value >= 0 || target.Legend == "Surplus"), $"{panel}, {target.Legend}: {series.Value}");
            Assert.All(LegendLabel().Matches(target.Legend), label => Assert.True(
                series.Labels.TryGetProperty(label.Groups[1].Value, out _) || label.Groups[1].Value is "namespace" or "pod" or "container", $"{panel}: {label.Value} is no label of {series.Labels}"));

            // Rows of several queries become one where all labels agree, and each of them is a column.
            Assert.True(panel.Type != "table" || series.Labels.EnumerateObject().All(label => panel.Columns.ContainsKey(label.Name)), $"{panel}, {target.Legend}: {series.Labels}");
        });
    }

    /// <summary>All series that a panel's query finds come to be within these bounds, in MB.</summary>
    /// <returns>The last of them, in bytes.</returns>
    private async Task<double> BecomesAsync(string uid, string title, string legend, Dictionary<string, string[]> chosen, double least, double most, string only = "{}")
    {
        Dashboard dashboard = Dashboard.Read(uid);
        string query = dashboard.Interpolate(dashboard.Panels.Single(panel => panel.Title == title).Targets.Single(target => target.Legend == legend).Query, AssumedInterval, chosen);
        IReadOnlyList<(JsonElement Labels, double Value)> found = await fleet.FindUntilAsync(query, labels => Fits(labels, only), value => value >= least * Series.MB && value <= most * Series.MB);
        output.WriteLine($"{title}, {legend} {only}: {string.Join(' ', found.Select(static series => series.Value))}, expected {least * Series.MB} to {most * Series.MB}");
        return found[^1].Value;
    }

    private static bool Fits(JsonElement labels, string only) =>
        OneLabel().Matches(only).All(match => labels.TryGetProperty(match.Groups["name"].Value, out JsonElement value) && value.GetString() == match.Groups["value"].Value);

    [GeneratedRegex(@"\{\{(\w+)\}\}")]
    private static partial Regex LegendLabel();

    [GeneratedRegex(@"(?<name>\w+)=""(?<value>[^""]*)""")]
    private static partial Regex OneLabel();

    // Those of labels have no space before them.
    [GeneratedRegex(@"(?<=\s)(?:[<>]=?|[=!]=)(?=\s)")]
    private static partial Regex Comparison();

    [GeneratedRegex(@"^label_values\((?<selector>.*), (?<label>\w+)\)$")]
    private static partial Regex LabelValues();

    [GeneratedRegex(@"^query_result\((?<query>.*)\)$")]
    private static partial Regex QueryResult();
}
