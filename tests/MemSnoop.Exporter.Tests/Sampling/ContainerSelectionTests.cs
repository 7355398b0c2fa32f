using MemSnoop.Metrics.Configuration;
using MemSnoop.Metrics.Sampling;
using static MemSnoop.Exporter.Tests.Sampling.ContainerTree;

namespace MemSnoop.Exporter.Tests.Sampling;

/// <summary>Which processes are watched, by namespace, pod, container and unit.</summary>
public sealed class ContainerSelectionTests : IDisposable
{
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

    private static string[] List(string? pattern) => pattern is null ? [] : [pattern];

    public void Dispose() => _tree.Dispose();
}
