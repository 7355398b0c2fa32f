using System.Text.Json;
using System.Text.RegularExpressions;
using MemSnoop.Exporter.Tests.Instruments;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>
/// The form of the dashboards of <c>grafana/</c>: what Grafana would accept and show wrongly, or not at all. The rules are those of Grafana's dashboard-linter, for every kind of
/// panel, and more. <see cref="DemoTests"/> asks the queries, <see cref="DashboardSourceTests"/> makes the files anew.
/// </summary>
public partial class DashboardTests
{
    // What kubectl apply can write into an annotation, beside the object itself.
    private const int MaxBytesToApply = 256 << 10;

    // Of Grafana's own list of units (@grafana/data, valueFormats).
    private static readonly HashSet<string> Units = ["bytes", "Bps", "cps", "ops", "percentunit", "s", "short"];

    // What a Prometheus server itself says of each target.
    private static readonly HashSet<string> ServerSeries = ["up", "scrape_duration_seconds", "scrape_samples_scraped", "scrape_series_added"];

    // Prefixes of the series of node_exporter, kube-state-metrics and cAdvisor, and of what the rules record.
    private static readonly string[] OtherExporters = ["node_", "kube_", "container_", "namespace_"];

    // What those three publish of what is asked for here, and the rules record.
    private static readonly HashSet<string> ForeignSeries =
    [
        "node_memory_MemTotal_bytes", "node_memory_MemAvailable_bytes", "node_memory_MemFree_bytes", "node_memory_Cached_bytes", "node_memory_Buffers_bytes", "node_memory_Mapped_bytes",
        "node_memory_Slab_bytes", "node_memory_KernelStack_bytes", "node_memory_PageTables_bytes", "node_pressure_memory_waiting_seconds_total", "node_pressure_memory_stalled_seconds_total",
        "kube_pod_container_resource_requests", "kube_pod_container_resource_limits", "kube_pod_container_status_restarts_total", "container_memory_working_set_bytes",
        .. PrometheusRules.All.Where(static rule => !rule.IsAlert).Select(static rule => rule.Name),
    ];

    public static TheoryData<string> Uids => [.. Dashboard.Uids];

    [Fact]
    public void There_are_four_and_each_has_an_address_and_a_title_of_its_own()
    {
        Assert.Equal(["memsnoop-exporter", "memsnoop-node", "memsnoop-process", "memsnoop-rightsizing"], Dashboard.Uids);
        Assert.Equal(Dashboard.Uids, Dashboard.Uids.Select(static uid => Dashboard.Read(uid).Json.GetProperty("uid").GetString()));
        Assert.Equal(4, Dashboard.Uids.Select(static uid => Text(Dashboard.Read(uid).Json, "title")).Distinct().Count());
    }

    [Theory]
    [MemberData(nameof(Uids))]
    public void It_can_be_provisioned_from_a_file_and_found_again(string uid)
    {
        JsonElement json = Dashboard.Read(uid).Json;
        Assert.Equal(39, json.GetProperty("schemaVersion").GetInt32());
        Assert.Equal(JsonValueKind.Null, json.GetProperty("id").ValueKind);
        Assert.Matches("^memsnoop-[a-z]{1,31}$", uid);
        Assert.False(json.GetProperty("editable").GetBoolean());
        Assert.Equal(["memsnoop"], json.GetProperty("tags").EnumerateArray().Select(static tag => tag.GetString()));
        Assert.InRange(Text(json, "description").Length, 40, 200);

        // The first two break provisioning from files, the third counts saves of another Grafana.
        Assert.All(["__inputs", "__requires", "version"], name => Assert.False(json.TryGetProperty(name, out _), name));
        Assert.InRange(new FileInfo(Path.Combine(Dashboard.Directory, uid + ".json")).Length, 1, MaxBytesToApply);
    }

    [Theory]
    [MemberData(nameof(Uids))]
    public void Panels_fill_the_grid_without_overlap_and_say_what_they_show(string uid)
    {
        Dashboard dashboard = Dashboard.Read(uid);
        IReadOnlyList<DashboardPanel> panels = dashboard.Everything;
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
        }

