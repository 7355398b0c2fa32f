using MemSnoop.Containers;
using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.ProcFs;

namespace MemSnoop.Measurements;

/// <summary>
/// Reads what the memory control group of each container says: usage and bounds, what the kernel takes for itself and what it could take away, what happened at the bounds, and
/// how long processes have waited for memory. A container's group is the topmost that has its id; its files count all groups within it. Version 1 has fewer of these.
/// In steady state nothing is allocated. For one thread at a time.
/// </summary>
internal sealed class ContainerCgroupMeasurement : IDisposable
{
    /// <summary>The measurement's name.</summary>
    internal const string MeasurementName = "container-cgroup";

    /// <summary>Version 1 has no word for no limit. It says the largest number of whole pages in 63 bits, and pages are smaller than this leaves open.</summary>
    private const ulong NoLimit = 0x7fff_ffff_fff0_0000;

    private const double MicrosecondsPerSecond = 1_000_000;

    private readonly ulong _pageBytes = KernelUnits.Current.PageBytes;
    private readonly ControlGroups _groups;
    private readonly ContainerGroups _containers;
    private readonly GroupFiles _files;
    private readonly GroupBounds _bounds;
    private readonly ReadOutcome?[] _ofRound = new ReadOutcome?[CgroupParts.All.Count];
    private readonly ReadOutcome[] _ofContainer = new ReadOutcome[CgroupParts.All.Count];
    private bool _isFileMissing;

    /// <param name="paths">Where the kernel files are.</param>
    /// <param name="containerOf">The container of a group by its path from the root of the hierarchy, or null.</param>
    internal ContainerCgroupMeasurement(KernelPaths paths, Func<string, string?> containerOf)
    {
        _groups = new ControlGroups(paths, HostMounts.AreReal(paths));
        _containers = new ContainerGroups(_groups, containerOf);
        _files = new GroupFiles(_groups);
        _bounds = new GroupBounds(_files);
    }

    /// <summary>Where the hierarchy is mounted that has the memory controller; null if none is found.</summary>
    internal string? Mount => _groups.Mount;

    /// <summary>Whether it is version 2.</summary>
    internal bool IsUnified => _groups.IsUnified;

    /// <summary>The containers of this round, each with the path of its group, which <see cref="Measure"/> takes. Two groups can have the id of one container.</summary>
    internal List<(string Container, byte[] Path)> Containers => _containers.Tops;

    /// <summary>Begins a round: finds out which containers there are. False if the hierarchy cannot be read.</summary>
    internal bool Begin()
    {
        Array.Clear(_ofRound);
        _bounds.Begin();
        return _containers.Look();
    }

    /// <summary>How reading a part ended in this round: success if any container has it; null if no container was read.</summary>
    internal ReadOutcome? OutcomeOf(CgroupPart part) => _ofRound[(int)part];

    /// <summary>Reads the files of one container.</summary>
    /// <param name="path">The path of its group, with a NUL.</param>
    /// <param name="sample">What could be read; nothing if the group is gone.</param>
    /// <returns>Success if all could be read that this kernel has; the group is gone; its memory is not accounted for; or what was wrong with one of its files.</returns>
    internal ReadOutcome Measure(byte[] path, out ContainerCgroupSample sample)
    {
        _isFileMissing = false;
        ReadOnlySpan<byte> group = path.AsSpan(0, path.Length - 1);
        sample = IsUnified ? MeasureUnified(group) : MeasureVersion1(group);

        // A file that is missing is one that this kernel does not have, or the whole group was removed in the meantime: then what was read before is half a sample.
        if (Array.IndexOf(_ofContainer, ReadOutcome.ProcessGone) >= 0 || (_isFileMissing && !_containers.IsThere(path)))
        {
            sample = default;
            return ReadOutcome.ProcessGone;
        }

        ReadOutcome outcome = _ofContainer[(int)CgroupPart.Usage];
        for (int part = 0; part < _ofContainer.Length; part++)
        {
            ReadOutcome read = _ofContainer[part];
            outcome = read is ReadOutcome.Success or ReadOutcome.NotSupported ? outcome : read;
            _ofRound[part] = _ofRound[part] == ReadOutcome.Success ? ReadOutcome.Success : read;
        }

        return outcome;
    }

