using System.Runtime.InteropServices;
using System.Text;
using MemSnoop.Containers;
using MemSnoop.Disturbances;
using MemSnoop.Kernel;
using MemSnoop.Paging;
using MemSnoop.ProcFs;
using MemSnoop.WorkingSets.PageIdle.Handover;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>
/// Measures the memory that is charged to containers, as part of each pass: every frame of the host is asked which control group it is charged to. Which groups lie in a
/// container is looked up before, and again after, so that a group that came, went or took over another's number in between does no harm.
/// </summary>
internal sealed class ChargedPass : IChargedGroups, IDisposable
{
    /// <summary>So many groups that are not in use are kept for the next pass, beside as many as the last pass used.</summary>
    private const int SpareGroups = 64;

    /// <summary>More containers, or longer ids, than any host has.</summary>
    private const int MaxContainers = 1 << 16;
    private const int MaxNameBytes = 4096;

    private readonly PageIdleFiles _files;
    private readonly IdleAges _ages;
    private readonly Epochs _epochs;
    private readonly bool _isSpread;
    private readonly ContainerGroups _containers;
    private readonly ChargedFrames _charged;
    private readonly KernelText _zoneText;
    private readonly List<ZoneInfo> _zones = [];
    private readonly List<ChargedGroup> _groups = [];
    private readonly Dictionary<ulong, ChargedGroup?> _byInode = [];
    private readonly Dictionary<string, ContainerAccount> _accounts = [];
    private readonly HashSet<string> _living = [];
    private readonly HashSet<string> _mixedUp = [];
    private readonly byte[] _reached = new byte[256];
    private ulong _lastInode;
    private ChargedGroup? _lastGroup;
    private int _used;
    private long _pass;
    private TimeSpan _windowStart;
    private TimeSpan _windowEnd;
    private bool _isPassing;
    private bool _hidReads;
    private bool _hasFrames;
    private bool _isTakenUp;
    private MemoryShare _share = MemoryShare.Whole;
    private MemoryShare _counted = MemoryShare.Whole;
    private TimeSpan? _sharedSince;
    private readonly List<ChargedGroup> _inUnit = [];

    internal ChargedPass(PageIdleFiles files, FrameTable frames, FreshFrames fresh, Epochs epochs, EstimatorOptions options)
    {
        _files = files;
        _ages = options.IdleAges;
        _epochs = epochs;
        _isSpread = options.Parts > 1;
        _containers = new ContainerGroups(files.Groups!, options.ContainerOf!);
        _charged = new ChargedFrames(files.Cgroups!, files.Flags, frames, fresh, epochs);
        _zoneText = new KernelText(files.ZoneInfoPath, new KernelBuffer(16384));
    }

    /// <summary>Whether it is measured, as of the last pass that has ended: a scrape in the middle of one shows the windows of that before.</summary>
    internal ContainerMemoryState State { get; private set; } = ContainerMemoryState.Measured;

    /// <summary>Whether there was a pass before the one that is about to begin.</summary>
    private bool EndsOrBegan => _pass > 0;

    /// <summary>The share that is both marked and looked at.</summary>
    private MemoryShare Both => _share.Bound < _counted.Bound ? _share : _counted;

    /// <summary>Whether a share of memory is looked at, or only a share of it counts so far.</summary>
    private bool IsSampled => !Both.IsWhole;

    /// <summary>Whether a pass before has marked the frames, so that this one ends windows.</summary>
    private bool EndsWindows => _pass > 1;

    /// <summary>Whether there are windows that another exporter can go on with: a whole pass has marked the frames.</summary>
    private bool CanBeHandedOver => (_isPassing ? _pass - 1 : _pass) > 0;

    /// <summary>Hands over since when containers are known, and what is in doubt.</summary>
    internal void Write(AgesWriter writer, TimeSpan now)
    {
        writer.Flag(CanBeHandedOver);
        if (!CanBeHandedOver)
        {
            return;
        }

        writer.Share(_share);
        writer.Flag(_sharedSince is not null);
        writer.Before(_sharedSince ?? now, now);
        writer.Number(_accounts.Count);
        foreach ((string container, ContainerAccount account) in _accounts)
        {
            writer.Text(Encoding.UTF8.GetBytes(container));
            account.Write(writer, now, account.FirstPass == _pass);
        }
    }

