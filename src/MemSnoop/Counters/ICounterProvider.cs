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
