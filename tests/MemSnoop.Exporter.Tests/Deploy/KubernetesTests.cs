using System.Net;
using k8s.Models;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Tests.EndToEnd;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>The manifests of <c>deploy/kubernetes/base</c>, as kubectl renders them.</summary>
[Collection(EndToEndCollection.Name)]
public class KubernetesTests
{
    private const string Name = "memsnoop";
    private const string VersionLabel = "app.kubernetes.io/version";
    private const string PodSecurity = "pod-security.kubernetes.io/";
    private const string ScrapeAnnotation = "prometheus.io/";

    private static readonly string[] PodSecurityModes = ["enforce", "audit", "warn"];

    // An API server forbids anybody else's pods what this pod needs, and this pod what it does not: no role, no token.
    [Fact]
    public async Task Base_is_one_daemon_set_with_what_it_needs_and_no_rights_in_the_cluster()
    {
        Manifests manifests = await RenderAsync();
        Assert.Equal(["DaemonSet", "Namespace", "Service", "ServiceAccount"], manifests.Typed.Select(static manifest => manifest.Kind).Order());
        Assert.All(manifests.Typed, static manifest => Assert.Equal(
            (Name, Name, Release.Version), (manifest.Metadata.Name, manifest.Metadata.Labels["app.kubernetes.io/name"], manifest.Metadata.Labels[VersionLabel])));
        Assert.All(manifests.Typed.Where(static manifest => manifest is not V1Namespace), static manifest => Assert.Equal(Name, manifest.Metadata.NamespaceProperty));

        V1ServiceAccount account = manifests.Single<V1ServiceAccount>();
        V1PodSpec pod = manifests.Pod.Spec;
        Assert.Equal(account.Metadata.Name, pod.ServiceAccountName);
        Assert.False(account.AutomountServiceAccountToken);
        Assert.False(pod.AutomountServiceAccountToken);
    }

    [Fact]
    public async Task Pod_is_allowed_to_measure_every_process_of_its_node_and_nothing_beyond()
    {
        Manifests manifests = await RenderAsync();
        V1PodSpec pod = manifests.Pod.Spec;
        Assert.True(pod.HostPID);
        Assert.NotEqual(true, pod.HostNetwork);
        Assert.NotEqual(true, pod.HostIPC);
        V1SecurityContext context = Assert.Single(pod.Containers).SecurityContext;
        Assert.True(context.Privileged);
        Assert.True(context.ReadOnlyRootFilesystem);
        Assert.Equal((0, false), (context.RunAsUser, context.RunAsNonRoot));

        // "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        Assert.Null(context.AllowPrivilegeEscalation);

        // Unless its namespace says so, a cluster that enforces the standards admits none of this.
        V1Namespace space = manifests.Single<V1Namespace>();
        Assert.All(PodSecurityModes, mode => Assert.Equal("privileged", space.Metadata.Labels[PodSecurity + mode]));
    }

    [Fact]
    public async Task Every_node_has_one_pod_also_during_an_update()
    {
        Manifests manifests = await RenderAsync();
        V1DaemonSetSpec spec = manifests.Single<V1DaemonSet>().Spec;
        V1Toleration toleration = Assert.Single(manifests.Pod.Spec.Tolerations);
        Assert.Equal(("Exists", null, null), (toleration.OperatorProperty, toleration.Key, toleration.Effect));

        // Two on a node would end each other's windows.
        Assert.Equal("RollingUpdate", spec.UpdateStrategy.Type);
        Assert.Equal("0", spec.UpdateStrategy.RollingUpdate.MaxSurge.Value);
        Assert.Equal("10%", spec.UpdateStrategy.RollingUpdate.MaxUnavailable.Value);
    }

    [Fact]
    public async Task Selectors_find_the_pods_and_stay_the_same_from_version_to_version()
    {
        Manifests manifests = await RenderAsync();
        IDictionary<string, string> labels = manifests.Pod.Metadata.Labels;
        Assert.Equal(Release.Version, labels[VersionLabel]);
        foreach (IDictionary<string, string> selector in new[]
        {
            manifests.Single<V1DaemonSet>().Spec.Selector.MatchLabels,
            manifests.Single<V1Service>().Spec.Selector,
        })
        {
            Assert.Equal(["app.kubernetes.io/component", "app.kubernetes.io/instance", "app.kubernetes.io/name"], selector.Keys.Order());
            Assert.All(selector, label => Assert.Equal(label.Value, labels[label.Key]));
        }
    }

    [Fact]
    public async Task Every_volume_is_mounted_and_sysfs_is_the_nodes()
    {
        V1PodSpec pod = (await RenderAsync()).Pod.Spec;
        V1Container container = Assert.Single(pod.Containers);
        Assert.Equal(pod.Volumes.Select(static volume => volume.Name).Order(), container.VolumeMounts.Select(static mount => mount.Name).Order());

        int option = container.Args.IndexOf("--sysfs");
        V1VolumeMount mounted = container.VolumeMounts.Single(mount => mount.MountPath == container.Args[option + 1]);
        Assert.Equal("/sys", pod.Volumes.Single(volume => volume.Name == mounted.Name).HostPath.Path);
        Assert.NotEqual(true, mounted.ReadOnlyProperty);   // the idle bitmap is written to
    }