    /// <summary>Reads what was handed over.</summary>
    /// <param name="reader">Where it is.</param>
    /// <param name="now">The time of the handing over.</param>
    /// <param name="firstSeen">Nothing is known of what was before this.</param>
    /// <param name="shareSalt">Of the share.</param>
    /// <returns>What was handed over; null if nothing was.</returns>
    internal static ChargedHandover? Read(AgesReader reader, TimeSpan now, TimeSpan firstSeen, ulong shareSalt)
    {
        if (!reader.Flag())
        {
            return null;
        }

        MemoryShare share = reader.Share(shareSalt);
        bool hasGrown = reader.Flag();
        TimeSpan grown = reader.Before(now);
        Dictionary<string, ContainerAccount> accounts = [];
        for (int left = reader.Number(MaxContainers); left > 0; left--)
        {
            string container = Encoding.UTF8.GetString(reader.Text(MaxNameBytes));
            accounts[container] = ContainerAccount.Read(reader, now, firstSeen, pass: 1);
        }

        return new ChargedHandover(share, hasGrown ? grown : null, accounts);
    }

    /// <summary>Goes on where another exporter has ended.</summary>
    internal void TakeUp(ChargedHandover charged)
    {
        (_share, _sharedSince) = (charged.Share, charged.SharedSince);
        foreach ((string container, ContainerAccount account) in charged.Accounts)
        {
            _accounts[container] = account;
        }

        (_pass, _isTakenUp) = (1, true);
    }

    /// <summary>A pass that there is no processor time for.</summary>
    internal void LeaveOut() => Fail(ContainerMemoryState.OverBudget);

    /// <summary>Begins a pass over a share of memory: finds out which groups there are, and where there is memory.</summary>
    internal void Begin(TimeSpan windowStart, TimeSpan windowEnd, MemoryShare share)
    {
        // What the pass before has not marked begins with this one.
        _counted = EndsOrBegan ? _share : MemoryShare.Whole;
        _sharedSince = share.Bound > _counted.Bound ? windowEnd : _sharedSince;
        _share = share;
        (_windowStart, _windowEnd) = (windowStart, windowEnd);
        _isPassing = _containers.Look();
        if (!_isPassing)
        {
            Fail(ContainerMemoryState.NoHierarchy);
            return;
        }

        _pass++;
        _hasFrames = false;
        _hidReads = false;
        _byInode.Clear();
        _used = 0;
        (_lastInode, _lastGroup) = (0, null);
        for (int epoch = 0; epoch < _reached.Length; epoch++)
        {
            _reached[epoch] = (byte)(epoch < _epochs.Count ? _ages.CountReached(windowEnd - _epochs[epoch]) : 0);
        }

        if (!ZoneInfo.TryParse(_zoneText.Read(), _zones))
        {
            // Without the file there is one zone, from the first frame to the end of the other files.
            _zones.Add(new ZoneInfo(0, PagemapEntry.HighestFrame + 1));
        }
    }

    /// <summary>Counts the frames of the blocks of one part, whose windows have just ended.</summary>
    internal void Take(int part, int parts, DisturbanceReport report)
    {
        if (!_isPassing)
        {
            return;
        }

        _hidReads |= report.FileReadsAreHidden;
        long next = 0;
        foreach (ZoneInfo zone in _zones)
        {
            // Two zones can share a block.
            long end = (long)Math.Min(zone.First + zone.Count - 1, PagemapEntry.HighestFrame) >> FrameBlock.FrameShift;
            for (long index = Math.Max(next, (long)(zone.First >> FrameBlock.FrameShift)); index <= end; index++)
            {
                next = index + 1;
                if (index % parts != part)
                {
                    continue;
                }

                ReadOutcome outcome = Take(index, report, out bool isEnd);
                if (outcome != ReadOutcome.Success)
                {
                    Fail(ContainerMemoryState.Failed);
                    return;
                }

                if (isEnd)
                {
                    break;
                }
            }
        }

        foreach (ChargedGroup group in CollectionsMarshal.AsSpan(_groups)[.._used])
        {
            group.EndPart(report, Both.Fraction);
        }
    }

    private ReadOutcome Take(long index, DisturbanceReport report, out bool isEnd)
    {
        ReadOnlySpan<byte> reached = EndsWindows ? _reached : default;
        if (IsSampled)
        {
            // Of a share there may be nothing in the first blocks.
            _hasFrames = true;
            return _charged.TakeShare(index, _share, _counted, (int)(MemoryUnit.Bytes / _files.PageBytes), this, report, reached, out isEnd);
        }

        ReadOutcome outcome = _charged.Take(index, this, report, reached, out int count);
        isEnd = count == 0;
        _hasFrames |= !isEnd;
        return outcome;
    }

    /// <inheritdoc/>
    void IChargedGroups.EndUnit()
    {
        foreach (ChargedGroup group in _inUnit)
        {
            (PagesByKind held, PagesByKind used) = group.TakeUnit();
            AccountOf(group.Container).AddToUnit(held, used);
        }

        foreach (ChargedGroup group in _inUnit)
        {
            AccountOf(group.Container).EndUnit();
        }

        _inUnit.Clear();
    }

