using System.Diagnostics;
using System.Formats.Tar;
using System.Runtime.InteropServices;
using MemSnoop.Exporter.Tests.EndToEnd;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>
/// The <c>Dockerfile</c>, built and run by Podman. Its base images are in a registry, so empty ones stand in for them, into which this machine's SDK and libraries are
/// mounted: what is not tested is whether the real ones have all that is needed.
/// </summary>
[Collection(EndToEndCollection.Name)]
public sealed class ImageTests : IDisposable
{
    private const string Scenario = "container-image";
    private const string Image = "memsnoop-tests";
    private const string Revision = "0123456789abcdef";

    // Half a minute for the publishing, and the start of a container.
    private static readonly TimeSpan BuildDeadline = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    // .NET is wherever the runtime of this test is.
    private static readonly string DotNet = Path.GetFullPath("../../..", RuntimeEnvironment.GetRuntimeDirectory());
    private static readonly string[] Mounts = ["-v", "/usr:/usr:ro", "-v", $"{DotNet}:{DotNet}:ro"];

    private readonly TemporaryDirectory _directory = new();

    // A store of its own, which needs nothing of the kernel. runc: crun does not start where version 1 of the control groups is mounted too.
    private string[] Podman =>
        ["--root", _directory["storage"], "--runroot", _directory["run"], "--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", "--runtime", "runc"];

    [Fact]
    [LongTier(Scenario)]
    public async Task Image_is_built_measures_the_host_and_ends_when_it_is_told()
    {
        long started = Stopwatch.GetTimestamp();
        string skeleton = await MakeSkeletonAsync();
        foreach (string stage in Dockerfile.Read().Arguments("FROM"))
        {
            // The real ones run as this user too: the one of the SDK as root, the one of the runtime as somebody without rights.
            string user = stage.EndsWith(" AS build", StringComparison.Ordinal) ? "0" : "1654";
            await RunAsync(Deadline,
            [
                "import", "-c", $"ENV PATH={DotNet}:/usr/bin", "-c", $"ENV DOTNET_ROOT={DotNet}", "-c", $"USER {user}",

                // A container's end would end the compiler's server too; these are no containers while they are built.
                "-c", "ENV UseSharedCompilation=false", "-c", "ENV MSBUILDDISABLENODEREUSE=1", skeleton, stage.Split(' ')[0],
            ]);
        }

        await RunAsync(BuildDeadline,
        [
            "build", "--isolation", "chroot", "--pull=never", "--network", "host", .. Mounts, "-v", "/etc:/etc:ro", "-v", $"{Environment.GetEnvironmentVariable("HOME")}/.nuget:/root/.nuget",
            "--build-arg", $"REVISION={Revision}", "-t", Image, Checkout.Root,
        ]);
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        Assert.Equal($"0 {Revision}", (await RunAsync(Deadline, ["inspect", "--format", "{{.Config.User}} {{index .Config.Labels \"org.opencontainers.image.revision\"}}", Image])).Trim());

        // As deploy/README.md says, with the host's network, so that the port is a free one.
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--sysfs", "/host/sys", "--container-labels"],
            [
                "podman", .. Podman, "run", "--rm", "--privileged", "--pid=host", "--network=host", "--read-only", "--read-only-tmpfs=false", "-v", "/sys:/host/sys",
                .. Mounts,
                "-e", "ASPNETCORE_HTTP_PORTS=8080",   // which the real base image sets
                "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096",   // Podman's own may be above what this machine allows
            ],
            Image);
        Scrape scrape = await exporter.ScrapeAsync();
        Assert.Equal(Revision, Assert.Single(scrape.Of("memsnoop_build_info")).Label("revision"));
        Assert.True(scrape.Has(Series.Resident, Environment.ProcessId), "It does not see this process.");
        Assert.True(scrape.Has("memsnoop_process_io_characters_bytes_total", Environment.ProcessId), "It is not root enough.");
        exporter.Signal(ExporterProcess.Terminate);
        Assert.Equal(0, await exporter.WaitAsync());
        Measured.Note(Scenario, $"built in {seconds:F0} s; one scrape and an orderly end");
    }

    public void Dispose()
    {
        // Of a test that failed a container may be left.
        Command.TryRunAsync("podman", [.. Podman, "rm", "--all", "--force", "--time", "0"], Deadline).GetAwaiter().GetResult();
        _directory.Dispose();
    }

    private Task<string> RunAsync(TimeSpan deadline, string[] arguments) => Command.RunAsync("podman", [.. Podman, .. arguments], deadline);

    /// <summary>An image with nothing in it but where things are mounted, and Debian's links from the root into <c>/usr</c>.</summary>
    private async Task<string> MakeSkeletonAsync()
    {
        string root = Directory.CreateDirectory(_directory["skeleton"]).FullName;
        foreach (string directory in (string[])["dev", "etc", "proc", "root", "run", "sys", "tmp", "usr", DotNet.TrimStart('/')])
        {
            Directory.CreateDirectory(Path.Combine(root, directory));
        }

        foreach (string link in (string[])["bin", "lib", "lib64", "sbin"])
        {
            Directory.CreateSymbolicLink(Path.Combine(root, link), $"usr/{link}");
        }

        string archive = _directory["skeleton.tar"];
        await TarFile.CreateFromDirectoryAsync(root, archive, includeBaseDirectory: false);
        return archive;
    }
}
