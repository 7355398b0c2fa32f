using MemSnoop.Containers;
using MemSnoop.Disturbances;
using MemSnoop.Kernel;
using MemSnoop.Locks;

namespace MemSnoop.WorkingSets.Generations;

/// <summary>
/// Ages control groups of the host, in turns: each reads the generations once and ages a part of the groups that are due, one after another. While it may age, it
/// holds the lock on the host's accessed bits for itself: aging takes bits from the windows of others, and theirs would hide use from it.
/// </summary>
/// <remarks>It reads by a handle of its own, so a scrape never waits for it. For one thread at a time. In steady state nothing is allocated.</remarks>
internal sealed class HostAging : IDisposable
{
    /// <summary>The name of it in metrics and in <c>memsnoop check</c>.</summary>
    internal const string MethodName = "aging";

    /// <summary>What the lock says for whoever waits for it.</summary>
    private const string Purpose = "aging generations";

    private readonly KernelPaths _paths;
    private readonly GenerationsWatch _watch;
    private readonly AgingCommand _command;
    private readonly AnonymousAging _anon;
    private readonly ControlGroups _groups;
    private readonly KernelText _protected;
    private readonly GenerationsListing _listing = new();
    private readonly AgingPlan _plan;
    private MeasuringLock? _lock;
    private bool _canSwap;
    private AgingOutcome _refusal;

    private HostAging(KernelPaths paths, int maxGroups)
    {
        bool isReal = HostMounts.AreReal(paths);
        _paths = paths;
        _watch = GenerationsWatch.Open(paths, isReal, new KernelBuffer());
        _command = AgingCommand.Open(paths, isReal);
        _anon = new AnonymousAging(paths);
        _groups = new ControlGroups(paths, isReal);
        _protected = new KernelText(paths.Sys("kernel/mm/lru_gen/min_ttl_ms"), new KernelBuffer(32));
        _plan = new AgingPlan(_groups, maxGroups);
        Support = AgingSupport.Explain(_watch, _command);
    }

    /// <summary>Opens the files, or finds out why the kernel takes no commands; nothing is thrown for it.</summary>
    /// <param name="paths">Where the kernel files are.</param>
    /// <param name="maxGroups">At most so many control groups are aged, the largest.</param>
    internal static HostAging Open(KernelPaths paths, int maxGroups) => new(paths, maxGroups);

    /// <summary>Whether control groups could be aged on this host, if no other program takes accessed bits.</summary>
    internal static ProbeResult Probe(KernelPaths paths)
    {
        using HostAging aging = new(paths, 0);
        return aging.Support;
    }

    /// <summary>Probes it, and whether another program takes accessed bits now.</summary>
    internal static ProbeResult ProbeNow(KernelPaths paths)
    {
        ProbeResult support = Probe(paths);
        return support.IsSupported && MeasuringLock.FindBitmapHolder(paths, LockMode.Exclusive) is { } holder ? AgingSupport.InUse(holder) : support;
    }

    /// <summary>Whether it ages, as of the last turn, and if not, why.</summary>
    internal ProbeResult Support { get; private set; }

    /// <summary>How many groups, on each node, were last aged too long ago when the turn began.</summary>
    internal int Overdue => _plan.Overdue;

    /// <summary>How many groups, on each node, this turn has still to age.</summary>
    internal int Left => _plan.Left;

    /// <summary>Begins a turn. If nothing can be aged now, <see cref="Support"/> says why, and the lock is given back.</summary>
    /// <param name="dueAfter">A group whose youngest generation was opened so long ago is due.</param>
    /// <param name="overdueAfter">The interval: a group whose youngest generation was opened longer ago is overdue.</param>
    /// <param name="turns">In so many turns all groups are to be aged.</param>
    internal void Begin(TimeSpan dueAfter, TimeSpan overdueAfter, int turns)
    {
        _plan.Clear();
        Support = Prepare(overdueAfter);
        if (!Support.IsSupported)
        {
            _lock?.Dispose();
            _lock = null;
            return;
        }

        // What the kernel has refused is tried once a turn, until it does not.
        bool isRefused = _refusal.IsOfHost();
        Support = isRefused ? AgingSupport.Refused(_refusal) : Support;
        _canSwap = _anon.IsOn();
        _plan.Make(_listing, dueAfter, overdueAfter, isRefused ? int.MaxValue : turns);
    }

    /// <summary>Ages the next group of this turn; false when there is none.</summary>
    internal bool TryAge(out AgingOutcome outcome)
    {
        outcome = default;
        if (!_plan.TryTake(out NodeGenerations node))
        {
            return false;
        }

        outcome = _command.Age(node, _canSwap);
        _refusal = outcome == AgingOutcome.Aged || outcome.IsOfHost() ? outcome : _refusal;
        return true;
    }

    private ProbeResult Prepare(TimeSpan interval)
    {
        ProbeResult support = AgingSupport.Explain(_watch, _command);
        if (!support.IsSupported)
        {
            return support;
        }

        // The kernel reclaims nothing from a group whose oldest generation is younger than this. If agings of ours made it so, it would rather kill.
        if (_protected.ReadNumber() is { } milliseconds && milliseconds >= interval.TotalMilliseconds)
        {
            return AgingSupport.TooOften(milliseconds);
        }

        if (_lock is null)
        {
            (_lock, string? holder) = MeasuringLock.TryTakeBitmap(_paths, LockMode.Exclusive, Purpose);
            if (_lock is null)
            {
                return AgingSupport.InUse(holder!);
            }
        }

        ReadOutcome outcome = _watch.Read(_listing);
        return outcome == ReadOutcome.Success ? support : AgingSupport.Unreadable(outcome);
    }

    public void Dispose()
    {
        _lock?.Dispose();
        _watch.Dispose();
        _command.Dispose();
        _anon.Dispose();
        _groups.Dispose();
        _protected.Dispose();
    }
}
