using System.Net;
using System.Text.RegularExpressions;
using k8s;
using k8s.Models;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Exporter.Tests.EndToEnd;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>The manifests of <c>deploy/kubernetes/base</c>, as kubectl renders them.</summary>
[Collection(EndToEndCollection.Name)]
public partial class KubernetesTests
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
        IReadOnlyList<IKubernetesObject<V1ObjectMeta>> manifests = await RenderAsync();
        Assert.Equal(["DaemonSet", "Namespace", "Service", "ServiceAccount"], manifests.Select(static manifest => manifest.Kind).Order());
        Assert.All(manifests, static manifest => Assert.Equal(
            (Name, Name, Release.Version), (manifest.Metadata.Name, manifest.Metadata.Labels["app.kubernetes.io/name"], manifest.Metadata.Labels[VersionLabel])));
        Assert.All(manifests.Where(static manifest => manifest is not V1Namespace), static manifest => Assert.Equal(Name, manifest.Metadata.NamespaceProperty));

        V1ServiceAccount account = Single<V1ServiceAccount>(manifests);
        V1PodSpec pod = Pod(manifests).Spec;
        Assert.Equal(account.Metadata.Name, pod.ServiceAccountName);
        Assert.False(account.AutomountServiceAccountToken);
        Assert.False(pod.AutomountServiceAccountToken);
    }

    [Fact]
    public async Task Pod_is_allowed_to_measure_every_process_of_its_node_and_nothing_beyond()
    {
        IReadOnlyList<IKubernetesObject<V1ObjectMeta>> manifests = await RenderAsync();
        V1PodSpec pod = Pod(manifests).Spec;
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
        V1Namespace space = Single<V1Namespace>(manifests);
        Assert.All(PodSecurityModes, mode => Assert.Equal("privileged", space.Metadata.Labels[PodSecurity + mode]));
    }

    [Fact]
    public async Task Every_node_has_one_pod_also_during_an_update()
    {
        IReadOnlyList<IKubernetesObject<V1ObjectMeta>> manifests = await RenderAsync();
        V1DaemonSetSpec spec = Single<V1DaemonSet>(manifests).Spec;
        V1Toleration toleration = Assert.Single(Pod(manifests).Spec.Tolerations);
        Assert.Equal(("Exists", null, null), (toleration.OperatorProperty, toleration.Key, toleration.Effect));

        // Two on a node would end each other's windows.
        Assert.Equal("RollingUpdate", spec.UpdateStrategy.Type);
        Assert.Equal("0", spec.UpdateStrategy.RollingUpdate.MaxSurge.Value);
        Assert.Equal("10%", spec.UpdateStrategy.RollingUpdate.MaxUnavailable.Value);
    }

    [Fact]
    public async Task Selectors_find_the_pods_and_stay_the_same_from_version_to_version()
    {
        IReadOnlyList<IKubernetesObject<V1ObjectMeta>> manifests = await RenderAsync();
        IDictionary<string, string> labels = Pod(manifests).Metadata.Labels;
        Assert.Equal(Release.Version, labels[VersionLabel]);
        foreach (IDictionary<string, string> selector in new[]
        {
            Single<V1DaemonSet>(manifests).Spec.Selector.MatchLabels,
            Single<V1Service>(manifests).Spec.Selector,
        })
        {
            Assert.Equal(["app.kubernetes.io/component", "app.kubernetes.io/name"], selector.Keys.Order());
            Assert.All(selector, label => Assert.Equal(label.Value, labels[label.Key]));
        }
    }

    [Fact]
    public async Task Every_volume_is_mounted_and_sysfs_is_the_nodes()
    {
        V1PodSpec pod = Pod(await RenderAsync()).Spec;
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
        V1Container container = Assert.Single(Pod(await RenderAsync()).Spec.Containers);
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
        IReadOnlyList<IKubernetesObject<V1ObjectMeta>> manifests = await RenderAsync();
        V1PodSpec pod = Pod(manifests).Spec;
        V1Container container = Assert.Single(pod.Containers);
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            [.. container.Args.Select(argument => OnTheNode(argument, pod, container))], ["env", .. Variables(container)]);

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

        V1Service service = Single<V1Service>(manifests);
        IDictionary<string, string> annotations = service.Metadata.Annotations;
        Assert.Equal("None", service.Spec.ClusterIP);
        Assert.Equal(port.Name, Assert.Single(service.Spec.Ports).TargetPort.Value);
        Assert.Equal(("true", "http", $"{port.ContainerPort}"), (annotations[ScrapeAnnotation + "scrape"], annotations[ScrapeAnnotation + "scheme"], annotations[ScrapeAnnotation + "port"]));
        using HttpResponseMessage scraped = await exporter.GetAsync(annotations[ScrapeAnnotation + "path"]);
        Scrape scrape = new(await scraped.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal((NodeName, NodeName), (Label("host_name"), Label("k8s_node_name")));
        Assert.True(scrape.Has(Series.Resident, Environment.ProcessId), "It does not see this process.");

        string? Label(string name) => Assert.Single(scrape.Of("target_info")).Label(name);
    }

    /// <summary>The base with the component, as an overlay has them: a role, a token, and an argument that the program takes.</summary>
    [Fact]
    public async Task With_the_component_for_names_the_pod_may_list_and_watch_pods_and_nothing_else()
    {
        using TemporaryDirectory overlay = new();
        string kubernetes = Path.GetRelativePath(overlay.Root, Path.Combine(Checkout.Root, "deploy", "kubernetes"));
        overlay.Write("kustomization.yaml", $"""
            apiVersion: kustomize.config.k8s.io/v1beta1
            kind: Kustomization
            resources: [{kubernetes}/base]
            components: [{kubernetes}/components/pod-names]
            """);
        IReadOnlyList<IKubernetesObject<V1ObjectMeta>> manifests = await Kubectl.RenderAsync(overlay.Root);
        Assert.Equal(["ClusterRole", "ClusterRoleBinding", "DaemonSet", "Namespace", "Service", "ServiceAccount"], manifests.Select(static manifest => manifest.Kind).Order());

        V1PolicyRule rule = Assert.Single(Single<V1ClusterRole>(manifests).Rules);
        Assert.Equal((",pods", "list,watch"), ($"{string.Join(',', rule.ApiGroups)},{string.Join(',', rule.Resources)}", string.Join(',', rule.Verbs)));
        V1ClusterRoleBinding binding = Single<V1ClusterRoleBinding>(manifests);
        Assert.Equal(("ClusterRole", Name), (binding.RoleRef.Kind, binding.RoleRef.Name));
        Rbacv1Subject subject = Assert.Single(binding.Subjects);
        V1ServiceAccount account = Single<V1ServiceAccount>(manifests);
        Assert.Equal(("ServiceAccount", account.Metadata.Name, account.Metadata.NamespaceProperty), (subject.Kind, subject.Name, subject.NamespaceProperty));

        V1PodSpec pod = Pod(manifests).Spec;
        Assert.True(pod.AutomountServiceAccountToken);
        V1Container container = Assert.Single(pod.Containers);

        // The token is not there, and so nobody is asked.
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            [.. container.Args.Select(argument => OnTheNode(argument, pod, container))],
            ["env", .. Variables(container), "KUBERNETES_SERVICE_HOST=127.0.0.1", $"KUBERNETES_SERVICE_PORT={FreePort.Next()}"]);
        await exporter.ScrapeUntilAsync(static scrape => scrape.Of("memsnoop_container_names_info", ("source", "kubernetes_api"), ("reason", "no_token")).Any());
    }

    private const string NodeName = "node-1.example";

    private static Task<IReadOnlyList<IKubernetesObject<V1ObjectMeta>>> RenderAsync() => Kubectl.RenderAsync("deploy/kubernetes/base");

    private static T Single<T>(IReadOnlyList<IKubernetesObject<V1ObjectMeta>> manifests) => Assert.Single(manifests.OfType<T>());

    private static V1PodTemplateSpec Pod(IReadOnlyList<IKubernetesObject<V1ObjectMeta>> manifests) => Single<V1DaemonSet>(manifests).Spec.Template;

    // What the container sees below a mount is the node's.
    private static string OnTheNode(string argument, V1PodSpec pod, V1Container container) => container.VolumeMounts.Aggregate(argument, (text, mount) =>
        text.Replace(mount.MountPath, pod.Volumes.Single(volume => volume.Name == mount.Name).HostPath.Path, StringComparison.Ordinal));

    // As the kubelet does: fields of the pod first, then variables in the order they stand in, $(NAME) replaced.
    private static List<string> Variables(V1Container container)
    {
        Dictionary<string, string> values = [];
        foreach (V1EnvVar variable in container.Env)
        {
            values[variable.Name] = variable.ValueFrom is null
                ? Reference().Replace(variable.Value, match => values[match.Groups[1].Value])
                : variable.ValueFrom.FieldRef.FieldPath == "spec.nodeName" ? NodeName : throw new NotSupportedException(variable.ValueFrom.FieldRef.FieldPath);
        }

        return [.. values.Select(static pair => $"{pair.Key}={pair.Value}")];
    }

    [GeneratedRegex(@"\$\((\w+)\)")]
    private static partial Regex Reference();
}
