using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>
/// The queries of the dashboards that find something only where numbers are estimates, or where there is a budget. promtool asks them of series that are
/// made up: a container whose numbers have errors, and one whose numbers are exact, each on a host and in a workload of its own.
/// </summary>
public partial class DashboardEstimateTests
{
    private const string Node = "memsnoop-node";
    private const string Process = "memsnoop-process";
    private const string Sizing = "memsnoop-rightsizing";
    private const string Table = "Right-sizing by workload";

    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    // What is asked, and the sum of what it finds. Used: 100 and 50 by the process, 120 and 60 as charged; exactly, 70 and 80.
    private static readonly (string Uid, string Panel, string Legend, double Sum)[] Estimates =
    [
        (Node, "Used by processes", "±", 15),
        (Node, "Memory of the hosts, by use", "used, at most", 235),
        (Node, "Containers", "±", 18),
        (Node, "Processes", "±", 15),
        (Node, "Memory used: the largest processes", "at least: {{comm}} {{pid}} on {{instance}}", 135),
        (Node, "Memory used: the largest processes", "at most: {{comm}} {{pid}} on {{instance}}", 165),
        (Node, "How far off used can be", "{{instance}}", 0.0375),
        (Node, "CPU budget", "used: {{instance}}", 0.009),
        (Node, "CPU budget", "needed for {{for}}: {{instance}}", 0.04),
        (Node, "CPU budget", "allowed: {{instance}}", 0.01),
        (Process, "Used", "±", 15),
        (Process, "Used against held", "at least: {{comm}} {{pid}} on {{instance}}", 135),
        (Process, "Used against held", "at most: {{comm}} {{pid}} on {{instance}}", 165),
        (Process, "Used, by kind", "at most", 235),
        (Process, "Container: used, by kind", "at most", 278),
        (Sizing, "Really used now", "±", 18),
        (Sizing, Table, "±", 18),
        (Sizing, "Used by workload", "at most: {{namespace}}/{{workload}} {{container}}", 198),
        (Sizing, "Requested, held, used", "used, at most", 278),
        (Sizing, "Used, by kind", "at most", 278),
        (Sizing, "Containers by what they hold", "±", 18),
    ];

    // These find something in any case.
    private static readonly (string Uid, string Panel, string Legend, double Sum)[] Always =
    [
        (Node, "Used by processes", "used", 220),
        (Node, "Containers", "Used", 260),
        (Process, "Container: used, by kind", "{{kind}}", 260),
        (Sizing, "Really used now", "used", 260),
        (Sizing, Table, "Used", 260),
    ];

    /// <summary>Whether there is something to find only where numbers are estimates, or where there is a budget.</summary>
    private static bool IsOfEstimates(string query) => Estimated().IsMatch(query);

    [Fact]
    public void Every_query_for_estimates_is_asked() => Assert.Equal(
        from uid in Dashboard.Uids
        from panel in Dashboard.Read(uid).Panels
        from target in panel.Targets
        where IsOfEstimates(target.Query)
        orderby (uid, panel.Title, target.Legend)
        select (uid, panel.Title, target.Legend),
        Estimates.Select(static asked => (asked.Uid, asked.Panel, asked.Legend)).Order());

    [Fact]
    public Task Errors_are_those_of_the_numbers_and_sums_are_off_by_all_of_them() =>
        TestAsync([.. Exact, .. Errors], [.. Estimates, .. Always, (Sizing, Table, "Most", 278), (Node, "Share of memory measured", "{{instance}}", 1.25)]);

    /// <summary>Where all numbers are exact, they stand alone.</summary>
    [Fact]
    public Task Exact_numbers_have_no_errors_and_no_bounds() =>
        TestAsync([.. Exact], [.. Estimates.Select(static asked => (asked.Uid, asked.Panel, asked.Legend, double.NaN)), .. Always, (Sizing, Table, "Most", 260)]);

    private static IEnumerable<(string Series, string Value)> Exact =>
    [
        .. Container("guessed", "n", "a", "1", [("anon", 100), ("file", 50)], [("anon", 120), ("cache", 60)]),
        .. Container("exact", "m", "b", "2", [("anon", 70)], [("anon", 80)]),
        ("""memsnoop_working_set_share{job="memsnoop", instance="m"}""", "1"),
    ];

