using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.Counters;

/// <summary>A way to count events of processes: a library or a system call. Its members may be called from any thread.</summary>
public interface ICounterProvider : IDisposable
{
    /// <summary>The name in options and in the info metric: <c>perf_event_open</c> or <c>papi</c>.</summary>
    string Name { get; }

    /// <summary>Whether it can count other processes here, and if not, what is missing and what to do about it.</summary>
    ProbeResult Support { get; }

    /// <summary>The events it knows by name, those that this machine cannot count included; none when the provider is not there.</summary>
    IReadOnlyList<CounterEvent> Events { get; }

    /// <summary>
    /// The event that the name means, in any case or by an alias, whether this machine can count it or not; null when it
    /// means nothing to this provider. Names with masks or modifiers that are in no list may be found too.
    /// </summary>
    CounterEvent? Find(string name);

    /// <summary>
    /// Begins to count the events of a process, from now on and in all of its threads, those to come included.
    /// <see cref="ReadOutcome.TooLarge"/> when it would take more descriptors than there are: nothing is counted then.
    /// </summary>
    /// <param name="process">The process.</param>
    /// <param name="events">What to count: events that <see cref="Find"/> returned and that are available.</param>
    /// <param name="counters">The running counters; null unless successful.</param>
    ReadOutcome Open(TrackedProcess process, IReadOnlyList<CounterEvent> events, out IProcessCounters? counters);
}

/// <summary>An event that a provider can count, as it is known on this machine.</summary>
/// <param name="Name">The name in its usual spelling, like <c>task-clock</c>, <c>PAPI_TOT_INS</c> or <c>perf::PAGE-FAULTS</c>.</param>
/// <param name="Description">What one count is, in a line for people; what the unit is where a count is not an occurrence (nanoseconds, bytes).</param>
/// <param name="IsAvailable">Whether this machine's processor and kernel can count it.</param>
/// <param name="Aliases">Other spellings that mean the same; names are compared without regard to case.</param>
public sealed record CounterEvent(string Name, string Description, bool IsAvailable, params IReadOnlyList<string> Aliases);

/// <summary>The running counters of one process. Used by one thread at a time; disposing ends the counting.</summary>
public interface IProcessCounters : IDisposable
{
    /// <summary>Takes the totals of now; they mean something only on success.</summary>
    /// <param name="values">One for each event, in the order in which they were asked for.</param>
    ReadOutcome Read(Span<CounterValue> values);
}

/// <summary>
/// What one event has counted for one process, all of its threads together, ended ones included, since counting began.
/// A later value of the same process is never less.
/// </summary>
/// <param name="Count">Occurrences, or the event's own unit. Extrapolated where <paramref name="RunningRatio"/> is below 1.</param>
/// <param name="RunningRatio">
/// The part of the time in which the threads ran that the event was really counted: below 1 where more events are wanted
/// than the processor has counters, so that the kernel lets them take turns (multiplexing). Null where the provider
/// extrapolates without saying how much.
/// </param>
public readonly record struct CounterValue(ulong Count, double? RunningRatio);
