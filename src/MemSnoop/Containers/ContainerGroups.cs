using System.Diagnostics.CodeAnalysis;
using System.Text;
using MemSnoop.Kernel;

namespace MemSnoop.Containers;

/// <summary>
/// The memory control groups that lie in containers, by the inode numbers of their directories, which is how <c>/proc/kpagecgroup</c> names them. A group that was made inside
/// a container belongs to it.
/// </summary>
/// <remarks>
/// The tree of directories is kept from one look to the next. A directory that still has its inode number and as many subdirectories as before (its count of links is two more,
/// in the kernel's file systems) is not listed again, so that a look at a tree that has not changed costs one <c>statx(2)</c> a group and no memory.
/// </remarks>
/// <param name="groups">The hierarchy.</param>
/// <param name="containerOf">The container of a group by its path from the root of the hierarchy, or null.</param>
internal sealed class ContainerGroups(ControlGroups groups, Func<string, string?> containerOf)
{
    /// <summary>The longest path of a system call, with its NUL (PATH_MAX). What lies deeper is charged to groups that are not found.</summary>
    private const int MostPathBytes = 4096;

    private readonly byte[] _entries = new byte[32768];
    private readonly Node _root = new([(byte)'.', 0], null);
    private Dictionary<ulong, string> _containers = [];
    private Dictionary<ulong, string> _before = [];
    private readonly List<(string Container, byte[] Path)> _tops = [];
    private int _look;

    /// <summary>The containers of the last look, by the inode numbers of their groups.</summary>
    internal Dictionary<ulong, string> Containers => _containers;

    /// <summary>The containers of the look before.</summary>
    internal Dictionary<ulong, string> Before => _before;

    /// <summary>The topmost group of each container, by its path from the root of the hierarchy, with a NUL.</summary>
    internal List<(string Container, byte[] Path)> Tops => _tops;

    /// <summary>Whether there is a hierarchy with the memory controller.</summary>
    internal bool Exists => !groups.Root.IsInvalid;

    /// <summary>Looks which groups there are now. False if the hierarchy cannot be read.</summary>
    internal bool Look()
    {
        (_before, _containers) = (_containers, _before);
        _containers.Clear();
        _tops.Clear();
        _look++;
        return Exists && TryVisit(_root, parent: null);
    }

    /// <summary>Reads <c>memory.stat</c> of a group; empty if that cannot be done. Valid until the next call.</summary>
    /// <param name="path">One of <see cref="Tops"/>.</param>
    internal ReadOnlySpan<byte> ReadMemoryStat(byte[] path)
    {
        // "./a/b/memory.stat" for "./a/b" and a NUL.
        byte[] file = [.. path.AsSpan()[..^1], .. "/memory.stat\0"u8];
        if (file.Length > MostPathBytes || KernelFile.Open(groups.Root, file, Libc.OpenReadOnly, out KernelHandle handle) != ReadOutcome.Success)
        {
            return [];
        }

        using (handle)
        {
            return KernelFile.Read(handle, _entries, 0, out int bytes) == ReadOutcome.Success ? _entries.AsSpan(0, bytes) : [];
        }
    }

    /// <summary>Whether a group is still there.</summary>
    internal bool IsThere(ReadOnlySpan<byte> path) => Libc.Statx(groups.Root, path, 0, Libc.StatxInode, out _) == 0;

    internal bool TryFind(ulong inode, [MaybeNullWhen(false)] out string container) => _containers.TryGetValue(inode, out container);

    /// <summary>Looks at a group and those below it. False when it is gone.</summary>
    private bool TryVisit(Node node, string? parent)
    {
        if (Libc.Statx(groups.Root, node.Path, 0, Libc.StatxInode | Libc.StatxLinks, out Libc.StatxResult now) != 0)
        {
            return false;
        }

        bool isSame = now.Inode == node.Inode && now.Links >= 2 && now.Links - 2 == node.Children.Count;
        node.Inode = now.Inode;
        if (node.Container is { } container)
        {
            _containers[now.Inode] = container;
            if (container != parent)
            {
                _tops.Add((container, node.Path));
            }
        }

        if (!isSame || !TryVisitChildren(node))
        {
            List(node);
            TryVisitChildren(node);
        }

        return true;
    }

    private bool TryVisitChildren(Node node)
    {
        bool areThere = true;
        foreach (Node child in node.Children.Values)
        {
            if (child.LookedAt != _look)
            {
                child.LookedAt = _look;
                areThere &= TryVisit(child, node.Container);
            }
        }

        return areThere;
    }

    /// <summary>Finds out which groups there are right below a group.</summary>
    private void List(Node node)
    {
        node.Listings++;
        if (KernelFile.Open(groups.Root, node.Path, Libc.OpenReadOnly, out KernelHandle handle) == ReadOutcome.Success)
        {
            using (handle)
            {
                while (DirectoryEntries.TryRead(handle, _entries, out DirectoryEntries entries) && !entries.IsEmpty)
                {
                    while (entries.MoveNext())
                    {
                        if (entries.IsDirectory && !entries.Name.SequenceEqual("."u8) && !entries.Name.SequenceEqual(".."u8))
                        {
                            Note(node, entries.Name);
                        }
                    }
                }
            }
        }

        foreach ((byte[] name, Node child) in node.Children)
        {
            if (child.Listing != node.Listings)
            {
                node.Children.Remove(name);
            }
        }
    }

    private void Note(Node node, ReadOnlySpan<byte> name)
    {
        if (!node.Children.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(name, out Node? child))
        {
            // "./a/b" and a NUL: relative to the hierarchy's root.
            byte[] path = [.. node.Path.AsSpan()[..^1], (byte)'/', .. name, 0];
            if (path.Length > MostPathBytes)
            {
                return;
            }

            child = new Node(path, containerOf(Encoding.UTF8.GetString(path.AsSpan(1, path.Length - 2))));
            node.Children.Add(name.ToArray(), child);
        }

        child.Listing = node.Listings;
    }

    /// <summary>A group.</summary>
    private sealed class Node(byte[] path, string? container)
    {
        internal byte[] Path { get; } = path;

        internal string? Container { get; } = container;

        internal Dictionary<byte[], Node> Children { get; } = new(ByContent.Instance);

        internal ulong Inode { get; set; }

        /// <summary>How often its subdirectories were listed.</summary>
        internal int Listings { get; set; }

        /// <summary>The last of its parent's listings in which it was there.</summary>
        internal int Listing { get; set; }

        /// <summary>The last look that came by.</summary>
        internal int LookedAt { get; set; }
    }

    /// <summary>Compares names, which may be any bytes.</summary>
    private sealed class ByContent : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        internal static ByContent Instance { get; } = new();

        public bool Equals(byte[]? left, byte[]? right) => left.AsSpan().SequenceEqual(right);

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(byte[] name) => GetHashCode(name.AsSpan());

        public int GetHashCode(ReadOnlySpan<byte> name)
        {
            HashCode hash = default;
            hash.AddBytes(name);
            return hash.ToHashCode();
        }

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}
