using System.Runtime.Versioning;
using k8s.Models;
using MemSnoop.Exporter.Tests.EndToEnd;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>The pods of <c>deploy/kubernetes</c>, run by Podman with the rights that the manifests give them, as far as a runtime grants them and not a kubelet.</summary>
[SupportedOSPlatform("linux")]
[Collection(EndToEndCollection.Name)]
[OrdinaryTier]
public sealed class PodTests : IAsyncDisposable
{
    private const int Application = 10001;
    private const string Pod = "application";

    private readonly Podman _podman = new();

    /// <summary>The DaemonSet's pod sees the node's processes, whoever's they are, and measures them.</summary>
    [Theory]
    [InlineData]
    [InlineData("least-privilege")]
    [InlineData("least-privilege", "bitmap-absent", "seccomp-profile")]   // nothing of the node's /sys is mounted
    public async Task Pod_of_the_daemon_set_measures_another_users_process(params string[] components)
    {
        await ShippedImage.MakeAsync(_podman);
        using PublicCopy copy = await PublicCopy.MakeAsync();
        using Workload foreign = await Workload.StartAsync("/usr/bin/setpriv", [.. PublicCopy.AsNobody[1..], copy.Touch, "--resident", "200", "--hot", "40"]);
        Manifests manifests = await Kubectl.RenderWithAsync(components);
        await using ExporterProcess exporter = await StartAsync(
            PodmanRun.Of(_podman, manifests.Pod.Spec, manifests.Container), manifests.Container, "--pid", $"{foreign.Pid}", "--working-set-interval", "1s");
        Scrape scrape = await exporter.ScrapeUntilAsync(scrape => scrape.Sum(Series.WorkingSet, foreign.Pid) > 0);
        Assert.InRange(scrape.Sum(Series.WorkingSet, foreign.Pid), 38 * Series.MB, 46 * Series.MB);
        Assert.InRange(scrape.Value(Series.Resident, foreign.Pid), 200 * Series.MB, 206 * Series.MB);
        Assert.True(scrape.Has("memsnoop_process_io_syscalls_total", foreign.Pid));
        Assert.Equal(PodVariables.NodeName, Assert.Single(scrape.Of("target_info")).Label("host_name"));
        Assert.DoesNotContain(scrape.Of(Series.Skipped, ("reason", "denied")), static sample => sample.Number > 0);

        // Whatever the pod gives it.
        AssertWalls(exporter, "keeps CAP_DAC_OVERRIDE, ");

        // Another memsnoop of the node sees that this one measures.
        Assert.True(File.Exists(Path.Combine(_podman["run"], "api.sock")) || Directory.EnumerateFiles(_podman["run"], "*.lock").Any());
        await EndAsync(exporter);
    }

