using System.Formats.Tar;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>Podman with a store of its own, which needs nothing of the kernel. It ends with this object, and all containers in it.</summary>
internal sealed class Podman : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    private readonly TemporaryDirectory _directory = new();

    // Podman's own limits may be above what this machine allows. Pods take them from here alone.
    public Podman() => _directory.Write("containers.conf", "[containers]\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=4096:4096\"]\n");

    /// <summary>What is run, up to Podman's command. runc: crun does not start where version 1 of the control groups is mounted too.</summary>
    public string[] Words =>
    [
        "/usr/bin/env", $"CONTAINERS_CONF={_directory["containers.conf"]}", "podman", "--root", _directory["storage"], "--runroot", _directory["run"],
        "--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", "--runtime", "runc",
    ];

    /// <summary>A path beside the store.</summary>
    public string this[string relative] => _directory[relative];

    public Task<string> RunAsync(params string[] arguments) => RunAsync(Deadline, arguments);

    public Task<string> RunAsync(TimeSpan deadline, params string[] arguments) => Command.RunAsync(Words[0], [.. Words[1..], .. arguments], deadline);

    public Task<CommandResult> TryRunAsync(params string[] arguments) => Command.TryRunAsync(Words[0], [.. Words[1..], .. arguments], Deadline);

    /// <summary>Makes an image of a directory.</summary>
    /// <param name="root">The directory.</param>
    /// <param name="name">The image's name.</param>
    /// <param name="instructions">Of a Dockerfile.</param>
    public async Task ImportAsync(string root, string name, params IEnumerable<string> instructions)
    {
        string archive = root + ".tar";
        await TarFile.CreateFromDirectoryAsync(root, archive, includeBaseDirectory: false);
        await RunAsync(["import", .. instructions.SelectMany(static instruction => (string[])["-c", instruction]), archive, name]);
        File.Delete(archive);
    }

    public async ValueTask DisposeAsync()
    {
        // Of a test that failed something may be left.
        await TryRunAsync("pod", "rm", "--all", "--force", "--time", "0");
        await TryRunAsync("rm", "--all", "--force", "--time", "0");

        // What watches over a container starts a podman of its own when it has ended, to clean up; that one writes to the store for a while yet.
        await Eventually.HoldsAsync(() => !CommandLines.AnyHas(_directory.Root));
        _directory.Dispose();
    }
}
