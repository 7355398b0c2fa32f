using System.Text.Json;
using System.Text.RegularExpressions;
using MemSnoop.Exporter.Tests.Instruments;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>The form of <c>grafana/node.json</c>: what Grafana would accept and show wrongly, or not at all. <see cref="DashboardQueriesTests"/> asks its queries.</summary>
public partial class DashboardTests
{
    // Of Grafana's own list of units (@grafana/data, valueFormats).
    private static readonly HashSet<string> Units = ["bytes", "Bps", "cps", "s", "short"];

    // What a Prometheus server itself says of each target.
    private static readonly HashSet<string> ServerSeries = ["up", "scrape_duration_seconds"];

    private readonly Dashboard _dashboard = Dashboard.Read("node.json");

    [Fact]
    public void It_can_be_provisioned_from_a_file_and_found_again()
    {
        JsonElement json = _dashboard.Json;
        Assert.Equal(39, json.GetProperty("schemaVersion").GetInt32());
        Assert.Equal(JsonValueKind.Null, json.GetProperty("id").ValueKind);
        Assert.Matches("^memsnoop-[a-z]{1,31}$", json.GetProperty("uid").GetString());
        Assert.False(json.GetProperty("editable").GetBoolean());
        Assert.Equal(["memsnoop"], json.GetProperty("tags").EnumerateArray().Select(static tag => tag.GetString()));

        // The first two break provisioning from files, the third counts saves of another Grafana.
        Assert.All(["__inputs", "__requires", "version"], name => Assert.False(json.TryGetProperty(name, out _), name));
    }

    [Fact]
    public void Panels_fill_the_grid_without_overlap_and_say_what_they_show()
    {
        IReadOnlyList<DashboardPanel> panels = _dashboard.Panels;
        Assert.Equal(6, panels.Count);
        Assert.Equal(panels.Count, panels.Select(static panel => panel.Json.GetProperty("id").GetInt32()).Distinct().Count());
        Assert.Equal(panels.Count, panels.Select(static panel => panel.Title).Distinct().Count());

        HashSet<(int, int)> cells = [];
        foreach (DashboardPanel panel in panels)
        {
            (int left, int top, int width, int height) = panel.Grid;
            Assert.InRange(left, 0, 24 - width);
            foreach (int cell in Enumerable.Range(0, width * height))
            {
                Assert.True(cells.Add((left + (cell % width), top + (cell / width))), $"{panel} lies over another panel.");
            }

            Assert.InRange(panel.Json.GetProperty("description").GetString()!.Length, 40, 700);
        }

        // No holes.
        Assert.Equal(24 * panels.Max(static panel => panel.Grid.Y + panel.Grid.Height), cells.Count);
    }

    [Fact]
    public void Every_panel_and_query_asks_the_chosen_data_source_and_has_a_unit()
    {
        foreach (DashboardPanel panel in _dashboard.Panels)
        {
            Assert.All(panel.Targets.Select(static target => target.DataSource).Prepend(panel.Json.GetProperty("datasource")), static source => Assert.Equal(
                ("prometheus", "${datasource}"), (source.GetProperty("type").GetString(), source.GetProperty("uid").GetString())));
            Assert.Equal(panel.Targets.Count, panel.Targets.Select(static target => target.RefId).Distinct().Count());
            Assert.All(panel.Targets, static target => Assert.NotEqual("", target.Legend));

            JsonElement fields = panel.Json.GetProperty("fieldConfig");
            Assert.Contains(Text(fields.GetProperty("defaults"), "unit"), Units);
            foreach (JsonElement @override in fields.GetProperty("overrides").EnumerateArray())
            {
                // An override whose query or name is not there changes nothing, silently.
                JsonElement matcher = @override.GetProperty("matcher");
                IEnumerable<string> known = matcher.GetProperty("id").GetString() switch
                {
                    "byFrameRefID" => panel.Targets.Select(static target => target.RefId),
                    "byName" => panel.Targets.Select(static target => target.Legend),
                    _ => [],
                };
                Assert.Contains(Text(matcher, "options"), known);
                Assert.All(
                    @override.GetProperty("properties").EnumerateArray().Where(static property => property.GetProperty("id").GetString() == "unit"),
                    static property => Assert.Contains(Text(property, "value"), Units));
            }
        }
    }

    [Fact]
    public void Variables_choose_the_data_source_jobs_hosts_and_processes_and_all_of_them_are_used()
    {
        IReadOnlyDictionary<string, JsonElement> variables = _dashboard.Variables;
        Assert.Equal(["datasource", "job", "instance", "process", "top"], variables.Keys);
        Assert.Equal(("datasource", "prometheus"), (Text(variables["datasource"], "type"), Text(variables["datasource"], "query")));

        string[] queries = [.. Queries().Select(static target => target.Query), .. variables.Values.Select(static variable => Text(variable, "query"))];
        HashSet<string> used = [.. queries.SelectMany(Dashboard.VariablesOf)];
        Assert.Equal(["__rate_interval", "instance", "job", "process", "top"], used.Order());
        foreach (JsonElement variable in variables.Values.Where(static variable => Text(variable, "type") == "query"))
        {
            Assert.Equal(2, variable.GetProperty("refresh").GetInt32());   // whenever the range of time changes
            Assert.True(variable.GetProperty("multi").GetBoolean() && variable.GetProperty("includeAll").GetBoolean());

            // A process may have an empty name; a target has a job and an instance.
            Assert.Equal(Text(variable, "name") == "process" ? ".*" : ".+", Text(variable, "allValue"));
        }
    }

    [Fact]
    public void Every_selector_keeps_to_the_chosen_jobs_and_hosts_and_to_series_that_are_documented()
    {
        HashSet<string> documented = [.. MetricsDocument.Rows.Values.Select(static row => row.Prometheus)];
        foreach (DashboardTarget target in Queries())
        {
            Match[] selectors = [.. Selector().Matches(target.Query).Cast<Match>()];
            Assert.NotEmpty(selectors);
            foreach (Match selector in selectors)
            {
                string series = selector.Groups["series"].Value;
                string labels = selector.Groups["labels"].Value;
                Assert.True(documented.Contains(series) || ServerSeries.Contains(series), $"{series} is not in docs/metrics.md.");
                Assert.StartsWith("job=~\"$job\", instance=~\"$instance\"", labels, StringComparison.Ordinal);
                Assert.Equal(series.StartsWith("memsnoop_process_", StringComparison.Ordinal), labels.Contains("comm=~\"$process\"", StringComparison.Ordinal));

                // A counter alone only grows; a rate needs four scrapes at least.
                bool isRate = target.Query.Contains($"rate({selector.Value}[$__rate_interval])", StringComparison.Ordinal);
                Assert.Equal(series.EndsWith("_total", StringComparison.Ordinal), isRate);
            }
        }
    }

    private IEnumerable<DashboardTarget> Queries() => _dashboard.Panels.SelectMany(static panel => panel.Targets);

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString()!;

    // The words of a query that are no functions, operators or labels: they stand before a brace.
    [GeneratedRegex(@"(?<series>[a-z_:]+)\{(?<labels>[^}]*)\}")]
    private static partial Regex Selector();
}
