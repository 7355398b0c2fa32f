using System.Diagnostics;
using System.Security.Cryptography;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>
/// Processes that sleep, each in a control group of its own from its first instruction on, as a runtime starts a container. Their program has a name that nothing else on the
/// machine has. All are gone with this object.
/// </summary>
internal sealed class SleepingContainers : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly Queue<(Process Process, Cgroup Group)> _alive = new();

    public SleepingContainers() => File.Copy("/bin/sleep", _directory[Name]);

    /// <summary>The processes' name, of which the kernel keeps 15 bytes.</summary>
    public string Name { get; } = $"sleep-{Environment.ProcessId}";

    /// <summary>How many run.</summary>
    public int Alive => _alive.Count;

    /// <summary>The ids of the containers by the pids of their processes, of those that have ended too.</summary>
    public Dictionary<int, string> Ids { get; } = [];

    /// <summary>An id that no other container has.</summary>
    public static string NewId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));

    /// <summary>Starts one.</summary>
    /// <param name="group">The path of its control group.</param>
    /// <param name="id">The id that the path says; empty if it says none.</param>
    /// <returns>The pid of its process.</returns>
    public int Start(string group, string id)
    {
        Cgroup made = Cgroup.MakeEmpty(group);
        Process process = Process.Start("/bin/sh", ["-c", "echo $$ >\"$0\" && exec \"$@\"", made.Processes, _directory[Name], "600"]);
        _alive.Enqueue((process, made));
        Ids[process.Id] = id;
        return process.Id;
    }

    /// <summary>Ends the oldest.</summary>
    public void End()
    {
        (Process process, Cgroup group) = _alive.Dequeue();
        process.Kill();
        process.WaitForExit();
        process.Dispose();
        group.Dispose();
    }

    /// <summary>Waits until a process has its name: before that the runtime's program runs in it.</summary>
    public Task StartedAsync(int pid) => Eventually.HoldsAsync(() => File.ReadAllText($"/proc/{pid}/comm").TrimEnd() == Name);

    public void Dispose()
    {
        while (_alive.Count > 0)
        {
            End();
        }

        _directory.Dispose();
    }
}
