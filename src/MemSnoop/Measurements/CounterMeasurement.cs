using MemSnoop.Counters;
using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.Measurements;

/// <summary>
/// Counts events of processes, each from the first time it is measured or prepared. A process that could not be attached
/// to is tried again after a while, not at every reading: attaching costs a system call for each of its threads and events.
/// </summary>
public sealed class CounterMeasurement : IMeasurement<CounterSample>, IDisposable
{
    /// <summary>The measurement's name.</summary>
    public const string MeasurementName = "counters";

    private readonly Dictionary<ProcessIdentity, CountedProcess> _processes = [];
    private readonly CounterGroup[] _groups;
    private readonly int _events;
    private readonly TimeProvider _clock;
    private readonly bool _reusesValues;
    private long _round;
    private long _closed;

    /// <summary>A measurement of what a plan counts; no process is counted yet.</summary>
    /// <param name="plan">What is counted, and by whom.</param>
    /// <param name="clock">The clock. Default value: the system's.</param>
    /// <param name="reusesValues">
    /// Whether all samples of a process share one array: a reading then allocates nothing, and a sample always has the values of the latest reading. Default
    /// value: false, each sample keeps its own.
    /// </param>
    public CounterMeasurement(CounterPlan plan, TimeProvider? clock = null, bool reusesValues = false)
    {
        ArgumentNullException.ThrowIfNull(plan);
        _groups = CounterGroup.Of(plan);
        _events = plan.Counted.Count;
        _clock = clock ?? TimeProvider.System;
        _reusesValues = reusesValues;
    }

    /// <inheritdoc/>
    public string Name => MeasurementName;

    /// <summary>Called with the reason why some events of a process could not be read, if the others could and the reading was a success.</summary>
    public Action<ReadOutcome>? PartlyFailed { get; init; }

    /// <inheritdoc/>
    public ReadOutcome Prepare(TrackedProcess process) => Measure(process, out _);

    /// <inheritdoc/>
    public ReadOutcome Measure(TrackedProcess process, out CounterSample sample)
    {
        ArgumentNullException.ThrowIfNull(process);
        if (!_processes.TryGetValue(process.Identity, out CountedProcess? counted))
        {
            counted = new CountedProcess(_groups, _events);
            _processes.Add(process.Identity, counted);
        }

        counted.Round = _round;
        bool succeeded = false;
        ReadOutcome failure = ReadOutcome.Success;
        CounterValue?[] values = _reusesValues ? counted.Values : new CounterValue?[_events];
        foreach (GroupAttachment attachment in counted.Attachments)
        {
            ReadOutcome outcome = attachment.Read(process, values, _clock, _closed);
            succeeded |= outcome == ReadOutcome.Success;
            failure = failure == ReadOutcome.Success ? outcome : failure;
        }

        sample = new CounterSample(values);
        if (!succeeded)
        {
            return failure == ReadOutcome.Success ? ReadOutcome.NotSupported : failure;
        }

        if (failure != ReadOutcome.Success)
        {
            PartlyFailed?.Invoke(failure);
        }

        return ReadOutcome.Success;
    }

    /// <summary>Whether any of the provider's events was multiplexed in any process.</summary>
    public bool IsMultiplexed(ICounterProvider provider) => Array.Exists(_groups, group => group.Provider == provider && group.IsMultiplexed);

    /// <summary>When counting of an event began, by its position in the plan; null while the event is not counted for the process.</summary>
    public DateTimeOffset? CountingSince(ProcessIdentity process, int index) =>
        _processes.TryGetValue(process, out CountedProcess? counted) ? counted.CountingSince(index) : null;

    /// <summary>Ends the counting of processes that were not measured in the round.</summary>
    public void EndRound()
    {
        foreach ((ProcessIdentity identity, CountedProcess counted) in _processes)
        {
            if (counted.Round != _round)
            {
                _processes.Remove(identity);
                counted.Dispose();
                _closed++;
            }
        }

        _round++;
    }

    /// <summary>Ends all counting. The providers stay open.</summary>
    public void Dispose()
    {
        foreach (CountedProcess counted in _processes.Values)
        {
            counted.Dispose();
        }

        _processes.Clear();
    }
}

/// <summary>The counts of the events of a <see cref="CounterPlan"/> for one process, since counting began.</summary>
public readonly struct CounterSample
{
    private readonly CounterValue?[] _values;

    internal CounterSample(CounterValue?[] values) => _values = values;

    /// <summary>How many events there are: as many as the plan counts.</summary>
    public int Count => _values?.Length ?? 0;

    /// <summary>The value of an event, by its position in <see cref="CounterPlan.Counted"/>; null when it could not be counted for this process.</summary>
    public CounterValue? this[int index] => _values[index];
}
