using System.Globalization;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>A cgroup of the test's own, in the hierarchy that tells workloads apart here: the unified one, or the memory controller's.</summary>
internal sealed class Cgroup : IDisposable
{
    private readonly string _directory;
    private readonly string _parent;

    private Cgroup(string parent, string name)
    {
        _parent = parent;
        _directory = Path.Combine(parent, name);
    }

    /// <summary>Its directory.</summary>
    public string Directory => _directory;

    /// <summary>A pattern for its path that matches no other group's.</summary>
    public string Glob => "/**/" + Path.GetFileName(_directory)[..^1] + "?";

    /// <summary>Makes a group with one process in it. Needs root.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="name">Its name, or a path of several groups; null for one that no other test uses.</param>
    public static Cgroup Make(int pid, string? name = null)
    {
        // Below the group the test itself is in, at the same place of the same hierarchy that the program looks at.
        string[] lines = File.ReadAllLines($"/proc/{pid}/cgroup");
        string? memory = lines.FirstOrDefault(static line => line.Split(':')[1].Split(',').Contains("memory"));
        string own = (memory ?? lines.Single(static line => line.StartsWith("0::", StringComparison.Ordinal))).Split(':', 3)[2];
        string mount = File.ReadLines("/proc/self/mounts").Select(static line => line.Split(' '))
            .First(fields => memory is null ? fields[2] == "cgroup2" : fields[2] == "cgroup" && fields[3].Split(',').Contains("memory"))[1];

        Cgroup group = new(mount + own.TrimEnd('/'), name ?? $"memsnoop-e2e-{pid}");
        System.IO.Directory.CreateDirectory(group._directory);
        Move(pid, group._directory);
        return group;
    }

    /// <summary>Moves one more process into it.</summary>
    public void Add(int pid) => Move(pid, _directory);

    public void Dispose()
    {
        foreach (string pid in File.ReadAllLines(Path.Combine(_directory, "cgroup.procs")))
        {
            Move(int.Parse(pid, CultureInfo.InvariantCulture), _parent);
        }

        // Not recursive: the files in it are the kernel's. Above it may be groups of others.
        for (string directory = _directory; directory != _parent && !System.IO.Directory.EnumerateDirectories(directory).Any(); directory = Path.GetDirectoryName(directory)!)
        {
            System.IO.Directory.Delete(directory);
        }
    }

    private static void Move(int pid, string directory) => File.WriteAllText(Path.Combine(directory, "cgroup.procs"), $"{pid}");
}
