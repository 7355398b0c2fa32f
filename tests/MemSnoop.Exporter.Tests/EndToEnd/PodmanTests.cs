using System.Formats.Tar;
using System.Globalization;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>Real containers: started and removed by podman under scrapes. Their image has one program and nothing else, so no registry is needed.</summary>
[Collection(EndToEndCollection.Name)]
[OrdinaryTier]
public sealed class PodmanTests : IAsyncDisposable
{
    private const string Image = "memsnoop-tests-touch";

    private static readonly TimeSpan CompileDeadline = TimeSpan.FromMinutes(1);

    // The kernel keeps 15 bytes of a name; nothing else on this machine has this one.
    private static readonly string Program = $"touch-{Environment.ProcessId}";

    private readonly Podman _podman = new();
    private readonly TemporaryDirectory _directory = new();

    [Fact]
    public async Task Containers_have_their_labels_from_the_first_window_on_and_leave_with_their_processes()
    {
        await MakeImageAsync();
        using Workload host = await Workload.StartAsync(_directory[Program], "--resident", "4", "--hot", "1");
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--name", $"^{Program}$", "--container-labels", "--interval", "0s", "--working-set-interval", "500ms"], ExporterProcess.Uncached);
        using ScrapeRecorder recorder = ScrapeRecorder.Start(exporter);
        Dictionary<int, string> containers = new() { [host.Pid] = "" };
        for (int i = 0; i < 4; i++)
        {
            (int pid, string id) = await StartAsync();
            containers.Add(pid, id);
            await exporter.ScrapeUntilAsync(scrape => scrape.Has(Series.WorkingSet, pid));

            // Two run at a time.
            if (i > 0)
            {
                await RemoveAsync(exporter, containers.ElementAt(i).Value, id);
            }
        }

        await RemoveAsync(exporter, containers.Last().Value, left: null);

        IReadOnlyList<Scrape> scrapes = await recorder.StopAsync();
        Assert.All(containers.Keys, pid => Assert.Contains(scrapes, scrape => scrape.Has(Series.WorkingSet, pid)));
        foreach (ExpositionSample sample in scrapes.SelectMany(static scrape => scrape.Samples).Where(static sample => sample.Label("pid") is not null))
        {
            int pid = int.Parse(sample.Label("pid")!, CultureInfo.InvariantCulture);
            Assert.Equal((pid, containers[pid], ""), (pid, sample.Label("container_id"), sample.Label("pod")));
        }
    }

    /// <summary>Starts a container; its process, as the host numbers it, and its id.</summary>
    private async Task<(int Pid, string Id)> StartAsync()
    {
        string id = (await _podman.RunAsync(["run", "--detach", "--privileged", "--network=host", "--read-only", "--read-only-tmpfs=false", Image])).Trim();
        Assert.Matches("^[0-9a-f]{64}$", id);
        return (int.Parse(await _podman.RunAsync("inspect", "--format", "{{.State.Pid}}", id), CultureInfo.InvariantCulture), id);
    }

    private async Task RemoveAsync(ExporterProcess exporter, string id, string? left)
    {
        await _podman.RunAsync("rm", "--force", "--time", "0", id);
        Scrape scrape = await exporter.ScrapeAsync();
        Assert.DoesNotContain(scrape.Samples, sample => sample.Label("container_id") == id);
        Assert.True(left is null || scrape.Samples.Any(sample => sample.Label("container_id") == left), "The other one has no series any more.");
    }

    private async Task MakeImageAsync()
    {
        string sources = Path.Combine(Checkout.Root, "tests", "workloads");
        await Command.RunAsync(
            "gcc", ["-O2", "-std=gnu17", "-static", "-o", _directory[Program], Path.Combine(sources, "touch.c"), Path.Combine(sources, "workload.c")], CompileDeadline);
        using TemporaryDirectory root = new();
        File.Copy(_directory[Program], root[Program]);
        foreach (string directory in (string[])["dev", "etc", "proc", "run", "sys", "tmp"])
        {
            Directory.CreateDirectory(root[directory]);
        }

        await TarFile.CreateFromDirectoryAsync(root.Root, _directory["image.tar"], includeBaseDirectory: false, TestContext.Current.CancellationToken);
        await _podman.RunAsync("import", "-c", $"ENTRYPOINT [\"/{Program}\", \"--resident\", \"4\", \"--hot\", \"1\"]", _directory["image.tar"], Image);
    }

    public async ValueTask DisposeAsync()
    {
        await _podman.DisposeAsync();
        _directory.Dispose();
    }
}
