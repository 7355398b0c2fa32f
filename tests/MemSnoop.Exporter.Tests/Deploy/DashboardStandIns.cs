using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>
/// Stand-ins for series that the dashboards ask for and a test on one host cannot have: those of node_exporter, kube-state-metrics and cAdvisor, what the
/// rules of <c>deploy/prometheus</c> record of them, and of memsnoop those that need the idle bitmap, or something that goes wrong. Their names and labels are what those programs publish; their numbers mean nothing, and nothing is said of them.
/// </summary>
internal sealed partial class DashboardStandIns : IAsyncDisposable
{
    private readonly WebApplication _app;

    private DashboardStandIns(WebApplication app) => _app = app;

    /// <summary>The names of all of them.</summary>
    public static IReadOnlySet<string> Series { get; } = Samples().Matches(Text("", "", "", 0)).Select(static match => match.Groups["name"].Value).ToHashSet();

    public Uri Url => new(_app.Urls.First());

    /// <summary>Serves the stand-ins of what is not there for real.</summary>
    /// <param name="instance">The host that the real exporter is scraped as.</param>
    /// <param name="container">The name of a container of the pod <c>web-5d4f8-x2x9k</c> in the namespace <c>shop</c>, of which there is one for real.</param>
    /// <param name="containerId">Its id.</param>
    /// <param name="real">The names of series that there are for real.</param>
    public static async Task<DashboardStandIns> StartAsync(string instance, string container, string containerId, IReadOnlySet<string> real)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        DashboardStandIns standIns = new(builder.Build());