    private static IEnumerable<(string Series, string Value)> Errors =>
    [
        ($$"""memsnoop_process_working_set_error_bytes{{{Labels("guessed", "n", "a")}}, comm="guessed", pid="1", kind="anon"}""", "10"),
        ($$"""memsnoop_process_working_set_error_bytes{{{Labels("guessed", "n", "a")}}, comm="guessed", pid="1", kind="file"}""", "5"),
        ($$"""memsnoop_container_memory_used_error_bytes{{{Labels("guessed", "n", "a")}}, kind="anon"}""", "12"),
        ($$"""memsnoop_container_memory_used_error_bytes{{{Labels("guessed", "n", "a")}}, kind="cache"}""", "6"),
        ("""memsnoop_working_set_share{job="memsnoop", instance="n"}""", "0.25"),
        ("""memsnoop_cpu_budget_limit{job="memsnoop", instance="n"}""", "0.01"),
        ("""memsnoop_cpu_budget_used{job="memsnoop", instance="n"}""", "0.009"),
        ("""memsnoop_cpu_budget_needed{job="memsnoop", instance="n", for="all"}""", "0.04"),
    ];

    private static IEnumerable<(string Series, string Value)> Container(string workload, string host, string id, string pid, (string Kind, int Bytes)[] used, (string Kind, int Bytes)[] charged)
    {
        string labels = Labels(workload, host, id);
        yield return ($$"""memsnoop_process_memory_resident_bytes{{{labels}}, comm="{{workload}}", pid="{{pid}}"}""", "400");
        yield return ($$"""memsnoop_process_idle_bytes{{{labels}}, comm="{{workload}}", pid="{{pid}}", age="0"}""", "400");
        yield return ($$"""kube_pod_owner{namespace="shop", pod="{{workload}}-0", owner_kind="StatefulSet", owner_name="{{workload}}", owner_is_controller="true"}""", "1");
        foreach ((string kind, int bytes) in used)
        {
            yield return ($$"""memsnoop_process_working_set_bytes{{{labels}}, comm="{{workload}}", pid="{{pid}}", kind="{{kind}}"}""", $"{bytes}");
        }

        foreach ((string kind, int bytes) in charged)
        {
            yield return ($$"""memsnoop_container_memory_used_bytes{{{labels}}, kind="{{kind}}"}""", $"{bytes}");
            yield return ($$"""memsnoop_container_memory_idle_bytes{{{labels}}, kind="{{kind}}", age="0"}""", "200");
        }
    }

    private static string Labels(string workload, string host, string id) =>
        $"job=\"memsnoop\", instance=\"{host}\", namespace=\"shop\", pod=\"{workload}-0\", container=\"app\", container_id=\"{id}\"";

    /// <summary>Each of these finds series of that sum; none, if it is not a number.</summary>
    private static async Task TestAsync((string Series, string Value)[] series, (string Uid, string Panel, string Legend, double Sum)[] asked)
    {
        StringBuilder test = new();
        test.AppendLine("rule_files:");
        foreach (string file in PrometheusRules.Files)
        {
            test.AppendLine(CultureInfo.InvariantCulture, $"  - '{file}'");
        }

        // promtool evaluates groups in no fixed order: what one takes from another is there some evaluations later.
        test.AppendLine("evaluation_interval: 1m").AppendLine("tests:").AppendLine("  - interval: 1m").AppendLine("    input_series:");
        foreach ((string name, string value) in series)
        {
            test.AppendLine(CultureInfo.InvariantCulture, $"      - {{ series: '{name}', values: {value}+0x30 }}");
        }

        test.AppendLine("    promql_expr_test:");
        foreach ((string uid, string title, string legend, double sum) in asked)
        {
            Dashboard dashboard = Dashboard.Read(uid);
            string query = dashboard.Panels.Single(panel => panel.Title == title).Targets.Single(target => target.Legend == legend).Query;
            string all = dashboard.Interpolate(query, TimeSpan.FromSeconds(15), new Dictionary<string, string[]>()).Replace("'", "''", StringComparison.Ordinal);
            string found = double.IsNaN(sum) ? "" : FormattableString.Invariant($"{{ labels: '{{}}', value: {sum} }}");
            test.AppendLine(CultureInfo.InvariantCulture, $"      - {{ expr: 'sum({all})', eval_time: 20m, exp_samples: [{found}] }}");
        }

        using TemporaryDirectory directory = new();
        await File.WriteAllTextAsync(directory["estimates.yml"], test.ToString(), TestContext.Current.CancellationToken);
        await Command.RunAsync("promtool", ["test", "rules", directory["estimates.yml"]], Deadline);
    }

    [GeneratedRegex(@"_error_bytes|memsnoop_cpu_budget_|memsnoop_memory_used_most_bytes:(?:sum|max)\b")]
    private static partial Regex Estimated();
}
