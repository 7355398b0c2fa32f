using MemSnoop.Kernel;
using MemSnoop.Measurements;
using Microsoft.Extensions.Logging;

namespace MemSnoop.Metrics.Sampling;

/// <summary>
/// What the control groups of containers say of their memory, read when a collection needs it and the last reading is too old. Nothing is opened before a watched process is in
/// a container.
/// </summary>
/// <param name="open">Makes the measurement.</param>
/// <param name="watchList">The watched processes, which know the names of their containers.</param>
/// <param name="schedule">When it is read anew.</param>
/// <param name="clock">The clock.</param>
/// <param name="logger">Where a change of state is told.</param>
internal sealed partial class SampledContainerCgroups(
    Func<ContainerCgroupMeasurement> open, WatchList watchList, ReadingSchedule schedule, TimeProvider clock, ILogger logger)
    : SampledMeasurement(ContainerCgroupMeasurement.MeasurementName)
{
    /// <summary>How it is taken.</summary>
    internal const string MethodName = "cgroup";

    /// <summary>The reason where the host's hierarchy is not to be seen.</summary>
    internal const string NoHierarchy = "no_control_groups";

    private readonly List<ContainerSample<ContainerCgroupSample>> _containers = [];
    private readonly Dictionary<string, WatchedProcess> _members = new(StringComparer.Ordinal);
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);
    private readonly ReadOutcome?[] _outcomes = new ReadOutcome?[CgroupParts.All.Count];
    private ContainerCgroupMeasurement? _measurement;
    private MethodState[] _methods = [MethodState.Works(MethodName)];
    private bool _isReadable = true;
    private bool _isDisposed;

    /// <summary>Held while what <see cref="Current"/> returned is read.</summary>
    internal object Gate { get; } = new();

    /// <summary>A row for it, and one for each part, of which a kernel may have some and not others.</summary>
    internal override IEnumerable<MethodState> Methods => Volatile.Read(ref _methods);

    /// <summary>What the current collection shows of each container. Call it and read it under <see cref="Gate"/>.</summary>
    internal List<ContainerSample<ContainerCgroupSample>> Current()
    {
        WatchedProcess[] processes = watchList.Current();
        if (schedule.IsDue() && !_isDisposed)
        {
            Read(processes);
        }

        return _containers;
    }

    private void Read(WatchedProcess[] processes)
    {
        _containers.Clear();
        foreach (WatchedProcess process in processes)
        {
            if (process.Container.Id is { Length: > 0 } id)
            {
                _members[id] = process;
            }
        }

        if (_members.Count == 0)
        {
            return;
        }

        Stint.Beginning beginning = Stint.Begin(clock);
        _measurement ??= open();
        _read.Clear();
        bool isReadable = _measurement.Begin();
        bool succeeded = isReadable;
        if (isReadable)
        {
            foreach ((string container, byte[] path) in _measurement.Containers)
            {
                // Of several groups with one id the first counts: two series with the same labels would spoil the scrape.
                if (!_read.Add(container))
                {
                    continue;
                }

                ReadOutcome outcome = _measurement.Measure(path, out ContainerCgroupSample sample);
                Count(outcome);
                if (outcome != ReadOutcome.ProcessGone)
                {
                    _containers.Add(new(container, _members.GetValueOrDefault(container), sample));
                    succeeded &= !outcome.IsError();
                }
            }
        }

        ForgetOthers();
        Tell(isReadable);
        Finish(beginning.End(), succeeded);
    }

    /// <summary>Who has ended takes its name along only when its group has gone too: until then the container keeps its name without processes.</summary>
    private void ForgetOthers()
    {
        foreach (string container in _members.Keys)
        {
            if (!_read.Contains(container))
            {
                _members.Remove(container);
            }
        }
    }

    /// <summary>Notes how the parts fared; says in the log when the whole changes.</summary>
    private void Tell(bool isReadable)
    {
        bool isNews = isReadable != _isReadable || _methods.Length == 1;
        foreach (CgroupPart part in CgroupParts.All)
        {
            // Without a container in this round, what was known of the kernel stays true.
            if (_measurement!.OutcomeOf(part) is { } outcome && outcome != _outcomes[(int)part])
            {
                _outcomes[(int)part] = outcome;
                isNews = true;
            }
        }

        if (!isNews)
        {
            return;
        }

        Volatile.Write(ref _methods, isReadable
            ? [MethodState.Works(MethodName), .. CgroupParts.All.Where(part => _outcomes[(int)part] is not null).Select(StateOf)]
            : [new MethodState(MethodName, MethodState.Unavailable, NoHierarchy)]);
        if (isReadable != _isReadable)
        {
            _isReadable = isReadable;
            if (isReadable)
            {
                Readable(logger, _measurement!.Mount!);
            }
            else
            {
                Unreadable(logger);
            }
        }
    }

    private MethodState StateOf(CgroupPart part) => _outcomes[(int)part] is ReadOutcome.Success
        ? MethodState.Works(part.ToWord())
        : new MethodState(part.ToWord(), MethodState.Unavailable, _outcomes[(int)part]!.Value.ToReason());

    [LoggerMessage(Level = LogLevel.Information, Message = "control groups of containers are read below {Mount}")]
    private static partial void Readable(ILogger logger, string mount);

    [LoggerMessage(Level = LogLevel.Warning, Message = "control groups of containers are not read: the host's hierarchy with the memory controller cannot be seen")]
    private static partial void Unreadable(ILogger logger);

    public override void Dispose()
    {
        lock (Gate)
        {
            _isDisposed = true;
            _containers.Clear();
            _measurement?.Dispose();
        }

        base.Dispose();
    }
}
