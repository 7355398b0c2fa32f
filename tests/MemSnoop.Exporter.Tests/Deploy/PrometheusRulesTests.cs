using System.Text.RegularExpressions;
using MemSnoop.Exporter.Tests.Instruments;
using YamlDotNet.RepresentationModel;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>
/// The rules and alerts of <c>deploy/prometheus</c>, in the eyes of promtool, and against the documents. <see cref="PrometheusSizingTests"/> lets a real server
/// evaluate them.
/// </summary>
public partial class PrometheusRulesTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    // What others publish: Prometheus itself of each target, kube-state-metrics, node_exporter.
    private static readonly HashSet<string> ForeignSeries =
    [
        "up", "scrape_samples_post_metric_relabeling",
        "kube_node_info", "kube_pod_owner", "kube_replicaset_owner", "kube_job_owner",
        "kube_pod_container_resource_requests", "kube_pod_container_resource_limits", "kube_pod_container_status_last_terminated_reason",
        "node_memory_MemTotal_bytes",
    ];

    // Of the target, and those that describe a container.
    private static readonly HashSet<string> CommonLabels = ["cluster", "job", "instance", "namespace", "pod", "container", "container_id"];

    private static readonly HashSet<string> Recorded = [.. PrometheusRules.All.Where(static rule => !rule.IsAlert).Select(static rule => rule.Name)];

    private static readonly string Runbooks = File.ReadAllText(Path.Combine(Checkout.Root, "docs", "runbooks.md"));

    public static TheoryData<string> Alerts => [.. PrometheusRules.All.Where(static rule => rule.IsAlert).Select(static rule => rule.Name)];

    [Fact]
    public async Task The_rules_break_no_custom() => await Command.RunAsync("promtool", ["check", "rules", "--lint=all", "--lint-fatal", .. PrometheusRules.Files], Deadline);

    [Fact]
    public async Task The_rules_pass_their_tests() => await Command.RunAsync("promtool", ["test", "rules", .. PrometheusRules.TestFiles], Deadline);

    [Fact] // Debian's Prometheus is built without Kubernetes, so it knows nothing of the third.
    public async Task The_example_configurations_are_valid()
    {
        foreach (string name in (string[])["prometheus.yml", "prometheus-sizing.yml"])
        {
            await Command.RunAsync("promtool", ["check", "config", Path.Combine(PrometheusRules.Directory, name)], Deadline);
        }
    }

    [Fact]
    public void In_a_cluster_the_labels_of_what_is_measured_are_kept()
    {
        Dictionary<string, YamlMappingNode> jobs = Yaml.List(Yaml.Load(Path.Combine(PrometheusRules.Directory, "prometheus-kubernetes.yml")), "scrape_configs")
            .Cast<YamlMappingNode>().ToDictionary(static job => Yaml.Text(job, "job_name"));

        Assert.Equal(["memsnoop", "node", "kube-state-metrics", "kubelet"], jobs.Keys);
        Assert.All(["memsnoop", "kube-state-metrics"], name => Assert.Equal("true", Yaml.Text(jobs[name], "honor_labels")));

        // Rules join these by the name of the node.
        Assert.All(["memsnoop", "node"], name => Assert.Contains(
            Yaml.List(jobs[name], "relabel_configs").Cast<YamlMappingNode>(),
            static step => Yaml.Has(step, "target_label") && Yaml.Text(step, "target_label") == "instance"));
    }

    [Fact]
    public void Every_series_in_a_rule_is_recorded_or_documented_or_anothers()
    {
        Dictionary<string, MetricsRow> documented = MetricsDocument.Rows.Values.ToDictionary(static row => row.Prometheus);
        foreach (PrometheusRule rule in PrometheusRules.All)
        {
            Assert.NotEmpty(rule.Selectors);
            foreach ((string series, IReadOnlyList<(string Label, string? Value)> matchers) in rule.Selectors)
            {
                Assert.True(Recorded.Contains(series) || ForeignSeries.Contains(series) || documented.ContainsKey(series), $"{rule}: {series} is not in docs/metrics.md.");
                foreach ((string label, string? value) in documented.TryGetValue(series, out MetricsRow? row) ? matchers : [])
                {
                    // A misspelt label or value finds nothing, silently.
                    string[]? values = row!.Labels.GetValueOrDefault(label);
                    Assert.True(values is not null || CommonLabels.Contains(label), $"{rule}: {series} has no label {label}.");
                    Assert.True(value is null or "" || values is null or [] || values.Contains(value), $"{rule}: {label} of {series} is never {value}.");
                }
            }
        }
    }

    [Fact]
    public void Every_recorded_series_has_a_test_and_is_in_the_readme()
    {
        string tests = string.Concat(PrometheusRules.TestFiles.SelectMany(File.ReadLines).Where(static line => line.Contains("labels: '", StringComparison.Ordinal)));
        string readme = File.ReadAllText(Path.Combine(PrometheusRules.Directory, "README.md"));
        foreach (string series in Recorded)
        {
            Assert.Matches(RecordName(), series);
            Assert.Contains($"labels: '{series}{{", tests, StringComparison.Ordinal);
            Assert.Contains($"| `{series}` |", readme, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Alerts))]
    public void Every_alert_says_what_is_wrong_how_bad_it_is_and_what_to_do(string alert)
    {
        PrometheusRule rule = PrometheusRules.All.Single(rule => rule.Name == alert);

        Assert.Equal(["severity"], rule.Labels.Keys);
        Assert.Contains(rule.Labels["severity"], (string[])["critical", "warning", "info"]);
        Assert.Equal(["summary", "description", "runbook_url"], rule.Annotations.Keys);
        Assert.InRange(rule.Annotations["summary"].Length, 20, 160);
        Assert.EndsWith(".", rule.Annotations["summary"], StringComparison.Ordinal);
        Assert.EndsWith(".", rule.Annotations["description"], StringComparison.Ordinal);

        // A heading's anchor is its text in small letters.
        Assert.Equal($"docs/runbooks.md#{alert.ToLowerInvariant()}", rule.Annotations["runbook_url"]);
        string section = Assert.Single(Runbooks.Split("\n## "), section => section.StartsWith(alert + "\n", StringComparison.Ordinal));
        Assert.Contains("- **Look**: ", section, StringComparison.Ordinal);
        Assert.Contains("- **Do**: ", section, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_runbook_is_of_an_alert() =>
        Assert.Equal(Alerts.Select(static row => row.Data).Order(), Runbooks.Split("\n## ").Skip(1).Select(static section => section.Split('\n')[0]).Order());

    [Theory]
    [MemberData(nameof(Alerts))]
    public void Every_alert_is_tested_below_too_short_firing_and_without_series(string alert)
    {
        YamlMappingNode test = Assert.Single(
            from file in PrometheusRules.TestFiles
            from YamlMappingNode @group in Yaml.List(Yaml.Load(file), "tests")
            where Yaml.Text(@group, "name") == alert
            select @group);
        Assert.All(["below", "missing"], name => Assert.Contains(
            Yaml.List(test, "input_series").Cast<YamlMappingNode>(), series => Yaml.Text(series, "series").Contains($"\"{name}", StringComparison.Ordinal)));

        YamlMappingNode[] times = [.. Yaml.List(test, "alert_rule_test").Cast<YamlMappingNode>()];
        Assert.All(times, time => Assert.Equal(alert, Yaml.Text(time, "alertname")));

        // One alert and no other fires, in the end; shortly before it was pending.
        YamlMappingNode firing = (YamlMappingNode)Assert.Single(Yaml.List(times[^1], "exp_alerts"));
        PrometheusRule rule = PrometheusRules.All.Single(rule => rule.Name == alert);
        Assert.Equal(rule.Labels["severity"], Yaml.Texts(firing, "exp_labels")["severity"]);
        Assert.Equal(rule.Annotations.Keys, Yaml.Texts(firing, "exp_annotations").Keys);
        Assert.Empty(Yaml.List(times[^2], "exp_alerts"));
        string early = Yaml.Text(times[^2], "eval_time");
        Assert.Contains(
            Yaml.List(test, "promql_expr_test").Cast<YamlMappingNode>(),
            query => Yaml.Text(query, "expr") == $$"""count(ALERTS{alertname="{{alert}}", alertstate="pending"})""" && Yaml.Text(query, "eval_time") == early
                && Yaml.List(query, "exp_samples").Count() == 1);
    }

    // level:series:operations, as Prometheus recommends.
    [GeneratedRegex("^[a-z_]+:[a-z_]+:[a-z0-9_]+$")]
    private static partial Regex RecordName();
}
