using System.Text;
using MemSnoop.Kernel;

namespace MemSnoop.Containers;

/// <summary>The directories of memory control groups on this host.</summary>
internal sealed class ControlGroups : IDisposable
{
    /// <summary>The inode of a hierarchy's root directory. In a control group namespace the root that is seen is another directory.</summary>
    private const ulong RootInode = 1;

    private readonly KernelHandle _root = KernelHandle.None;
    private byte[] _path = new byte[256];

    /// <param name="paths">The roots.</param>
    /// <param name="isReal">Whether the roots are the kernel's own; plain files have other inodes.</param>
    internal ControlGroups(KernelPaths paths, bool isReal)
    {
        foreach (string mount in (ReadOnlySpan<string>)[paths.Sys("fs/cgroup"), paths.Proc("1/root/sys/fs/cgroup")])
        {
            // Version 1 has a hierarchy for memory alone, in a directory of its own.
            foreach (string directory in (ReadOnlySpan<string>)[Path.Join(mount, "memory"), mount])
            {
                if (!File.Exists(Path.Join(directory, "cgroup.procs")) || KernelFile.Open(directory, Libc.OpenPath, out KernelHandle handle) != ReadOutcome.Success)
                {
                    continue;
                }

                if (!isReal || InodeOf(handle, "."u8) == RootInode)
                {
                    _root = handle;
                    Mount = directory;
                    IsUnified = File.Exists(Path.Join(directory, "cgroup.controllers"));
                    return;
                }

                handle.Dispose();
            }
        }
    }

    /// <summary>The directory of the hierarchy's root; invalid if none is found.</summary>
    internal KernelHandle Root => _root;

    /// <summary>Where the hierarchy is mounted that has the memory controller; null if none is found.</summary>
    internal string? Mount { get; }

    /// <summary>Whether it is version 2.</summary>
    internal bool IsUnified { get; }

    /// <summary>
    /// The inode of a group's directory, as <c>/proc/kpagecgroup</c> has it. Of a group that was removed it is that of the nearest one above that is there,
    /// which is where the kernel shows its pages. 0 if no hierarchy is found.
    /// </summary>
    internal ulong InodeOf(ReadOnlySpan<byte> path) => FindNearest(path, out _);

    /// <summary>
    /// How many bytes of a path name the nearest group at or above it that is there; 0 for the root. Where no hierarchy is found, every group is taken to be
    /// there.
    /// </summary>
    internal int LengthOfNearest(ReadOnlySpan<byte> path) => FindNearest(path, out int length) == 0 ? path.TrimEnd((byte)'/').Length : length;

    private ulong FindNearest(ReadOnlySpan<byte> path, out int nearest)
    {
        nearest = 0;
        if (_root.IsInvalid)
        {
            return 0;
        }

        if (_path.Length < path.Length + 2)
        {
            _path = new byte[(path.Length * 2) + 2];
        }

        // "./a/b" for "/a/b", relative to the mount.
        path = path.TrimEnd((byte)'/');
        _path[0] = (byte)'.';
        path.CopyTo(_path.AsSpan(1));
        int length = path.Length + 1;
        while (true)
        {
            _path[length] = 0;
            ulong inode = InodeOf(_root, _path.AsSpan(0, length + 1));
            if (inode != 0 || length == 1)
            {
                nearest = length - 1;
                return inode;
            }

            length = Math.Max(_path.AsSpan(0, length).LastIndexOf((byte)'/'), 1);
        }
    }

    /// <summary>Whether a group's directory is there.</summary>
    internal bool Exists(ReadOnlySpan<byte> path) => Mount is not null && Directory.Exists(Path.Join(Mount, Encoding.UTF8.GetString(path)));

    private static ulong InodeOf(KernelHandle directory, ReadOnlySpan<byte> path) =>
        Libc.Statx(directory, path, 0, Libc.StatxInode, out Libc.StatxResult result) == 0 ? result.Inode : 0;

    public void Dispose() => _root.Dispose();
}