        // Counters grow, so that their rates are not 0.
        int scrapes = 0;
        standIns._app.Run(context =>
        {
            context.Response.ContentType = "text/plain; version=0.0.4";
            return context.Response.WriteAsync(Samples().Replace(
                Text(instance, container, containerId, ++scrapes), match => real.Contains(match.Groups["name"].Value) ? "" : match.Value));
        });
        await standIns._app.StartAsync(TestContext.Current.CancellationToken);
        return standIns;
    }

    private static string Text(string instance, string container, string containerId, int scrapes)
    {
        string ours = $"job=\"memsnoop\",instance=\"{instance}\"";
        string inContainer = $"{ours},namespace=\"shop\",pod=\"{Pod}\",container=\"{container}\",container_id=\"{containerId}\"";
        string inKubernetes = $"namespace=\"shop\",pod=\"{Pod}\",container=\"{container}\"";
        string ofWorkload = $"namespace=\"shop\",workload=\"web\",workload_type=\"Deployment\",container=\"{container}\"";
        string onNode = $"job=\"node\",instance=\"{instance}\"";
        string ofProcess = $"{inContainer},comm=\"touch\",pid=\"1\"";
        return $$"""
            node_memory_MemTotal_bytes{{{onNode}}} 8e9
            node_memory_MemAvailable_bytes{{{onNode}}} 5e9
            node_memory_MemFree_bytes{{{onNode}}} 2e9
            node_memory_Cached_bytes{{{onNode}}} 3e9
            node_memory_Buffers_bytes{{{onNode}}} 1e8
            node_memory_Mapped_bytes{{{onNode}}} 5e8
            node_memory_Slab_bytes{{{onNode}}} 3e8
            node_memory_KernelStack_bytes{{{onNode}}} 1e7
            node_memory_PageTables_bytes{{{onNode}}} 2e7
            node_pressure_memory_waiting_seconds_total{{{onNode}}} {{scrapes}}
            node_pressure_memory_stalled_seconds_total{{{onNode}}} {{scrapes}}
            kube_pod_container_resource_requests{job="kube-state-metrics",{{inKubernetes}},node="node-1",resource="memory",unit="byte"} 1e9
            kube_pod_container_resource_limits{job="kube-state-metrics",{{inKubernetes}},node="node-1",resource="memory",unit="byte"} 2e9
            kube_pod_container_status_restarts_total{job="kube-state-metrics",{{inKubernetes}}} {{scrapes}}
            container_memory_working_set_bytes{job="kubelet",{{inKubernetes}},id="/kubepods/x",image="example",name="{{containerId}}",node="node-1"} 3e8
            namespace_workload_pod:memsnoop_pod_owner:max{namespace="shop",pod="{{Pod}}",workload="web",workload_type="Deployment"} 1
            namespace_pod_container:memsnoop_memory_used_bytes:sum{{{inKubernetes}}} 5e7
            namespace_workload_container:memsnoop_memory_used_bytes:max{{{ofWorkload}}} 5e7
            namespace_workload_container:memsnoop_memory_used_bytes:max7d{{{ofWorkload}}} 5e7
            namespace_workload_container:memsnoop_memory_used_bytes:p98_7d{{{ofWorkload}}} 5e7
            namespace_workload_container:memsnoop_pods:count{{{ofWorkload}}} 1
            namespace_workload_container:kube_pod_container_memory_requests_bytes:max{{{ofWorkload}}} 1e9
            namespace_workload_container:kube_pod_container_memory_limits_bytes:max{{{ofWorkload}}} 2e9
            namespace_workload_container:memsnoop_memory_request_recommendation:bytes{{{ofWorkload}}} 5.75e7
            namespace_workload_container:memsnoop_memory_request_waste:bytes{{{ofWorkload}}} 9.425e8
            namespace_workload_container:memsnoop_recommendation_withheld:max{{{ofWorkload}},reason="growing"} 1
            memsnoop_container_memory_used_bytes{{{inContainer}},kind="anon"} 4e7
            memsnoop_container_memory_used_upper_bytes{{{inContainer}},kind="cache"} 1e7
            memsnoop_container_memory_idle_bytes{{{inContainer}},kind="anon",age="0"} 2e8
            memsnoop_container_memory_idle_bytes{{{inContainer}},kind="anon",age="2"} 1.6e8
            memsnoop_container_reaccessed_bytes_total{{{inContainer}},age="2"} {{scrapes}}
            memsnoop_container_memory_limit_bytes{{{inContainer}}} 2e9
            memsnoop_container_memory_usage_bytes{{{inContainer}}} 2.2e8
            memsnoop_container_memory_kernel_bytes{{{inContainer}}} 1e6
            memsnoop_container_memory_reclaimable_bytes{{{inContainer}},kind="inactive_file"} 1e6
            memsnoop_container_memory_swap_bytes{{{inContainer}}} 0
            memsnoop_container_memory_refaults_bytes_total{{{inContainer}},type="file"} {{scrapes}}
            memsnoop_container_memory_events_total{{{inContainer}},event="oom_kill"} {{scrapes}}
            memsnoop_container_memory_pressure_seconds_total{{{inContainer}},type="some"} {{scrapes}}
            memsnoop_container_memory_pressure_seconds_total{{{inContainer}},type="full"} {{scrapes}}
            memsnoop_process_working_set_lower_bytes{{{ofProcess}},kind="anon"} 3e7
            memsnoop_process_dropped_resident_bytes{{{ofProcess}},reason="limit"} 1e6
            memsnoop_working_set_window_spread_seconds{{{ours}}} 0.01
            memsnoop_working_set_stall_seconds{{{ours}}} 0.01
            memsnoop_cgroups_dropped{{{ours}}} 0
            memsnoop_deprecated_info{{{ours}},name="MemSnoop:Former:Key"} 1
            memsnoop_disk_io_time_seconds_total{{{ours}},device="vda"} {{scrapes}}
            memsnoop_measurement_errors_total{{{ours}},measurement="stat",reason="failed"} {{scrapes}}
            memsnoop_measurement_missed_total{{{ours}},measurement="working-set"} {{scrapes}}
            memsnoop_measurement_skipped_total{{{ours}},measurement="working-set",reason="gone"} {{scrapes}}
            memsnoop_otlp_exports_total{{{ours}},outcome="success"} {{scrapes}}
            memsnoop_otlp_points_total{{{ours}},outcome="accepted"} {{scrapes}}
            memsnoop_otlp_missed_total{{{ours}}} 0
            memsnoop_otlp_duration_seconds{{{ours}}} 0.02
            memsnoop_processes_dropped{{{ours}},reason="limit"} 0
            memsnoop_transparent_hugepage_info{{{ours}},mode="madvise"} 1

            """;
    }

    /// <summary>The pod of the container.</summary>
    public const string Pod = "web-5d4f8-x2x9k";

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    // A line of the text format.
    [GeneratedRegex(@"^(?<name>[\w:]+)\{.*\n", RegexOptions.Multiline)]
    private static partial Regex Samples();
}