    /// <inheritdoc/>
    ChargedGroup? IChargedGroups.Find(ulong inode)
    {
        if (inode != _lastInode)
        {
            ref ChargedGroup? group = ref CollectionsMarshal.GetValueRefOrAddDefault(_byInode, inode, out bool isKnown);
            if (!isKnown && _containers.TryFind(inode, out string? container))
            {
                group = Rent();
                group.Begin(inode, container);
            }

            (_lastInode, _lastGroup) = (inode, group);
        }

        if (IsSampled && _lastGroup is not null && !_inUnit.Contains(_lastGroup))
        {
            // There are few in two megabytes.
            _inUnit.Add(_lastGroup);
        }

        return _lastGroup;
    }

    /// <summary>Adds what processes of a container may have read by descriptor without a trace, of files that they map.</summary>
    internal void AddHiddenReads(string container, long file, long shmem)
    {
        if (_isPassing && file + shmem > 0)
        {
            AccountOf(container).AddHiddenReads(file, shmem);
        }
    }

    /// <summary>Ends a pass: tells what is charged to each container that is still there.</summary>
    internal void Complete(IWorkingSetSink sink)
    {
        if (!_isPassing)
        {
            return;
        }

        _isPassing = false;
        if (!_hasFrames || !_containers.Look())
        {
            // Another file may be mounted over this one to hide it.
            Fail(_hasFrames ? ContainerMemoryState.NoHierarchy : ContainerMemoryState.NoFile);
            return;
        }

        State = _hidReads ? ContainerMemoryState.WithoutReads : ContainerMemoryState.Measured;
        FindMixedUp();
        foreach (ChargedGroup group in CollectionsMarshal.AsSpan(_groups)[.._used])
        {
            AccountOf(group.Container).Add(group, _pass);
        }

        if (IsSampled)
        {
            foreach ((string container, byte[] path) in _containers.Tops)
            {
                if (_accounts.TryGetValue(container, out ContainerAccount? account))
                {
                    account.AddCharge(MemoryCharge.TryParse(_containers.ReadMemoryStat(path), out MemoryCharge charge) ? charge.Bytes : null, _files.PageBytes);
                }
            }
        }

        foreach ((string container, ContainerAccount account) in _accounts)
        {
            if (account.LastPass != _pass || !_living.Contains(container))
            {
                _accounts.Remove(container);
                continue;
            }

            // Spread over the interval, a pass may have come by the memory of a new container before it knew the container. And an exporter that ended may not have watched it.
            bool isComplete = EndsWindows && !_mixedUp.Contains(container) && ((!_isSpread && !_isTakenUp) || account.FirstPass < _pass);
            if (isComplete && IsSampled && !account.TryScale(Both.Fraction, _sharedSince))
            {
                sink.ContainerSkipped(container, ReadOutcome.SampleTooSmall);
            }
            else if (isComplete && account.Complete(_windowEnd, _ages, _files.PageBytes) is { HeldBytes: > 0 } sample)
            {
                sink.ContainerCompleted(container, sample);
            }

            account.Clear();
        }

        _isTakenUp = false;
        if (_groups.Count > (2 * _used) + SpareGroups)
        {
            _groups.RemoveRange(_used, _groups.Count - _used);
        }
    }

    /// <summary>Notes which containers there are after the pass, and those of them that have a group whose number belonged to another container before.</summary>
    private void FindMixedUp()
    {
        _living.Clear();
        _mixedUp.Clear();
        foreach ((ulong inode, string container) in _containers.Containers)
        {
            _living.Add(container);
            if (_containers.Before.TryGetValue(inode, out string? before) && before != container)
            {
                _mixedUp.Add(before);
                _mixedUp.Add(container);
            }
        }
    }

    private ContainerAccount AccountOf(string container)
    {
        ref ContainerAccount? account = ref CollectionsMarshal.GetValueRefOrAddDefault(_accounts, container, out _);
        return account ??= new ContainerAccount(EndsWindows && !_isSpread && !_isTakenUp ? _windowStart : _windowEnd, _pass);
    }

    private ChargedGroup Rent()
    {
        if (_used == _groups.Count)
        {
            _groups.Add(new ChargedGroup());
        }

        return _groups[_used++];
    }

    /// <summary>There are no numbers until two passes in a row succeed: windows of frames that were not taken over are lost.</summary>
    private void Fail(ContainerMemoryState state)
    {
        State = state;
        _isPassing = _isTakenUp = false;
        _pass = 0;
        _accounts.Clear();
    }

    public void Dispose() => _zoneText.Dispose();
}