    /// <summary>Two containers of a pod: the application holds 200 MB and uses 40, and memsnoop beside it, with no more rights than it, says so.</summary>
    [Fact]
    public async Task Sidecar_measures_the_application_of_its_pod()
    {
        await ShippedImage.MakeAsync(_podman);
        Manifests manifests = await Kubectl.RenderAsync("deploy/kubernetes/sidecar/example");
        V1PodTemplateSpec template = manifests.Single<V1Deployment>().Spec.Template;
        Assert.Equal("sidecar", template.Metadata.Labels["memsnoop"]);
        V1PodSpec pod = template.Spec;
        Assert.True(pod.ShareProcessNamespace);
        Assert.Equal(Application, pod.SecurityContext.RunAsUser);
        V1Container sidecar = Assert.Single(pod.InitContainers);
        Assert.Equal("Always", sidecar.RestartPolicy);

        await _podman.RunAsync("pod", "create", "--name", Pod, "--share", "pid");
        using PublicCopy copy = await PublicCopy.MakeAsync();
        V1Container application = Assert.Single(pod.Containers);
        application.VolumeMounts = [];
        string[] run = [.. PodmanRun.Of(_podman, pod, application), $"--pod={Pod}"];
        using Workload workload = await Workload.StartAsync(
            _podman.Words[0], [.. _podman.Words[1..], .. run, "--interactive", $"--volume={copy.Touch}:/touch:ro", "--entrypoint=/touch", ShippedImage.Name, "--resident", "200", "--hot", "40"]);
        int pid = (int)workload.Number("pid");

        run = [.. PodmanRun.Of(_podman, pod, sidecar), $"--pod={Pod}"];
        Assert.Contains("--cap-drop=ALL", run);
        Assert.DoesNotContain(run, static option => option is "--privileged" or "--pid=host" || option.StartsWith("--volume", StringComparison.Ordinal));
        await using ExporterProcess exporter = await StartAsync(run, sidecar, "--working-set-interval", "1s");
        Scrape scrape = await exporter.ScrapeUntilAsync(scrape => scrape.Sum(Series.WorkingSet, pid) > 0);
        Assert.InRange(scrape.Sum(Series.WorkingSet, pid), 38 * Series.MB, 46 * Series.MB);
        Assert.InRange(scrape.Value(Series.Resident, pid), 200 * Series.MB, 206 * Series.MB);
        Assert.True(scrape.Has("memsnoop_process_io_syscalls_total", pid));

        // By pid alone: the target's own labels say which pod and container it is.
        Assert.Equal(["comm", "kind", "pid"], scrape.Of(Series.WorkingSet, pid).First().Labels.Select(static label => label.Key).Order());

        // What it may not: another user's process, here the first of the pod, and the bitmap, with their reasons.
        Assert.True(scrape.Has(Series.Resident, 1));
        Assert.False(scrape.Has(Series.WorkingSet, 1));
        Assert.True(scrape.Value(Series.Skipped, ("measurement", "working-set"), ("reason", "denied")) > 0);
        ExpositionSample bitmap = Assert.Single(scrape.Of("memsnoop_measurement_info", ("measurement", "working-set"), ("method", "page_idle")));
        Assert.Equal("unavailable", bitmap.Label("state"));
        Assert.NotEqual("ok", bitmap.Label("reason"));
        Assert.Equal("unavailable", Assert.Single(scrape.Of("memsnoop_measurement_info", ("measurement", "generations"))).Label("state"));
        Assert.Equal("on", Assert.Single(scrape.Of("memsnoop_measurement_info", ("measurement", "working-set"), ("method", "referenced"))).Label("state"));
        Assert.DoesNotContain(exporter.Log, static line => line.Contains("level=error", StringComparison.Ordinal));
        AssertWalls(exporter, "keeps no capability; ");

        // It is itself one of the pod's processes, and what it holds is what its limit has to allow.
        double own = Assert.Single(scrape.Of(Series.Resident, ("comm", "memsnoop"))).Number;
        Assert.InRange(own, 1, sidecar.Resources.Limits["memory"].ToInt64());
        TestContext.Current.TestOutputHelper?.WriteLine(FormattableString.Invariant($"memsnoop holds {own / Series.MB:F1} MB in the sidecar"));
        await EndAsync(exporter);
    }

    private Task<ExporterProcess> StartAsync(string[] run, V1Container container, params string[] further) => ExporterProcess.StartAsync(
        ["--run-dir", "/run/memsnoop", .. PodVariables.ArgumentsOf(container), .. further], [.. _podman.Words, .. run], ShippedImage.Name);

    private static void AssertWalls(ExporterProcess exporter, string kept)
    {
        Assert.Contains(
            exporter.Log, line => line.Contains("sandbox: " + kept, StringComparison.Ordinal) && line.Contains("; no new privileges; system calls are filtered", StringComparison.Ordinal));
        Assert.DoesNotContain(exporter.Log, static line => line.Contains("a wall is missing", StringComparison.Ordinal));
    }

    private static async Task EndAsync(ExporterProcess exporter)
    {
        exporter.Signal(ExporterProcess.Terminate);
        Assert.Equal(0, await exporter.WaitAsync());
    }

    public ValueTask DisposeAsync() => _podman.DisposeAsync();
}
