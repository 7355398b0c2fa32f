using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.Counters;

/// <summary>Counts events of processes, by a library or a system call. Its members may be called from any thread.</summary>
public interface ICounterProvider : IDisposable
{
    /// <summary>The name in options and in the info metric: <c>perf_event_open</c> or <c>papi</c>.</summary>
    string Name { get; }

    /// <summary>Whether it can count other processes on this host, and if not, what is missing and what to do.</summary>
    ProbeResult Support { get; }

    /// <summary>The events it knows by name, including those that this machine cannot count; empty if the provider is missing.</summary>
    IReadOnlyList<CounterEvent> Events { get; }

    /// <summary>
    /// The event of a name or alias, in any letter case, even if this machine cannot count it; null if this provider does not know it. Names with masks or
    /// modifiers that are in no list may be found too.
    /// </summary>
    CounterEvent? Find(string name);

    /// <summary>
    /// Begins to count the events of a process, in all of its threads, including later ones. <see cref="ReadOutcome.TooLarge"/> if it would take more
    /// descriptors than are available: nothing is counted then.
    /// </summary>
    /// <param name="process">The process.</param>
    /// <param name="events">What to count: events that <see cref="Find"/> returned and that are available.</param>
    /// <param name="counters">The running counters; null on failure.</param>
    ReadOutcome Open(TrackedProcess process, IReadOnlyList<CounterEvent> events, out IProcessCounters? counters);
}

/// <summary>An event that a provider can count, as it is known on this machine.</summary>
/// <param name="Name">The name in its usual spelling, like <c>task-clock</c>, <c>PAPI_TOT_INS</c> or <c>perf::PAGE-FAULTS</c>.</param>
/// <param name="Description">What one count is, in one line for people; the unit if a count is not an occurrence (nanoseconds, bytes).</param>
/// <param name="IsAvailable">Whether this machine's processor and kernel can count it.</param>
/// <param name="Aliases">Other names of the event. Letter case does not matter in names.</param>
public sealed record CounterEvent(string Name, string Description, bool IsAvailable, params IReadOnlyList<string> Aliases);

/// <summary>The running counters of one process. Used by one thread at a time; disposing ends the counting.</summary>
public interface IProcessCounters : IDisposable
{
    /// <summary>Reads the current totals; they are valid only on success.</summary>
    /// <param name="values">One for each event, in the order in which they were asked for.</param>
    ReadOutcome Read(Span<CounterValue> values);
}

/// <summary>
/// The count of one event for one process since counting began, over all threads, including ended ones. It never falls for the same process.
/// </summary>
/// <param name="Count">Occurrences, or the event's own unit. Extrapolated if <paramref name="RunningRatio"/> is below 1.</param>
/// <param name="RunningRatio">
/// The part of the threads' running time in which the event was really counted. Below 1 if there are more events than the processor has counters, so that the
/// kernel lets them take turns (multiplexing). Null if the provider extrapolates without telling how much.
/// </param>
public readonly record struct CounterValue(ulong Count, double? RunningRatio);
