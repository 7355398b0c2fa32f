using System.Text;
using MemSnoop.Containers;
using MemSnoop.Disturbances;
using MemSnoop.Kernel;

namespace MemSnoop.WorkingSets.Generations;

/// <summary>
/// The memory of every control group of the host by the age of its generations, as the multi-generational LRU accounts for it. One file is read for the whole
/// host, and nothing is written: nobody is disturbed. In steady state nothing is allocated.
/// </summary>
/// <remarks>
/// A group that was removed while memory was still charged to it stays in the listing, also beside another of its name. Its memory is counted where the kernel
/// shows it: in the nearest group above it that is there. While groups come and go the listing can name one twice, or leave one out: the kernel goes on
/// reading at a number of lines (<c>lru_gen_seq_start</c>). For one thread at a time.
/// </remarks>
internal sealed class HostGenerations : IDisposable
{
    /// <summary>The name of the measurement.</summary>
    internal const string MeasurementName = "generations";

    /// <summary>How it is taken: the name of the file.</summary>
    internal const string MethodName = "lru_gen";

    private readonly IdleAges _ages;
    private readonly int _maxGroups;
    private readonly ulong _pageBytes = KernelUnits.Current.PageBytes;
    private readonly GenerationsWatch _watch;
    private readonly ControlGroups _groups;
    private readonly GenerationsListing _listing = new();
    private readonly AnonymousAging _anon;
    private readonly Dictionary<byte[], GroupGenerations> _byPath = new(Utf8Comparer.Instance);
    private readonly Dictionary<string, GroupGenerations> _byLabel = new(StringComparer.Ordinal);
    private readonly List<GroupGenerations> _filled = [];
    private readonly List<byte[]> _gone = [];
    private long _reading;

    private HostGenerations(KernelPaths paths, IdleAges ages, int maxGroups)
    {
        bool isReal = HostMounts.AreReal(paths);
        _ages = ages;
        _maxGroups = maxGroups;
        _watch = GenerationsWatch.Open(paths, isReal, new KernelBuffer());
        _groups = new ControlGroups(paths, isReal);
        _anon = new AnonymousAging(paths);
    }

    /// <summary>Opens the file, or finds out why it cannot be read; nothing is thrown for it.</summary>
    /// <param name="paths">Where the kernel files are.</param>
    /// <param name="ages">The ages that bound the bands.</param>
    /// <param name="maxGroups">At most so many control groups are shown, the largest.</param>
    internal static HostGenerations Open(KernelPaths paths, IdleAges ages, int maxGroups) => new(paths, ages, maxGroups);

    /// <summary>Finds out whether it works on this host, and if not, why.</summary>
    internal static ProbeResult Probe(KernelPaths paths)
    {
        using GenerationsWatch watch = GenerationsWatch.Open(paths, HostMounts.AreReal(paths), new KernelBuffer());
        return GenerationsSupport.Explain(watch);
    }

    /// <summary>What can be said of this host now; the generations can be switched off and on while it runs.</summary>
    internal ProbeResult Support => GenerationsSupport.Explain(_watch);

    /// <summary>Whether the kernel ages anonymous memory: there is swap, and it may be used.</summary>
    internal bool IsAnonAged { get; private set; }

    /// <summary>Whether the last reading succeeded.</summary>
    internal bool IsKnown { get; private set; }

    /// <summary>The groups that are shown, those that have memory.</summary>
    internal List<GroupGenerations> Shown { get; } = [];

    /// <summary>How many groups beyond the limit have memory.</summary>
    internal int Dropped { get; private set; }

    /// <summary>The memory of those groups.</summary>
    internal ulong DroppedBytes { get; private set; }

