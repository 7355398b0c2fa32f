using System.Runtime.Versioning;
using System.Text.Json.Nodes;
using k8s.Models;
using MemSnoop.Exporter.Tests.EndToEnd;
using MemSnoop.Metrics.Descriptors;

namespace MemSnoop.Exporter.Tests.Deploy;

/// <summary>The profile of system calls that nodes can have for the least-privilege variant: it has all that memsnoop calls, and what it has not is forbidden.</summary>
[SupportedOSPlatform("linux")]
[Collection(EndToEndCollection.Name)]
[OrdinaryTier]
public sealed class SeccompProfileTests : IAsyncDisposable
{
    private const string Name = "memsnoop.json";

    // What would lead out of a container, or into other processes.
    private static readonly string[] Dangerous =
    [
        "add_key", "bpf", "chroot", "delete_module", "finit_module", "init_module", "io_uring_setup", "kcmp", "kexec_load", "keyctl", "mount", "mount_setattr", "move_mount",
        "name_to_handle_at", "open_by_handle_at", "open_tree", "pivot_root", "process_madvise", "process_vm_readv", "process_vm_writev", "ptrace", "reboot", "request_key", "setns",
        "swapon", "umount2", "unshare", "userfaultfd",
    ];

    private readonly Podman _podman = new();

    private static string Profile => Path.Combine(Checkout.Root, "deploy", "kubernetes", "profiles", Name);

    [Fact]
    public async Task Everything_else_than_the_listed_is_an_error()
    {
        JsonObject profile = JsonNode.Parse(await File.ReadAllTextAsync(Profile, TestContext.Current.CancellationToken))!.AsObject();
        Assert.Equal("SCMP_ACT_ERRNO", (string?)profile["defaultAction"]);
        JsonObject[] groups = [.. profile["syscalls"]!.AsArray().Select(static group => group!.AsObject())];
        string[] allowed = [.. groups.Where(static group => (string?)group["action"] == "SCMP_ACT_ALLOW").SelectMany(static group => group["names"]!.AsArray()).Select(static name => (string)name!)];
        Assert.Empty(allowed.Intersect(Dangerous));
        Assert.Equal(allowed.Distinct(), allowed.Where(static name => name != "socket").Append("socket"));

        // Namespaces cannot be made by what makes threads, and sockets are of four families alone.
        Assert.All(groups.Where(static group => group["names"]!.AsArray().Any(static name => (string?)name is "clone" or "socket")), static group => Assert.Single(group["args"]!.AsArray()));
        Assert.Contains(groups, static group => (string?)group["names"]![0] == "clone3" && (string?)group["action"] == "SCMP_ACT_ERRNO");

        IEnumerable<string> calls = MeasurementCatalogue.Published.SelectMany(static measurement => measurement.Sources)
            .Where(static source => source.Access == KernelAccess.Call).Select(static source => source.Name).Distinct();
        Assert.NotEmpty(calls);
        Assert.Subset(allowed.ToHashSet(), calls.ToHashSet());
    }

    /// <summary>With a profile in which any other call ends the program at once: it serves, pushes by TLS, counts, and its other commands run beside it.</summary>
    [Fact]
    public async Task Program_makes_no_other_call()
    {
        await ShippedImage.MakeAsync(_podman);
        string strict = _podman["strict"];
        Directory.CreateDirectory(strict);
        string text = await File.ReadAllTextAsync(Profile, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            Path.Combine(strict, Name), text.Replace("\"defaultAction\": \"SCMP_ACT_ERRNO\",\n  \"defaultErrnoRet\": 38", "\"defaultAction\": \"SCMP_ACT_KILL_PROCESS\"", StringComparison.Ordinal),
            TestContext.Current.CancellationToken);
        Assert.Contains("KILL_PROCESS", await File.ReadAllTextAsync(Path.Combine(strict, Name), TestContext.Current.CancellationToken), StringComparison.Ordinal);

        using PublicCopy copy = await PublicCopy.MakeAsync();
        using Workload foreign = await Workload.StartAsync("/usr/bin/setpriv", [.. PublicCopy.AsNobody[1..], copy.Touch, "--resident", "60", "--hot", "40"]);
        using Certificates certificates = new();
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync(certificates);
        Manifests manifests = await Kubectl.RenderWithAsync("least-privilege", "seccomp-profile");
        string[] run =
        [
            .. PodmanRun.Of(_podman, manifests.Pod.Spec, manifests.Container, strict), "--name=strict", $"--volume={certificates.Authority}:/etc/ssl/certs/ca-certificates.crt:ro",
            "--volume=/bin/busybox:/busybox:ro",
        ];
        await using ExporterProcess exporter = await ExporterProcess.StartAsync(
            [
                "--run-dir", "/run/memsnoop", .. PodVariables.ArgumentsOf(manifests.Container), "--pid", $"{foreign.Pid}", "--working-set-interval", "1s", "--event", "task-clock",
                "--collector.smaps", "--collector.info", "--collector.oom", "--otlp", receiver.Http.ToString(), "--otlp.interval", "200ms",
            ],
            [.. _podman.Words, .. run], ShippedImage.Name);
        Scrape scrape = await exporter.ScrapeUntilAsync(scrape => scrape.Sum(Series.WorkingSet, foreign.Pid) > 0);
        Assert.InRange(scrape.Sum(Series.WorkingSet, foreign.Pid), 38 * Series.MB, 46 * Series.MB);
        Assert.True(scrape.Has("memsnoop_process_counter_total", foreign.Pid));
        Assert.True(scrape.Has("memsnoop_process_memory_proportional_bytes", foreign.Pid));
        await receiver.MessageAsync(static message => message.Points.Count > 0);

        foreach (string[] command in (string[][])
            [["check"], ["containers"], ["wss", $"{foreign.Pid}", "0.2", "--max-stall", "1m"], ["trace", "--pid", $"{foreign.Pid}", "--count", "2", "--every", "100ms", "--measure", "statm"]])
        {
            CommandResult result = await _podman.TryRunAsync(["exec", "strict", "/usr/bin/memsnoop", .. command]);
            Assert.True(result.ExitCode == 0, $"{command[0]}: {result.ExitCode}: {result.Error}{result.Output}");
        }

        // The profile is in force: what a container may not do ends who tries. 128 and SIGSYS.
        Assert.Equal(159, (await _podman.TryRunAsync("exec", "strict", "/busybox", "sh", "-c", "/busybox unshare -m /busybox true")).ExitCode);
        exporter.Signal(ExporterProcess.Terminate);
        Assert.Equal(0, await exporter.WaitAsync());
    }

    /// <summary>As it is shipped, the call fails and the program goes on. Without the profile these capabilities allow it.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Other_calls_fail_as_if_the_kernel_did_not_have_them(bool hasProfile)
    {
        await ShippedImage.MakeAsync(_podman);
        Manifests manifests = await Kubectl.RenderWithAsync(["least-privilege", .. hasProfile ? (string[])["seccomp-profile"] : []]);
        V1Container container = manifests.Container;
        container.VolumeMounts = [];

        CommandResult result = await _podman.TryRunAsync(
            [.. PodmanRun.Of(_podman, manifests.Pod.Spec, container), "--volume=/bin/busybox:/busybox:ro", "--entrypoint=/busybox", ShippedImage.Name, "unshare", "-m", "/busybox", "true"]);
        Assert.Equal(hasProfile ? 1 : 0, result.ExitCode);
        Assert.Equal(hasProfile, result.Error.Contains("Function not implemented", StringComparison.Ordinal));
    }

    public ValueTask DisposeAsync() => _podman.DisposeAsync();
}