    [Fact]
    public async Task Image_is_the_one_the_Dockerfile_builds()
    {
        V1Container container = Assert.Single((await RenderAsync()).Pod.Spec.Containers);
        Assert.Equal($"{Name}:{Release.Version}", container.Image);
        Assert.Null(container.Command);   // its own entry point

        V1ContainerPort port = Assert.Single(container.Ports);
        Assert.Equal(ListenAddress.DefaultPort, port.ContainerPort);
        Assert.Equal(Dockerfile.Read().Arguments("EXPOSE"), [$"{port.ContainerPort}"]);
    }

    /// <summary>
    /// The container's arguments and variables, given to the real program, which ends with a line about any it does not know. Only the paths differ, which are
    /// the node's, and the port.
    /// </summary>
    [Fact]
    public async Task What_the_pod_runs_answers_its_probes_and_its_scrapes()
    {
        Manifests manifests = await RenderAsync();
        V1PodSpec pod = manifests.Pod.Spec;
        V1Container container = Assert.Single(pod.Containers);
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            [.. container.Args.Select(argument => OnTheNode(argument, pod, container))], ["env", .. PodVariables.Of(container)]);

        V1Probe[] probes = [container.StartupProbe, container.LivenessProbe, container.ReadinessProbe];
        Assert.Equal(["/-/healthy", "/-/healthy", "/-/ready"], probes.Select(static probe => probe.HttpGet.Path));
        V1ContainerPort port = Assert.Single(container.Ports);
        foreach (V1Probe probe in probes)
        {
            Assert.Equal(port.Name, probe.HttpGet.Port.Value);

            // It is ready when the first windows have ended.
            await Eventually.HoldsAsync(async () =>
            {
                using HttpResponseMessage answer = await exporter.GetAsync(probe.HttpGet.Path);
                return answer.StatusCode == HttpStatusCode.OK;
            });
        }

        V1Service service = manifests.Single<V1Service>();
        IDictionary<string, string> annotations = service.Metadata.Annotations;
        Assert.Equal("None", service.Spec.ClusterIP);
        Assert.Equal(port.Name, Assert.Single(service.Spec.Ports).TargetPort.Value);
        Assert.Equal(("true", "http", $"{port.ContainerPort}"), (annotations[ScrapeAnnotation + "scrape"], annotations[ScrapeAnnotation + "scheme"], annotations[ScrapeAnnotation + "port"]));
        using HttpResponseMessage scraped = await exporter.GetAsync(annotations[ScrapeAnnotation + "path"]);
        Scrape scrape = new(await scraped.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal((PodVariables.NodeName, PodVariables.NodeName), (Label("host_name"), Label("k8s_node_name")));
        Assert.True(scrape.Has(Series.Resident, Environment.ProcessId), "It does not see this process.");

        string? Label(string name) => Assert.Single(scrape.Of("target_info")).Label(name);
    }

    /// <summary>The base with the component, as an overlay has them: a role, a token, and an argument that the program takes.</summary>
    [Fact]
    public async Task With_the_component_for_names_the_pod_may_list_and_watch_pods_and_nothing_else()
    {
        Manifests manifests = await Kubectl.RenderWithAsync("pod-names");
        Assert.Equal(["ClusterRole", "ClusterRoleBinding", "DaemonSet", "Namespace", "Service", "ServiceAccount"], manifests.Typed.Select(static manifest => manifest.Kind).Order());

        V1PolicyRule rule = Assert.Single(manifests.Single<V1ClusterRole>().Rules);
        Assert.Equal((",pods", "list,watch"), ($"{string.Join(',', rule.ApiGroups)},{string.Join(',', rule.Resources)}", string.Join(',', rule.Verbs)));
        V1ClusterRoleBinding binding = manifests.Single<V1ClusterRoleBinding>();
        Assert.Equal(("ClusterRole", Name), (binding.RoleRef.Kind, binding.RoleRef.Name));
        Rbacv1Subject subject = Assert.Single(binding.Subjects);
        V1ServiceAccount account = manifests.Single<V1ServiceAccount>();
        Assert.Equal(("ServiceAccount", account.Metadata.Name, account.Metadata.NamespaceProperty), (subject.Kind, subject.Name, subject.NamespaceProperty));

        V1PodSpec pod = manifests.Pod.Spec;
        Assert.True(pod.AutomountServiceAccountToken);
        V1Container container = Assert.Single(pod.Containers);

        // The token is not there, and so nobody is asked.
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            [.. container.Args.Select(argument => OnTheNode(argument, pod, container))],
            ["env", .. PodVariables.Of(container), "KUBERNETES_SERVICE_HOST=127.0.0.1", $"KUBERNETES_SERVICE_PORT={FreePort.Next()}"]);
        await exporter.ScrapeUntilAsync(static scrape => scrape.Of("memsnoop_container_names_info", ("source", "kubernetes_api"), ("reason", "no_token")).Any());
    }

    private static Task<Manifests> RenderAsync() => Kubectl.RenderAsync("deploy/kubernetes/base");

    // What the container sees below a mount is the node's.
    private static string OnTheNode(string argument, V1PodSpec pod, V1Container container) => container.VolumeMounts.Aggregate(argument, (text, mount) =>
        text.Replace(mount.MountPath, pod.Volumes.Single(volume => volume.Name == mount.Name).HostPath.Path, StringComparison.Ordinal));
}
