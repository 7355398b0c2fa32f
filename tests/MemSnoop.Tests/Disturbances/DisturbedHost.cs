using MemSnoop.Disturbances;
using MemSnoop.Kernel;

namespace MemSnoop.Tests.Disturbances;

/// <summary>A host of plain files on which reclaim, advice and DAMON are what a test writes.</summary>
internal sealed class DisturbedHost : TimeProvider, IDisposable
{
    private readonly ProcTree _tree = new();
    private long _milliseconds;

    /// <summary>A host with the multi-generational LRU on, version 2 of control groups, and nothing at work.</summary>
    public DisturbedHost()
    {
        SetGenerations("0x0007");
        Count();
        AddGroup("");
        _tree.Write("sys/fs/cgroup/cgroup.controllers", "memory\n");
    }

    public KernelPaths Paths => _tree.Paths;

    public override long TimestampFrequency => 1000;

    public override long GetTimestamp() => _milliseconds;

    public void Pass(TimeSpan time) => _milliseconds += (long)time.TotalMilliseconds;

    public string Write(string relative, string text) => _tree.Write(relative, text);

    public string this[string relative] => _tree[relative];

    public void Remove(string relative) => _tree.Remove(relative);

    public void SetGenerations(string mask) => Write("sys/kernel/mm/lru_gen/enabled", mask + "\n");

    /// <summary>Writes the listing of generations: a line for a group, with its youngest generation and the pages of that and the one before.</summary>
    public void List(params IEnumerable<(string Path, int Youngest, int Age, int Pages, int Before)> groups) =>
        Write("sys/kernel/debug/lru_gen", string.Concat(groups.Select(static (group, index) =>
            $"memcg {index + 1,5} {group.Path}\n node     0\n {group.Youngest - 1,10} {group.Age + 500,10} {group.Before,10}  {1,10} \n {group.Youngest,10} {group.Age,10} {group.Pages,10}  {2,10} \n")));

    /// <summary>Sets the host's counters.</summary>
    public void Count(int scanned = 0, int deactivated = 0, int refilled = 0, int collapses = 0, int reclaims = 0) =>
        Write("proc/vmstat", $"nr_free_pages 1\npageoutrun {reclaims}\npgdeactivate {deactivated}\npglazyfree 0\npgrefill {refilled}\npgscan_anon {scanned}\npgscan_file 0\nthp_collapse_alloc {collapses}\n");

    /// <summary>Makes a group, or sets what it and those below it have counted.</summary>
    public void AddGroup(string path, int scanned = 0, int deactivated = 0, int refilled = 0)
    {
        Write($"sys/fs/cgroup{path}/cgroup.procs", "");
        Write($"sys/fs/cgroup{path}/memory.stat", $"anon 4096\npgscan {scanned}\npgsteal 0\npgrefill {refilled}\npgdeactivate {deactivated}\npglazyfree 0\n");
    }

    public ulong InodeOf(string path)
    {
        Assert.Equal(ReadOutcome.Success, KernelFile.Open(_tree[$"sys/fs/cgroup{path}"], Libc.OpenPath, out KernelHandle handle));
        using (handle)
        {
            Assert.Equal(0, Libc.Statx(handle, "."u8, 0, Libc.StatxInode, out Libc.StatxResult result));
            return result.Inode;
        }
    }

    public HostDisturbances Watch() => HostDisturbances.Open(Paths, this);

    public void Dispose() => _tree.Dispose();
}
