using MemSnoop.Metrics.Sampling;
using static MemSnoop.Exporter.Tests.Sampling.ContainerTree;

namespace MemSnoop.Exporter.Tests.Sampling;

/// <summary>Which labels series have, and what they say. On a tree of plain files.</summary>
public sealed class ProcessLabelsTests : IDisposable
{
    private readonly ContainerTree _tree = new();

    [Theory]
    [InlineData("0::/", "0::/", null, null, "")]
    [InlineData("0::/", $"0::/docker/{A}", null, null, "container container_id namespace pod ")]
    [InlineData("0::/init.scope", "0::/system.slice/ssh.service", null, null, "unit ")]
    [InlineData("0::/init.scope", $"0::/system.slice/docker-{A}.scope", null, null, "container container_id namespace pod unit ")]
    [InlineData("0::/init.scope", $"0::/system.slice/docker-{A}.scope", false, false, "")]
    [InlineData("0::/", "0::/", true, true, "container container_id namespace pod unit ")]
    public void What_the_host_is_at_the_start_decides_unless_the_options_do(string init, string other, bool? containers, bool? unit, string labels)
    {
        _tree.AddProcess(1, "init", init);
        _tree.AddProcess(7, "sleep", other);
        _tree.Options.Processes.ContainerLabels = containers;
        _tree.Options.Processes.UnitLabel = unit;

        using Observed observed = new(_tree);

        Assert.Equal(labels, string.Concat(observed.Read()[7].Keys.Except(["comm", "pid"]).Order(StringComparer.Ordinal).Select(static label => label + " ")));
    }

    [Fact]
    public void Labels_stay_as_they_are_for_the_run()
    {
        using Observed before = new(_tree);
        _tree.AddProcess(7, "sleep", $"0::/docker/{A}");
        Assert.Equal(["comm", "pid"], before.Read()[7].Keys.Order());

        using Observed after = new(_tree);
        _tree.RemoveProcess(7);
        Assert.Equal(["comm", "container", "container_id", "namespace", "pid", "pod"], after.Read()[1].Keys.Order());
    }

    /// <summary>With version 1 of the control groups, a process that is about to end shows up in the root group.</summary>
    [Theory]
    [InlineData(4, A)]
    [InlineData(1, "")]
    public void A_process_that_ends_keeps_its_container_to_the_last(uint flags, string id)
    {
        _tree.AddProcess(7, "sleep", $"4:memory:/docker/{A}");
        using Observed observed = new(_tree);
        Assert.Equal(A, observed.Read()[7]["container_id"]);

        _tree.AddProcess(7, "sleep", "4:memory:/", flags: flags);
        _tree.AddProcess(8, "sleep", "4:memory:/", flags: flags);
        for (int i = 0; i < 3; i++)
        {
            observed.Read();
        }

        Dictionary<int, Dictionary<string, string>> read = observed.Read();
        Assert.Equal((id, flags == 1), (read[7]["container_id"], read.ContainsKey(8)));
    }

    [Fact]
    public void An_application_that_measures_itself_gets_none()
    {
        _tree.AddProcess(7, "sleep", $"0::/docker/{A}");
        _tree.Options.Processes.All = false;
        MeasuredHost host = _tree.Host();

        Assert.Equal((false, false), (ProcessLabels.WantContainers(host), ProcessLabels.WantUnit(host)));
    }

    [Fact]
    public void Series_say_whose_each_process_is_and_of_the_host_nothing()
    {
        _tree.AddProcess(1, "systemd", "0::/init.scope");
        _tree.AddProcess(7, "nginx", $"0::/kubepods.slice/kubepods-pod{Uid.Replace('-', '_')}.slice/cri-containerd-{A}.scope");
        _tree.AddProcess(8, "dockerd", "0::/system.slice/docker.service");
        _tree.Link(A, "nginx");
        using Observed observed = new(_tree);

        Dictionary<int, Dictionary<string, string>> read = observed.Read();

        AssertLabels(read[1], "systemd", "", "", "", "", "init.scope");
        AssertLabels(read[7], "nginx", "shop", "web", "nginx", A, "");
        AssertLabels(read[8], "dockerd", "", "", "", "", "docker.service");
    }

    [Fact]
    public async Task A_container_that_begins_has_its_id_at_once_and_its_names_when_they_are_there()
    {
        _tree.AddProcess(7, "a", $"0::/kubepods/pod{Uid}/{A}");
        _tree.Options.Processes.UnitLabel = true;
        using Observed observed = new(_tree);
        ContainerNaming naming = Assert.Single(observed.Pipeline.Services.OfType<ContainerNaming>());
        AssertLabels(observed.Read()[7], "a", "", "", "", A, "");

        _tree.Link(A, "nginx");
        await naming.ReadOnceAsync(TestContext.Current.CancellationToken);
        AssertLabels(observed.Read()[7], "a", "shop", "web", "nginx", A, "");

        // A later one, whose name is there before its first scrape.
        _tree.AddProcess(8, "b", $"0::/kubepods/pod{Uid}/{B}");
        _tree.Link(B, "sidecar");
        observed.Read();
        await naming.ReadOnceAsync(TestContext.Current.CancellationToken);
        AssertLabels(observed.Read()[8], "b", "shop", "web", "sidecar", B, "");

        // Its link is gone before it is.
        File.Delete(_tree.LinkPath(B, "sidecar"));
        observed.Read();
        await naming.ReadOnceAsync(TestContext.Current.CancellationToken);
        AssertLabels(observed.Read()[8], "b", "shop", "web", "sidecar", B, "");

        _tree.RemoveProcess(8);
        Assert.DoesNotContain(8, observed.Read().Keys);
    }

    [Fact]
    public void The_state_of_each_source_is_a_series()
    {
        using (Observed none = new(_tree))
        {
            none.Read();
            Assert.Equal(["cri off disabled", "kubelet off disabled", "kubernetes_api off disabled", "log_links off disabled"], none.Sources.Order());
        }

        _tree.Options.Processes.ContainerLabels = true;
        _tree.Options.Containers.Kubelet = new Uri("https://127.0.0.1:1");
        _tree.Options.Containers.LogDirectory = _tree["nowhere"];
        using Observed observed = new(_tree);
        observed.Read();
        Assert.Equal(["cri off disabled", "kubelet off not_read", "kubernetes_api off disabled", "log_links unavailable not_found"], observed.Sources.Order());
    }

    private static void AssertLabels(Dictionary<string, string> labels, string comm, string space, string pod, string container, string id, string unit) =>
        Assert.Equal(
            (comm, space, pod, container, id, unit),
            (labels["comm"], labels["namespace"], labels["pod"], labels["container"], labels["container_id"], labels["unit"]));

    public void Dispose() => _tree.Dispose();
}
