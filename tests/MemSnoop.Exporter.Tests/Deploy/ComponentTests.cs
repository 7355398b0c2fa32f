using System.Text.Json.Nodes;
using k8s.Models;
using MemSnoop.Metrics.Descriptors;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>The components of <c>deploy/kubernetes/components</c>: what each adds to the base, and that it adds no more.</summary>
public class ComponentTests
{
    /// <summary>A right that another one includes (<c>capabilities(7)</c>).</summary>
    private static readonly Dictionary<Capability, Capability> Included = new()
    {
        [Capability.DacReadSearch] = Capability.DacOverride,
        [Capability.PerfMon] = Capability.SysAdmin,
    };

    [Fact]
    public async Task Least_privilege_has_the_rights_that_measurements_name_and_no_others()
    {
        Manifests manifests = await Kubectl.RenderWithAsync("least-privilege");
        V1SecurityContext context = manifests.Container.SecurityContext;
        Assert.False(context.Privileged);
        Assert.Equal(["ALL"], context.Capabilities.Drop);
        IEnumerable<string> named = MeasurementCatalogue.Published.SelectMany(static measurement => measurement.Sources).SelectMany(static source => source.Capabilities)
            .Select(static capability => Included.GetValueOrDefault(capability, capability).ToWord()["CAP_".Length..]).Distinct();
        Assert.Equal(named.Order(), context.Capabilities.Add.Order());
        Assert.Equal("RuntimeDefault", context.SeccompProfile.Type);
        Assert.Equal((0, true), (context.RunAsUser, context.ReadOnlyRootFilesystem));
    }

    /// <summary>All else of /sys is the container's own, which is read-only.</summary>
    [Fact]
    public async Task Least_privilege_can_write_to_nothing_of_the_node_but_the_bitmap_and_the_run_directory()
    {
        Manifests manifests = await Kubectl.RenderWithAsync("least-privilege");
        Assert.DoesNotContain("--sysfs", manifests.Container.Args);
        Assert.Equal(
            ["/run/memsnoop", "/sys/kernel/mm"],
            manifests.Container.VolumeMounts.Where(static mount => mount.ReadOnlyProperty != true).Select(static mount => mount.MountPath).Order());

        // A directory that a node lacks would keep the pod in ContainerCreating: below mm, many kernels have no page_idle.
        V1Volume mm = manifests.Pod.Spec.Volumes.Single(static volume => volume.HostPath.Path.StartsWith("/sys", StringComparison.Ordinal));
        Assert.Equal(("/sys/kernel/mm", "Directory"), (mm.HostPath.Path, mm.HostPath.Type));
    }

    /// <summary>The bitmap's file alone, which a node has to have; or nothing.</summary>
    [Theory]
    [InlineData("bitmap-present", "/sys/kernel/mm/page_idle/bitmap")]
    [InlineData("bitmap-absent")]
    public async Task Of_sys_a_file_can_be_mounted_or_nothing(string component, params string[] paths)
    {
        Manifests manifests = await Kubectl.RenderWithAsync("least-privilege", component);
        Assert.Equal(paths, manifests.Container.VolumeMounts.Select(static mount => mount.MountPath).Where(static path => path.StartsWith("/sys", StringComparison.Ordinal)));
        V1HostPathVolumeSource[] volumes = [.. manifests.Pod.Spec.Volumes.Select(static volume => volume.HostPath).Where(static volume => volume.Path.StartsWith("/sys", StringComparison.Ordinal))];
        Assert.Equal(paths, volumes.Select(static volume => volume.Path));
        Assert.All(volumes, static volume => Assert.Equal("File", volume.Type));
    }