        // No holes.
        Assert.Equal(24 * panels.Max(static panel => panel.Grid.Y + panel.Grid.Height), cells.Count);
        Assert.All(dashboard.Panels, static panel => Assert.InRange(Text(panel.Json, "description").Length, 40, 500));
    }

    [Theory]
    [MemberData(nameof(Uids))]
    public void Every_panel_and_query_asks_the_chosen_data_source_and_has_a_unit(string uid)
    {
        foreach (DashboardPanel panel in Dashboard.Read(uid).Panels)
        {
            Assert.NotEmpty(panel.Targets);
            Assert.All(panel.Targets.Select(static target => target.DataSource).Prepend(panel.Json.GetProperty("datasource")), static source => Assert.Equal(
                ("prometheus", "${datasource}"), (source.GetProperty("type").GetString(), source.GetProperty("uid").GetString())));
            Assert.Equal(panel.Targets.Count, panel.Targets.Select(static target => target.RefId).Distinct().Count());
            Assert.All(panel.Targets, static target => Assert.NotEqual("", target.Legend));

            JsonElement fields = panel.Json.GetProperty("fieldConfig");
            Assert.Contains(Text(fields.GetProperty("defaults"), "unit"), Units);
            Assert.NotEqual("", Text(fields.GetProperty("defaults"), "noValue"));
            foreach (JsonElement @override in fields.GetProperty("overrides").EnumerateArray())
            {
                // An override whose query or name is not there changes nothing, silently.
                JsonElement matcher = @override.GetProperty("matcher");
                IEnumerable<string> known = matcher.GetProperty("id").GetString() switch
                {
                    "byFrameRefID" => panel.Targets.Select(static target => target.RefId),
                    "byName" => panel.Columns.Values,
                    _ => [],
                };
                Assert.Contains(Text(matcher, "options"), known);
                Assert.All(
                    @override.GetProperty("properties").EnumerateArray().Where(static property => property.GetProperty("id").GetString() == "unit"),
                    static property => Assert.Contains(Text(property, "value"), Units));
            }
        }
    }

    /// <summary>The rows of several queries become one where their labels agree. A column that no query finds would be empty.</summary>
    [Theory]
    [MemberData(nameof(Uids))]
    public void Every_column_of_a_table_has_a_query_or_is_a_label_that_all_of_them_keep(string uid)
    {
        foreach (DashboardPanel table in Dashboard.Read(uid).Panels.Where(static panel => panel.Type == "table"))
        {
            HashSet<string> values = [.. table.Targets.Select(target => table.Targets.Count == 1 ? "Value" : $"Value #{target.RefId}")];
            Assert.Superset(values, table.Columns.Keys.ToHashSet());
            Assert.Equal(table.Columns.Count, table.Columns.Values.Distinct().Count());
            Assert.All(table.Columns.Keys.Except(values), label => Assert.All(table.Targets, target => Assert.Matches($@"\b{label}\b", target.Query)));

            string sorted = Text(Assert.Single(table.Json.GetProperty("options").GetProperty("sortBy").EnumerateArray().ToArray()), "displayName");
            Assert.Contains(sorted, table.Columns.Values);
        }
    }

    [Theory]
    [MemberData(nameof(Uids))]
    public void Variables_choose_the_data_source_jobs_and_hosts_and_all_of_them_are_used(string uid)
    {
        Dashboard dashboard = Dashboard.Read(uid);
        IReadOnlyDictionary<string, JsonElement> variables = dashboard.Variables;
        Assert.Equal(["datasource", "cluster", "job", "instance"], variables.Keys.Take(4));
        Assert.Equal(("datasource", "prometheus", "Data source"), (Text(variables["datasource"], "type"), Text(variables["datasource"], "query"), Text(variables["datasource"], "label")));

        string[] queries = [.. Queries(dashboard).Select(static target => target.Query), .. dashboard.Annotations, .. variables.Values.Select(static variable => Text(variable, "query"))];
        HashSet<string> used = [.. queries.SelectMany(Dashboard.VariablesOf)];
        Assert.Equal(variables.Keys.Append("__rate_interval").Except(["datasource"]).Order(), used.Order());
        foreach (JsonElement variable in variables.Values.Where(static variable => Text(variable, "type") == "query"))
        {
            Assert.Equal(2, variable.GetProperty("refresh").GetInt32());   // whenever the range of time changes
            string name = Text(variable, "name");
            bool isOneOfMany = name != "age";
            Assert.Equal((isOneOfMany, isOneOfMany), (variable.GetProperty("multi").GetBoolean(), variable.GetProperty("includeAll").GetBoolean()));
            if (isOneOfMany)
            {
                // A target has a job and an instance, a process a number, a workload a name. All else may be empty.
                Assert.Equal(name is "job" or "instance" or "pid" or "workload" ? ".+" : ".*", Text(variable, "allValue"));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Uids))]
    public void Every_selector_keeps_to_what_is_chosen_and_to_series_that_are_documented(string uid)
    {
        Dashboard dashboard = Dashboard.Read(uid);
        HashSet<string> documented = [.. MetricsDocument.Rows.Values.Select(static row => row.Prometheus), .. ForeignSeries];
        foreach (string query in Queries(dashboard).Select(static target => target.Query).Concat(dashboard.Annotations))
        {
            Match[] selectors = [.. Selector().Matches(query).Cast<Match>()];
            Assert.NotEmpty(selectors);
            foreach (Match selector in selectors)
            {
                string series = selector.Groups["series"].Value;
                string labels = selector.Groups["labels"].Value;
                bool isOurs = !OtherExporters.Any(prefix => series.StartsWith(prefix, StringComparison.Ordinal));
                Assert.True(documented.Contains(series) || ServerSeries.Contains(series), $"{series} is not in docs/metrics.md.");
                string[] wanted = isOurs ? ["job", "instance", "cluster"] : series.StartsWith("node_", StringComparison.Ordinal) ? ["instance", "cluster"] : ["cluster", "namespace"];
                Assert.StartsWith(string.Join(", ", wanted.Select(static label => $"{label}=~\"${label}\"")), labels, StringComparison.Ordinal);

                // A counter alone only grows; a rate needs four scrapes at least.
                bool isRate = query.Contains($"rate({selector.Value}[$__rate_interval])", StringComparison.Ordinal) || query.Contains($"increase({selector.Value}[", StringComparison.Ordinal);
                Assert.Equal(series.EndsWith("_total", StringComparison.Ordinal), isRate);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Uids))]
    public void Links_lead_to_dashboards_that_there_are_and_set_variables_that_they_have(string uid)
    {
        Dashboard dashboard = Dashboard.Read(uid);
        JsonElement link = Assert.Single(dashboard.Json.GetProperty("links").EnumerateArray().ToArray());
        Assert.Equal(
            ("dashboards", true, true, "memsnoop"),
            (Text(link, "type"), link.GetProperty("includeVars").GetBoolean(), link.GetProperty("keepTime").GetBoolean(), link.GetProperty("tags")[0].GetString()));

        foreach (DashboardPanel table in dashboard.Panels.Where(static panel => panel.Type == "table"))
        {
            foreach (Match url in Link().Matches(table.Json.GetRawText()))
            {
                Dashboard target = Dashboard.Read(url.Groups["uid"].Value);
                Assert.All(Set().Matches(url.Value), set => Assert.True(
                    target.Variables.ContainsKey(set.Groups["variable"].Value) && table.Columns.ContainsKey(set.Groups["field"].Value), $"{table}: {set.Value}"));
                Assert.All(Carried().Matches(url.Value), carried => Assert.Contains(carried.Groups[1].Value, target.Variables.Keys));
            }
        }
    }

    /// <summary>The same dashboard in Grafana's second format, which has panels by name, and rows of them.</summary>
    [Theory]
    [MemberData(nameof(Uids))]
    public void The_resource_has_the_same_panels_queries_and_variables(string uid)
    {
        Dashboard dashboard = Dashboard.Read(uid);
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Path.Combine(Checkout.Root, "grafana", "resources", uid + ".json")));
        JsonElement resource = document.RootElement;
        Assert.Equal(("Dashboard", uid), (Text(resource, "kind"), Text(resource.GetProperty("metadata"), "name")));
        Assert.StartsWith("dashboard.grafana.app/v2", Text(resource, "apiVersion"), StringComparison.Ordinal);

        JsonElement spec = resource.GetProperty("spec");
        Assert.Equal(Text(dashboard.Json, "title"), Text(spec, "title"));
        Assert.Equal(
            dashboard.Variables.Keys,
            spec.GetProperty("variables").EnumerateArray().Select(static variable => Text(variable.GetProperty("spec"), "name")));

        Dictionary<string, JsonElement> elements = spec.GetProperty("elements").EnumerateObject().ToDictionary(static element => element.Name, static element => element.Value.GetProperty("spec"));
        Assert.Equal(dashboard.Panels.Select(static panel => panel.Title).Order(), elements.Values.Select(static panel => Text(panel, "title")).Order());
        foreach (DashboardPanel panel in dashboard.Panels)
        {
            JsonElement element = elements.Values.Single(element => Text(element, "title") == panel.Title);
            Assert.Equal(panel.Type, Text(element.GetProperty("vizConfig"), "group"));
            Assert.Equal(
                panel.Targets.Select(static target => target.Query),
                element.GetProperty("data").GetProperty("spec").GetProperty("queries").EnumerateArray()
                    .Select(static query => Text(query.GetProperty("spec").GetProperty("query").GetProperty("spec"), "expr")));
        }

        // Every panel is somewhere, once.
        IEnumerable<string> placed = spec.GetProperty("layout").GetProperty("spec").GetProperty("rows").EnumerateArray()
            .SelectMany(static row => row.GetProperty("spec").GetProperty("layout").GetProperty("spec").GetProperty("items").EnumerateArray())
            .Select(static item => Text(item.GetProperty("spec").GetProperty("element"), "name"));
        Assert.Equal(elements.Keys.Order(), placed.Order());
    }

    private static IEnumerable<DashboardTarget> Queries(Dashboard dashboard) => dashboard.Panels.SelectMany(static panel => panel.Targets);

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString()!;

    // The words of a query that are no functions, operators or labels: they stand before a brace.
    [GeneratedRegex(@"(?<series>[A-Za-z0-9_:]+)\{(?<labels>[^}]*)\}")]
    private static partial Regex Selector();

    [GeneratedRegex(@"/d/(?<uid>[a-z-]+)/[^""]*")]
    private static partial Regex Link();

    [GeneratedRegex(@"var-(?<variable>\w+)=\$\{__data\.fields\.(?<field>\w+)\}")]
    private static partial Regex Set();

    [GeneratedRegex(@"\$\{(\w+):queryparam\}")]
    private static partial Regex Carried();
}