    /// <summary>Reads the generations of this moment.</summary>
    internal ReadOutcome Read()
    {
        Shown.Clear();
        _filled.Clear();
        (Dropped, DroppedBytes) = (0, 0);
        ReadOutcome outcome = _watch.IsOn() ? _watch.Read(_listing) : ReadOutcome.NotSupported;
        IsKnown = outcome == ReadOutcome.Success;
        if (!IsKnown)
        {
            return outcome;
        }

        _reading++;
        IsAnonAged = _anon.IsOn();

        // From the end: of several groups of one name, the one that was made last is listed last, and can alone be there.
        ReadOnlySpan<NodeGenerations> nodes = _listing.Nodes;
        int end = nodes.Length;
        while (end > 0)
        {
            int start = end - 1;
            while (start > 0 && nodes[start - 1].Path.Start == nodes[end - 1].Path.Start)
            {
                start--;
            }

            Accept(nodes[start..end]);
            end = start;
        }

        ForgetOthers();
        Choose();
        return ReadOutcome.Success;
    }

    private void Accept(ReadOnlySpan<NodeGenerations> nodes)
    {
        ReadOnlySpan<byte> path = _listing.PathOf(nodes[0]).TrimEnd((byte)'/');
        int length = _groups.LengthOfNearest(path);
        GroupGenerations group = Find(path[..length]);
        if (length == path.Length)
        {
            if (group.Listed == _reading)
            {
                if (group.Id == nodes[0].Group)
                {
                    return;
                }

                group = Find(path[.._groups.LengthOfNearest(path[..Math.Max(path.LastIndexOf((byte)'/'), 0)])]);
            }
            else
            {
                group.Listed = _reading;
                group.Id = nodes[0].Group;
            }
        }

        foreach (ref readonly NodeGenerations node in nodes)
        {
            group.Add(node, _ages, IsAnonAged, _pageBytes);
        }
    }

    private GroupGenerations Find(ReadOnlySpan<byte> path)
    {
        path = path.IsEmpty ? "/"u8 : path;
        var byPath = _byPath.GetAlternateLookup<ReadOnlySpan<byte>>();
        if (!byPath.TryGetValue(path, out GroupGenerations? group))
        {
            // Names that are no UTF-8 can look alike; then they are taken for groups of one name, since no two series may have the same labels.
            string label = Encoding.UTF8.GetString(path);
            if (!_byLabel.TryGetValue(label, out group))
            {
                group = new GroupGenerations(label);
                _byLabel.Add(label, group);
            }

            byPath[path] = group;
        }

        if (group.Reading != _reading)
        {
            group.Begin(_reading);
            _filled.Add(group);
        }

        return group;
    }

    private void ForgetOthers()
    {
        if (_filled.Count == _byLabel.Count)
        {
            return;
        }

        _gone.Clear();
        foreach ((byte[] path, GroupGenerations group) in _byPath)
        {
            if (group.Reading != _reading)
            {
                _gone.Add(path);
                _byLabel.Remove(group.Path);
            }
        }

        _gone.ForEach(path => _byPath.Remove(path));
    }

    /// <summary>The largest groups; those that were shown before rank 25 % higher than their size, so that the choice does not flap.</summary>
    private void Choose()
    {
        foreach (GroupGenerations group in _filled)
        {
            if (group.Bytes > 0)
            {
                Shown.Add(group);
            }
        }

        if (Shown.Count > _maxGroups)
        {
            Shown.Sort(static (left, right) => Weight(right).CompareTo(Weight(left)));
            for (int i = _maxGroups; i < Shown.Count; i++)
            {
                Shown[i].IsShown = false;
                Dropped++;
                DroppedBytes += Shown[i].Bytes;
            }

            Shown.RemoveRange(_maxGroups, Dropped);
        }

        Shown.ForEach(static group => group.IsShown = true);
    }

    private static ulong Weight(GroupGenerations group) => group.IsShown ? group.Bytes + (group.Bytes / 4) : group.Bytes;

    public void Dispose()
    {
        _watch.Dispose();
        _groups.Dispose();
        _anon.Dispose();
    }
}
