using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.Counters;

/// <summary>A process whose events are counted, by one or several providers.</summary>
internal sealed class CountedProcess(CounterGroup[] groups, int events) : IDisposable
{
    /// <summary>One for each provider.</summary>
    internal GroupAttachment[] Attachments { get; } = Array.ConvertAll(groups, static group => new GroupAttachment(group));

    /// <summary>The array that its samples share, or null.</summary>
    internal CounterValue?[] Values { get; } = new CounterValue?[events];

    /// <summary>The round of the measurement in which the process was last measured.</summary>
    internal long Round { get; set; }

    internal DateTimeOffset? CountingSince(int place)
    {
        foreach (GroupAttachment attachment in Attachments)
        {
            if (attachment.Group.Places.Contains(place))
            {
                return attachment.Since;
            }
        }

        return null;
    }

    public void Dispose()
    {
        foreach (GroupAttachment attachment in Attachments)
        {
            attachment.Dispose();
        }
    }
}

/// <summary>One provider's counters of one process: not attached yet, counting, or refused and waiting for another try.</summary>
internal sealed class GroupAttachment(CounterGroup group) : IDisposable
{
    /// <summary>One minute: long enough to cost little, and short enough to notice a fix.</summary>
    internal static readonly TimeSpan RetryAfter = TimeSpan.FromMinutes(1);

    private IProcessCounters? _counters;
    private ReadOutcome _refusal;
    private long _refusedAt;
    private long _closedAtRefusal;

    internal CounterGroup Group => group;

    /// <summary>When counting began; null before.</summary>
    internal DateTimeOffset? Since { get; private set; }

    /// <summary>Reads the current values, and attaches first if that is due. Values that could not be read are null.</summary>
    /// <param name="process">The process.</param>
    /// <param name="sample">The values of all events, this group's among them.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="closed">How many processes were released so far, each of which freed descriptors.</param>
    internal ReadOutcome Read(TrackedProcess process, CounterValue?[] sample, TimeProvider clock, long closed)
    {
        ReadOutcome outcome = process.HasLeft ? ReadOutcome.ProcessGone : Attach(process, clock, closed);
        if (outcome == ReadOutcome.Success)
        {
            outcome = group.Read(_counters!, sample);
        }

        for (int i = 0; outcome != ReadOutcome.Success && i < group.Places.Length; i++)
        {
            sample[group.Places[i]] = null;
        }

        return outcome;
    }

    private ReadOutcome Attach(TrackedProcess process, TimeProvider clock, long closed)
    {
        if (_counters is not null)
        {
            return ReadOutcome.Success;
        }

        bool mayFitNow = _refusal == ReadOutcome.NoDescriptors && closed != _closedAtRefusal;
        if (_refusal != ReadOutcome.Success && !mayFitNow && clock.GetElapsedTime(_refusedAt) < RetryAfter)
        {
            return _refusal;
        }

        DateTimeOffset now = clock.GetUtcNow();
        ReadOutcome outcome = group.Provider.Open(process, group.Events, out _counters);

        // The process is too large because it would take too many descriptors.
        outcome = outcome == ReadOutcome.TooLarge ? ReadOutcome.NoDescriptors : outcome;
        if (outcome == ReadOutcome.Success)
        {
            Since = now;
        }

        // One that is gone is not asked again, or was in the middle of an exec and can be asked at once.
        _refusal = outcome == ReadOutcome.ProcessGone ? ReadOutcome.Success : outcome;
        _refusedAt = clock.GetTimestamp();
        _closedAtRefusal = closed;
        return outcome;
    }

    public void Dispose() => _counters?.Dispose();
}

/// <summary>The events of a plan that one provider counts, and their positions in the plan.</summary>
internal sealed class CounterGroup(ICounterProvider provider, CounterEvent[] events, int[] places)
{
    private readonly CounterValue[] _read = new CounterValue[events.Length];

    internal ICounterProvider Provider { get; } = provider;

    internal CounterEvent[] Events { get; } = events;

    /// <summary>Where the value of each event stands among those of a sample.</summary>
    internal int[] Places { get; } = places;

    /// <summary>Whether any event was ever multiplexed.</summary>
    internal bool IsMultiplexed { get; private set; }

    internal static CounterGroup[] Of(CounterPlan plan) =>
    [
        .. plan.Counted
            .Select(static (choice, place) => (choice.Provider, Event: choice.Event!, Place: place))
            .GroupBy(static choice => choice.Provider!)
            .Select(static group => new CounterGroup(
                group.Key, [.. group.Select(static choice => choice.Event)], [.. group.Select(static choice => choice.Place)])),
    ];

    /// <summary>Reads the counters of one process into the places of its sample.</summary>
    internal ReadOutcome Read(IProcessCounters counters, CounterValue?[] sample)
    {
        ReadOutcome outcome = counters.Read(_read);
        for (int i = 0; outcome == ReadOutcome.Success && i < _read.Length; i++)
        {
            sample[Places[i]] = _read[i];
            IsMultiplexed |= _read[i].RunningRatio is not >= 1;   // unknown where the provider extrapolates by itself
        }

        return outcome;
    }
}
