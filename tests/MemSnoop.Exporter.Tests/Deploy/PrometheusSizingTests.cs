using System.Text.Json;
using MemSnoop.Exporter.Tests.EndToEnd;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>
/// The rules of <c>deploy/prometheus</c> in a real Prometheus that scrapes a real exporter, which watches a container whose use of memory is known; and the second
/// Prometheus, of <c>prometheus-sizing.yml</c>, asked as krr and VPA ask.
/// </summary>
[OrdinaryTier]
[Collection(EndToEndCollection.Name)]
public sealed class PrometheusSizingTests(ITestOutputHelper output) : IDisposable
{
    private const string Id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private const string Uid = "11112222-3333-4444-5555-666677778888";

    // What kube-state-metrics and cAdvisor say of the pod. The request is a GiB.
    private const string ClusterText = """
        kube_pod_owner{namespace="shop",pod="web-5d-x",owner_kind="ReplicaSet",owner_name="web-5d",owner_is_controller="true"} 1
        kube_replicaset_owner{namespace="shop",replicaset="web-5d",owner_kind="Deployment",owner_name="web",owner_is_controller="true"} 1
        kube_pod_labels{namespace="shop",pod="web-5d-x",label_app="web"} 1
        kube_pod_status_phase{namespace="shop",pod="web-5d-x",phase="Running"} 1
        kube_pod_container_resource_requests{namespace="shop",pod="web-5d-x",container="app",resource="memory",unit="byte"} 1073741824
        kube_pod_container_resource_limits{namespace="shop",pod="web-5d-x",container="app",resource="memory",unit="byte"} 1073741824
        container_cpu_usage_seconds_total{namespace="shop",pod="web-5d-x",container="app",image="web"} 12.5
        container_memory_working_set_bytes{namespace="shop",pod="web-5d-x",container="app",image="web"} 900000000

        """;

    private const string Pod = "namespace=\"shop\", pod=~\"web-5d-x\", container=\"app\"";

    private readonly TemporaryDirectory _files = new();

    [Fact]
    public async Task Rules_find_what_is_used_and_krr_and_VPA_get_it_under_the_name_they_know()
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "100", "--hot", "40");
        using Cgroup group = Cgroup.Make(touch.Pid, $"kubepods/burstable/pod{Uid}/{Id}");
        Directory.CreateDirectory(_files["logs"]);
        File.CreateSymbolicLink(Path.Combine(_files["logs"], $"web-5d-x_shop_app-{Id}.log"), "/var/log/pods/none");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--name", "^touch$", "--container-logs", _files["logs"], "--working-set-interval", "1s", "--idle-ages", "0s,2s"]);
        await using TextTarget cluster = await TextTarget.StartAsync(ClusterText);
        await using PrometheusServer server = await PrometheusServer.StartAsync($$"""
            global: { scrape_interval: 1s, evaluation_interval: 1s }
            rule_files: ['{{RulesOfEverySecond()}}/*.yml']
            scrape_configs:
              - job_name: memsnoop
                honor_labels: true
                static_configs: [{ targets: ['{{exporter.Address.Authority}}'] }]
              - job_name: cluster
                honor_labels: true
                static_configs: [{ targets: ['{{cluster.Address.Authority}}'] }]
            """);
        string sizing = await File.ReadAllTextAsync(Path.Combine(PrometheusRules.Directory, "prometheus-sizing.yml"), TestContext.Current.CancellationToken);
        await using PrometheusServer second = await PrometheusServer.StartAsync(
            sizing.Replace("prometheus:9090", server.Authority, StringComparison.Ordinal).Replace("scrape_interval: 1m", "scrape_interval: 1s", StringComparison.Ordinal));

        // What is used, of the Deployment, and why there is no recommendation yet.
        await server.NumberUntilAsync("""namespace_workload_container:memsnoop_memory_used_bytes:max7d{workload="web", workload_type="Deployment"}""", IsUsed, ExporterProcess.Deadline);
        await server.NumberUntilAsync("""namespace_workload_container:memsnoop_recommendation_withheld:max{reason="too_short"}""", static number => number == 1, ExporterProcess.Deadline);
        await AssertRulesAsync(server);

        // The queries are those of krr's MemoryLoader, MaxMemoryLoader and CPU loader, and of VPA's history_provider.go with the flags of the README.
        await second.NumberUntilAsync($"max(container_memory_working_set_bytes{{{Pod}}}) by (container, pod, job)", IsUsed, ExporterProcess.Deadline);
        double krr = await second.NumberUntilAsync($"max_over_time(max(container_memory_working_set_bytes{{{Pod}}}) by (container, pod, job)[14d:1s])", IsUsed, ExporterProcess.Deadline);
        Assert.Single(await second.QueryAsync("kube_pod_owner{owner_name=~\"web-5d\", owner_kind=\"ReplicaSet\", namespace=\"shop\"}"));
        const string Vpa = "job=\"kubelet\", pod=~\".+\", container!=\"POD\", container!=\"\"";
        (JsonElement labels, double vpa) = Assert.Single(await second.QueryAsync($"container_memory_working_set_bytes{{{Vpa}}}"));
        Assert.Equal(
            ("shop", "web-5d-x", "app"),
            (labels.GetProperty("namespace").GetString(), labels.GetProperty("pod").GetString(), labels.GetProperty("container").GetString()));
        await second.NumberUntilAsync($"rate(container_cpu_usage_seconds_total{{{Vpa}}}[1h])", static number => number == 0, ExporterProcess.Deadline);
        Assert.Equal("web", Assert.Single(await second.QueryAsync("kube_pod_labels")).Labels.GetProperty("label_app").GetString());
        output.WriteLine($"krr's maximum {krr / Series.MB:F1} MB, VPA's sample {vpa / Series.MB:F1} MB, of 40 MB used and 100 MB held");
    }

    // Of 40 MB, and what the program itself needs.
    private static bool IsUsed(double bytes) => bytes is > 38 * Series.MB and < 50 * Series.MB;

    /// <summary>Every rule has been evaluated, without an error.</summary>
    private static async Task AssertRulesAsync(PrometheusServer server)
    {
        JsonElement[] rules = [.. await server.RulesAsync()];
        Assert.Equal(PrometheusRules.All.Count, rules.Length);
        Assert.All(rules, static rule => Assert.True(rule.GetProperty("health").GetString() == "ok", $"{rule}"));
    }

    private string RulesOfEverySecond()
    {
        Directory.CreateDirectory(_files["rules"]);
        foreach (string file in PrometheusRules.Files)
        {
            File.WriteAllText(Path.Combine(_files["rules"], Path.GetFileName(file)), File.ReadAllText(file).Replace("interval: 3m", "interval: 1s", StringComparison.Ordinal));
        }

        return _files["rules"];
    }

    public void Dispose() => _files.Dispose();
}