    [Fact]
    public async Task Kubelet_metadata_allows_one_list_of_one_node()
    {
        Manifests manifests = await Kubectl.RenderWithAsync("kubelet-metadata");
        V1PolicyRule rule = Assert.Single(manifests.Single<V1ClusterRole>().Rules);
        Assert.Equal(["get"], rule.Verbs);
        Assert.Equal(["nodes/pods"], rule.Resources);
        V1ClusterRoleBinding binding = manifests.Single<V1ClusterRoleBinding>();
        Assert.Equal((manifests.Single<V1ClusterRole>().Metadata.Name, "ClusterRole"), (binding.RoleRef.Name, binding.RoleRef.Kind));
        Rbacv1Subject subject = Assert.Single(binding.Subjects);
        V1ServiceAccount account = manifests.Single<V1ServiceAccount>();
        Assert.Equal((account.Metadata.Name, account.Metadata.NamespaceProperty), (subject.Name, subject.NamespaceProperty));

        // The pod alone has the token.
        Assert.False(account.AutomountServiceAccountToken);
        Assert.True(manifests.Pod.Spec.AutomountServiceAccountToken);
        Assert.Contains($"--kubelet=https://{PodVariables.NodeAddress}:10250", PodVariables.ArgumentsOf(manifests.Container));
    }

    [Theory]
    [InlineData("pod-monitor", "podMetricsEndpoints")]
    [InlineData("service-monitor", "endpoints")]
    public async Task Monitors_keep_the_labels_of_whose_memory_it_is(string component, string endpoints)
    {
        Manifests manifests = await Kubectl.RenderWithAsync(component);
        JsonObject spec = Assert.Single(manifests.All, Manifests.IsCustom)["spec"]!.AsObject();
        JsonObject endpoint = Assert.Single(spec[endpoints]!.AsArray())!.AsObject();
        Assert.True((bool)endpoint["honorLabels"]!);
        Assert.Equal(Assert.Single(manifests.Container.Ports).Name, (string?)endpoint["port"]);
        JsonNode relabeling = Assert.Single(endpoint["relabelings"]!.AsArray())!;
        Assert.Equal(("__meta_kubernetes_pod_node_name", "instance"), ((string?)relabeling["sourceLabels"]![0], (string?)relabeling["targetLabel"]));

        IDictionary<string, string> labels = component == "pod-monitor" ? manifests.Pod.Metadata.Labels : manifests.Single<V1Service>().Metadata.Labels;
        Assert.All(spec["selector"]!["matchLabels"]!.AsObject(), pair => Assert.Equal((string?)pair.Value, labels[pair.Key]));
        Assert.Equal("memsnoop", labels[(string)spec["jobLabel"]!]);
    }

    [Fact]
    public async Task Network_policy_lets_in_Prometheus_alone()
    {
        Manifests manifests = await Kubectl.RenderWithAsync("network-policy");
        V1NetworkPolicySpec policy = manifests.Single<V1NetworkPolicy>().Spec;
        Assert.Equal(["Egress", "Ingress"], policy.PolicyTypes.Order());
        Assert.Empty(policy.Egress);
        V1NetworkPolicyIngressRule rule = Assert.Single(policy.Ingress);
        Assert.Equal(Assert.Single(manifests.Container.Ports).Name, Assert.Single(rule.Ports).Port.Value);

        // One peer with both: pods of this name in namespaces of that name.
        V1NetworkPolicyPeer peer = Assert.Single(rule.FromProperty);
        Assert.NotNull(peer.NamespaceSelector);
        Assert.NotNull(peer.PodSelector);
        Assert.All(policy.PodSelector.MatchLabels, pair => Assert.Equal(pair.Value, manifests.Pod.Metadata.Labels[pair.Key]));
    }

    [Fact]
    public async Task Components_go_together()
    {
        Manifests manifests = await Kubectl.RenderWithAsync(
            "least-privilege", "kubelet-metadata", "pod-monitor", "network-policy", "openshift", "vertical-pod-autoscaler");
        Assert.Equal(["--container-labels", "--kubelet=https://$(HOST_IP):10250"], manifests.Container.Args);
        Assert.All(manifests.All, static manifest => Assert.Equal(Release.Version, (string?)manifest["metadata"]!["labels"]!["app.kubernetes.io/version"]));
        Assert.Equal(10, manifests.All.Count);
        Assert.Equal("Off", (string?)Assert.Single(manifests.All, static manifest => Manifests.KindOf(manifest) == "VerticalPodAutoscaler")["spec"]!["updatePolicy"]!["updateMode"]);
    }
}
