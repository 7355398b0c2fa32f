namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>Podman with a store of its own, which needs nothing of the kernel. Store and containers are gone with this object.</summary>
internal sealed class Podman : IDisposable
{
    /// <summary>For containers that start: podman's own limits may be above what this machine allows.</summary>
    public static readonly string[] Limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096"];

    // The start of a container takes a second.
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    private readonly TemporaryDirectory _directory = new();

    /// <summary>The command and what comes before the arguments. runc: crun does not start where version 1 of the control groups is mounted too.</summary>
    public string[] Words =>
        ["podman", "--root", _directory["storage"], "--runroot", _directory["run"], "--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", "--runtime", "runc"];

    public Task<string> RunAsync(params string[] arguments) => RunAsync(Deadline, arguments);

    public Task<string> RunAsync(TimeSpan deadline, params string[] arguments) => Command.RunAsync(Words[0], [.. Words[1..], .. arguments], deadline);

    /// <summary>Runs it, however it ends.</summary>
    public Task<CommandResult> TryRunAsync(params string[] arguments) => Command.TryRunAsync(Words[0], [.. Words[1..], .. arguments], Deadline);

    public void Dispose()
    {
        // Of a test that failed a container may be left.
        TryRunAsync("rm", "--all", "--force", "--time", "0").GetAwaiter().GetResult();
        _directory.Dispose();
    }
}
