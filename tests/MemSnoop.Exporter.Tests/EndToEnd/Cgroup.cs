using System.Globalization;

namespace MemSnoop.Exporter.Tests.EndToEnd;

/// <summary>A cgroup of the test's own, in the hierarchy that tells workloads apart here: the unified one, or the memory controller's.</summary>
internal sealed class Cgroup : IDisposable
{
    private const string Systemd = "name=systemd";

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

    /// <summary>The file to which a process writes its pid to be in the group.</summary>
    public string Processes => Path.Combine(_directory, "cgroup.procs");

    /// <summary>Makes a group with one process in it. Needs root.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="name">Its name, or a path of several groups; null for one that no other test uses.</param>
    public static Cgroup Make(int pid, string? name = null)
    {
        Cgroup group = Make(pid, "memory", name ?? $"memsnoop-e2e-{pid}");
        group.Add(pid);
        return group;
    }

    /// <summary>Makes a group where systemd makes those of units: in the hierarchy of its own, or the unified one. It has one process.</summary>
    public static Cgroup MakeUnit(int pid, string name)
    {
        Cgroup group = Make(pid, Systemd, name);
        group.Add(pid);
        return group;
    }

    /// <summary>Makes a group without a process.</summary>
    public static Cgroup MakeEmpty(string name) => Make(Environment.ProcessId, "memory", name);

    /// <summary>Moves a process into the group.</summary>
    public void Add(int pid) => Move(pid, _directory);

    // Below the group the test itself is in, at the same place of the same hierarchy that the program looks at.
    private static Cgroup Make(int pid, string controller, string name)
    {
        string[] lines = File.ReadAllLines($"/proc/{pid}/cgroup");
        string? version1 = lines.FirstOrDefault(line => line.Split(':')[1].Split(',').Contains(controller));
        string own = (version1 ?? lines.Single(static line => line.StartsWith("0::", StringComparison.Ordinal))).Split(':', 3)[2];
        string mount = File.ReadLines("/proc/self/mounts").Select(static line => line.Split(' '))
            .First(fields => version1 is null ? fields[2] == "cgroup2" : fields[2] == "cgroup" && fields[3].Split(',').Contains(controller))[1];

        Cgroup group = new(mount + own.TrimEnd('/'), name);
        System.IO.Directory.CreateDirectory(group._directory);
        return group;
    }

    public void Dispose()
    {
        foreach (string pid in File.ReadAllLines(Processes))
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
