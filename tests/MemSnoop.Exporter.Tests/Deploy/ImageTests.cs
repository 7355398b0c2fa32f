using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using MemSnoop.Exporter.Tests.EndToEnd;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>
/// The <c>Dockerfile</c>, built and run by Podman. The image of its build stage is in a registry, so an empty one stands in for it, into which this machine's SDK,
/// libraries and package lists are mounted. What runs in the end has nothing of that: its last stage begins with nothing.
/// </summary>
[Collection(EndToEndCollection.Name)]
public sealed class ImageTests : IAsyncDisposable
{
    private const string Scenario = "container-image";
    private const string Image = "memsnoop-tests";
    private const string Revision = "0123456789abcdef";
    private const long MostBytes = 60_000_000;

    // More than a minute for the compiler.
    private static readonly TimeSpan BuildDeadline = TimeSpan.FromMinutes(10);

    // .NET is wherever the runtime of this test is.
    private static readonly string DotNet = Path.GetFullPath("../../..", RuntimeEnvironment.GetRuntimeDirectory());

    // What is mounted cannot be written: apt finds all installed (tests/packages.txt), and is to leave it as it is.
    private static readonly string[] Mounts =
    [
        .. new[] { "/usr", "/etc", "/var/lib/dpkg", DotNet }.SelectMany(static path => (string[])["-v", $"{path}:{path}:ro"]),
        "-v", $"{Environment.GetEnvironmentVariable("HOME")}/.nuget:/root/.nuget",
    ];

    // As deploy/README.md says, with the host's network, so that the port is a free one.
    private static readonly string[] Run =
        ["run", "--rm", "--privileged", "--network=host", "--read-only", "--read-only-tmpfs=false", "-v", "/sys:/host/sys"];

    private readonly Podman _podman = new();

    [Fact]
    [LongTier(Scenario)]
    public async Task Image_is_built_measures_the_host_and_ends_when_it_is_told()
    {
        long started = Stopwatch.GetTimestamp();
        await BuildAsync();
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        Assert.Equal($"0 {Revision}", (await _podman.RunAsync(["inspect", "--format", "{{.Config.User}} {{index .Config.Labels \"org.opencontainers.image.revision\"}}", Image])).Trim());
        long size = long.Parse(await _podman.RunAsync(["image", "inspect", "--format", "{{.Size}}", Image]), CultureInfo.InvariantCulture);
        Assert.InRange(size, 1, MostBytes);

        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--sysfs", "/host/sys", "--container-labels"], [.. _podman.Words, .. Run, "--pid=host"], Image);
        Scrape scrape = await exporter.ScrapeAsync();
        Assert.Equal(Revision, Assert.Single(scrape.Of("memsnoop_build_info")).Label("revision"));
        Assert.True(scrape.Has(Series.Resident, Environment.ProcessId), "It does not see this process.");
        Assert.True(scrape.Has("memsnoop_process_io_characters_bytes_total", Environment.ProcessId), "It is not root enough.");
        Assert.DoesNotContain(exporter.Log, IsAboutNamespace);
        exporter.Signal(ExporterProcess.Terminate);
        Assert.Equal(0, await exporter.WaitAsync());

        await HasBillOfMaterialsAsync();
        await SeesOnlyItselfAsync();
        await HasLibrariesAsync();
        Measured.Note(Scenario, string.Create(CultureInfo.InvariantCulture, $"built in {seconds:F0} s, {size / 1e6:F1} MB; one scrape and an orderly end"));
    }

    /// <summary>Of the program, and of the system's libraries beside it.</summary>
    private async Task HasBillOfMaterialsAsync()
    {
        await _podman.RunAsync("create", "--name", "bill", Image);
        string file = _podman["memsnoop.cdx.json"];
        await _podman.RunAsync("cp", "bill:/usr/share/doc/memsnoop/memsnoop.cdx.json", file);
        CommandResult check = await Command.TryRunAsync(Path.Combine(Checkout.Root, "tests", "sbom", "check.sh"), [file], TimeSpan.FromMinutes(5));
        Assert.True(check.ExitCode == 0, check.Output + check.Error);
        string text = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        Assert.All((string[])["pkg:deb/debian/libc6@", "pkg:deb/debian/libssl3", "pkg:deb/debian/ca-certificates@", "pkg:nuget/OpenTelemetry@"], part => Assert.Contains($"\"{part}", text, StringComparison.Ordinal));
    }

