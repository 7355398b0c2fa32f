using System.Security.Cryptography.X509Certificates;
using MemSnoop.Exporter.Tests.Containers;
using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Sampling;
using static MemSnoop.Exporter.Tests.Sampling.ContainerTree;

namespace MemSnoop.Exporter.Tests.Sampling;

/// <summary>Which processes are watched, by namespace, pod, container and unit.</summary>
public sealed class ContainerSelectionTests : IDisposable
{
    private const string C = "3333333333333333333333333333333333333333333333333333333333333333";
    private const string OtherUid = "99992222-3333-4444-5555-666677778888";
    private const string Docker = "2222222222222222222222222222222222222222222222222222222222222222";

    private readonly ContainerTree _tree = new();

    public ContainerSelectionTests()
    {
        _tree.Options.Processes.All = false;
        _tree.AddProcess(1, "systemd", "0::/init.scope");
        _tree.AddProcess(7, "nginx", $"0::/kubepods.slice/kubepods-pod{Uid.Replace('-', '_')}.slice/cri-containerd-{A}.scope");
        _tree.AddProcess(8, "envoy", $"0::/kubepods.slice/kubepods-pod{Uid.Replace('-', '_')}.slice/cri-containerd-{B}.scope");
        _tree.AddProcess(9, "sshd", "0::/system.slice/ssh.service");
        _tree.AddProcess(10, "redis", $"0::/system.slice/docker-{Docker}.scope");
        _tree.Link(A, "nginx");
        _tree.Link(B, "side-car");
    }

    [Theory]
    [InlineData("shop", null, null, null, new[] { 7, 8 })]
    [InlineData("sh?p", "w*", null, null, new[] { 7, 8 })]
    [InlineData("*", null, null, null, new[] { 7, 8 })]
    [InlineData(null, "web", "nginx", null, new[] { 7 })]
    [InlineData(null, null, "side-*", null, new[] { 8 })]
    [InlineData(null, null, "side", null, new int[0])]
    [InlineData(null, null, "222222222222*", null, new[] { 10 })]
    [InlineData(null, null, "*", null, new[] { 7, 8, 10 })]
    [InlineData("other", "web", null, null, new int[0])]
    [InlineData(null, null, null, "ssh.service", new[] { 9 })]
    [InlineData(null, null, null, "*.s*", new[] { 1, 9 })]
    [InlineData(null, null, null, "docker-*", new int[0])]
    [InlineData("shop", null, null, "ssh.service", new int[0])]
    public void Kinds_narrow_each_other(string? space, string? pod, string? container, string? unit, int[] watched)
    {
        _tree.Options.Processes.Namespaces = List(space);
        _tree.Options.Processes.Pods = List(pod);
        _tree.Options.Processes.Containers = List(container);
        _tree.Options.Processes.Units = List(unit);
        using Observed observed = new(_tree);

        Assert.Equal(watched, observed.Read().Keys.Order());
    }

    [Fact]
    public void Patterns_of_one_kind_widen_each_other_and_other_kinds_narrow_them()
    {
        _tree.Options.Processes.Units = ["ssh.service", "init.scope"];
        _tree.Options.Processes.Names = [Syntax.CompileRegex("^s")];
        using Observed observed = new(_tree);
        Assert.Equal([1, 9], observed.Read().Keys.Order());

        _tree.Options.Processes.Names = [Syntax.CompileRegex("^ssh")];
        using Observed narrow = new(_tree);
        Assert.Equal([9], narrow.Read().Keys.Order());
    }

    [Fact]
    public async Task A_container_is_selected_when_its_names_become_known()
    {
        _tree.Options.Processes.Pods = ["web"];
        File.Delete(_tree.LinkPath(A, "nginx"));
        File.Delete(_tree.LinkPath(B, "side-car"));
        using Observed observed = new(_tree);
        Assert.Empty(observed.Read());

        _tree.Link(A, "nginx");
        await Assert.Single(observed.Pipeline.Services.OfType<ContainerNaming>()).ReadOnceAsync(TestContext.Current.CancellationToken);

        await Eventually.ReachesAsync(() => string.Join(' ', observed.Read().Keys.Order()), static watched => watched == "7 8");
    }

    [Fact]
    public void Who_selects_by_names_gets_the_labels_unless_told_otherwise()
    {
        _tree.Options.Processes.Pods = ["none"];
        _tree.Options.Processes.Pids = [1];
        _tree.AddProcess(1, "init", "0::/");
        foreach (int pid in (int[])[7, 8, 10])
        {
            _tree.RemoveProcess(pid);
        }

        Assert.True(ProcessLabels.WantContainers(_tree.Host()));
        _tree.Options.Processes.ContainerLabels = false;
        using Observed observed = new(_tree);
        Assert.Equal(["comm", "pid"], observed.Read()[1].Keys.Order());
        Assert.Contains("log_links on ok", observed.Sources);
    }

    /// <summary>The links tell the names of one pod, and the labels of none: the kubelet is asked for them.</summary>
    [Theory]
    [InlineData("app=web", null, new[] { 7, 8 })]
    [InlineData("app", null, new[] { 7, 8, 11 })]
    [InlineData("app in (web,api),tier=cache", null, new[] { 11 })]
    [InlineData("app=web", "tier=cache", new[] { 7, 8, 11 })]
    [InlineData("tier!=cache", null, new[] { 7, 8 })]
    [InlineData("!app", null, new int[0])]
    public async Task Labels_of_pods_select_their_processes_once_they_are_known(string selector, string? other, int[] watched)
    {
        _tree.AddProcess(11, "api", $"0::/kubepods/pod{OtherUid}/{C}");
        using TestAuthority authority = new("cluster");
        using X509Certificate2 certificate = authority.IssueForServer("127.0.0.1");
        await using TestKubelet kubelet = await TestKubelet.StartAsync(certificate);
        kubelet.Pods = $$$$"""
            {"items":[
              {"metadata":{"name":"web","namespace":"shop","uid":"{{{{Uid}}}}","labels":{"app":"web"}}},
              {"metadata":{"name":"api","namespace":"shop","uid":"{{{{OtherUid}}}}","labels":{"app":"api","tier":"cache"}},
               "status":{"containerStatuses":[{"name":"api","containerID":"containerd://{{{{C}}}}"}]}}]}
            """;
        _tree.Options.Containers.Kubelet = kubelet.Url;
        _tree.Options.Containers.KubeletTokenFile = _tree.Write("token", "first-token");
        _tree.Options.Containers.KubeletCertificate = _tree.Write("ca.crt", authority.Pem);
        _tree.Options.Processes.PodLabels = [selector, .. List(other)];
        using Observed observed = new(_tree);
        Assert.Empty(observed.Read());

        ContainerNaming naming = Assert.Single(observed.Pipeline.Services.OfType<ContainerNaming>());
        await naming.ReadOnceAsync(TestContext.Current.CancellationToken);

        string expected = string.Join(' ', watched);
        await Eventually.ReachesAsync(() => string.Join(' ', observed.Read().Keys.Order()), seen => seen == expected);

        // Who has no labels that anybody knows is looked for, and nobody else.
        Assert.Equal(1, naming.MissCount);
    }

    private static string[] List(string? pattern) => pattern is null ? [] : [pattern];

    public void Dispose() => _tree.Dispose();
}