    private ContainerCgroupSample MeasureUnified(ReadOnlySpan<byte> group)
    {
        Note(CgroupPart.Usage, Read(group, "memory.current"u8, CgroupValue.TryParse, out CgroupValue usage));
        Note(CgroupPart.Swap, Read(group, "memory.swap.current"u8, CgroupValue.TryParse, out CgroupValue swap));
        Note(CgroupPart.Events, Read(group, "memory.events"u8, MemoryEvents.TryParse, out MemoryEvents events));
        ReadOutcome stat = Read(group, "memory.stat"u8, MemoryAmounts.TryParse, out MemoryAmounts amounts);
        Note(CgroupPart.Kernel, stat, amounts.Kernel is not null);
        ReadOutcome waited = Read(group, "memory.pressure"u8, MemoryPressure.TryParse, out MemoryPressure pressure);
        Note(CgroupPart.Pressure, waited);
        (GroupBound max, GroupBound high) = _bounds.Of(group);
        _isFileMissing |= max.Outcome == ReadOutcome.NotSupported;
        Note(CgroupPart.Limit, max.Outcome);
        Note(CgroupPart.High, high.Outcome);
        return OfAmounts(stat, amounts) with
        {
            UsageBytes = usage.Number,
            LimitBytes = max.Known,
            HighBytes = high.Known,
            KernelBytes = amounts.Kernel + (amounts.Sock ?? 0),
            SwapBytes = swap.Number,
            Events = events,
            SomeWaitedSeconds = waited == ReadOutcome.Success ? pressure.SomeMicroseconds / MicrosecondsPerSecond : null,
            AllWaitedSeconds = waited == ReadOutcome.Success ? pressure.FullMicroseconds / MicrosecondsPerSecond : null,
        };
    }

    /// <summary>Version 1 says in <c>memory.stat</c> which limit holds, and what is in swap. It has neither <c>memory.high</c> nor pressure.</summary>
    private ContainerCgroupSample MeasureVersion1(ReadOnlySpan<byte> group)
    {
        Note(CgroupPart.Usage, Read(group, "memory.usage_in_bytes"u8, CgroupValue.TryParse, out CgroupValue usage));
        Note(CgroupPart.Kernel, Read(group, "memory.kmem.usage_in_bytes"u8, CgroupValue.TryParse, out CgroupValue kernel));
        ReadOutcome stat = Read(group, "memory.stat"u8, MemoryAmounts.TryParseVersion1, out MemoryAmounts amounts);
        Note(CgroupPart.Limit, stat, amounts.HierarchicalLimit is not null);
        Note(CgroupPart.Swap, stat, amounts.Swap is not null);
        ReadOutcome limited = Read(group, "memory.failcnt"u8, CgroupValue.TryParse, out CgroupValue failures);
        ReadOutcome killed = Read(group, "memory.oom_control"u8, OomControl.TryParse, out OomControl kills);
        Note(CgroupPart.Events, limited == ReadOutcome.Success ? killed : limited);
        Note(CgroupPart.High, ReadOutcome.NotSupported);
        Note(CgroupPart.Pressure, ReadOutcome.NotSupported);
        return OfAmounts(stat, amounts) with
        {
            UsageBytes = usage.Number,
            LimitBytes = amounts.HierarchicalLimit < NoLimit ? amounts.HierarchicalLimit : null,
            KernelBytes = kernel.Number,
            SwapBytes = amounts.Swap,
            Events = new MemoryEvents(Low: null, High: null, failures.Number, Oom: null, kills.OomKill),
        };
    }

    /// <summary>What both versions have in the same file.</summary>
    private ContainerCgroupSample OfAmounts(ReadOutcome stat, in MemoryAmounts amounts)
    {
        Note(CgroupPart.Reclaimable, stat, amounts.InactiveFile is not null);
        Note(CgroupPart.Zswap, stat, amounts.Zswap is not null);
        Note(CgroupPart.Refaults, stat, amounts.RefaultedFilePages is not null);
        return new ContainerCgroupSample
        {
            ActiveFileBytes = amounts.ActiveFile,
            InactiveFileBytes = amounts.InactiveFile,
            ReclaimableSlabBytes = amounts.SlabReclaimable,
            ZswapBytes = amounts.Zswap,
            RefaultedAnonBytes = amounts.RefaultedAnonPages * _pageBytes,
            RefaultedFileBytes = amounts.RefaultedFilePages * _pageBytes,
        };
    }

    private ReadOutcome Read<T>(ReadOnlySpan<byte> group, ReadOnlySpan<byte> name, KernelParser<T> parser, out T value)
        where T : struct
    {
        ReadOutcome outcome = _files.Read(group, name, parser, out value);
        _isFileMissing |= outcome == ReadOutcome.NotSupported;
        return outcome;
    }

    private void Note(CgroupPart part, ReadOutcome outcome, bool isTold = true) =>
        _ofContainer[(int)part] = outcome == ReadOutcome.Success && !isTold ? ReadOutcome.NotSupported : outcome;

    public void Dispose() => _groups.Dispose();
}