    /// <summary>Without <c>--pid=host</c> it says so, in the log and in <c>check</c>.</summary>
    private async Task SeesOnlyItselfAsync()
    {
        await using ExporterProcess exporter = await ExporterProcess.StartAsync([], [.. _podman.Words, .. Run], Image);
        Scrape scrape = await exporter.ScrapeAsync();
        Assert.Equal(1, scrape.Value("memsnoop_processes_watched"));
        Assert.Contains(exporter.Log, IsAboutNamespace);
        exporter.Signal(ExporterProcess.Terminate);
        Assert.Equal(0, await exporter.WaitAsync());

        CommandResult check = await _podman.TryRunAsync([.. Run, Image, "check"]);
        Assert.Matches("(?m)^limited +processes +.*only those of this container\n +to do: .*--pid=host", check.Output);
    }

    /// <summary>What the program opens by name while it runs: the libraries of TLS and of the processor's counters, and the system's certificates.</summary>
    private async Task HasLibrariesAsync()
    {
        CommandResult events = await _podman.TryRunAsync([.. Run, "--pid=host", Image, "check"]);
        Assert.DoesNotContain("libpapi is not installed", events.Output, StringComparison.Ordinal);
        Assert.Contains("by papi", events.Output, StringComparison.Ordinal);

        using Certificates certificates = new();
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync(certificates);
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            ["--otlp", receiver.Http.ToString(), "--otlp.interval", "200ms"],
            [.. _podman.Words, .. Run, "-v", $"{certificates.Authority}:/etc/ssl/certs/ca-certificates.crt:ro"], Image);
        await receiver.MessageAsync(static message => message.Points.Count > 0);
        exporter.Signal(ExporterProcess.Terminate);
        Assert.Equal(0, await exporter.WaitAsync());
    }

    private static bool IsAboutNamespace(string line) => line.Contains("the processes of the host cannot be seen", StringComparison.Ordinal);

    private async Task BuildAsync()
    {
        string stage = Assert.Single(Dockerfile.Read().Arguments("FROM"), static stage => stage != "scratch");
        await _podman.ImportAsync(
            await MakeSkeletonAsync(), stage.Split(' ')[0], $"ENV PATH={DotNet}:/usr/bin:/usr/sbin", $"ENV DOTNET_ROOT={DotNet}", "ENV APT_CONFIG=/apt.conf",

            // A container's end would end the compiler's server too; these are no containers while they are built.
            "ENV UseSharedCompilation=false", "ENV MSBUILDDISABLENODEREUSE=1");
        await _podman.RunAsync(BuildDeadline,
            ["build", "--isolation", "chroot", "--pull=never", "--network", "host", .. Mounts, "--build-arg", $"REVISION={Revision}", "-t", Image, Checkout.Root]);
    }

    public ValueTask DisposeAsync() => _podman.DisposeAsync();

    /// <summary>The root of an image with nothing in it but where things are mounted, and Debian's links from the root into <c>/usr</c>.</summary>
    private async Task<string> MakeSkeletonAsync()
    {
        string root = Directory.CreateDirectory(_podman["skeleton"]).FullName;
        foreach (string directory in (string[])
            ["dev", "etc", "proc", "root", "run", "sys", "tmp", "usr", "var/cache/apt/archives/partial", "var/lib/apt/lists/partial", "var/lib/dpkg", DotNet.TrimStart('/')])
        {
            Directory.CreateDirectory(Path.Combine(root, directory));
        }

        foreach (string link in (string[])["bin", "lib", "lib64", "sbin"])
        {
            Directory.CreateSymbolicLink(Path.Combine(root, link), $"usr/{link}");
        }

        await File.WriteAllTextAsync(Path.Combine(root, "apt.conf"), "APT::Get::Upgrade \"false\";\nAPT::Sandbox::User \"root\";\n");
        return root;
    }
}
