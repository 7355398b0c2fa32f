using System.Collections.Frozen;
using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.Counters.PerfEvents;

/// <summary>
/// Counts events by the kernel alone, without a library: page faults, context switches, migrations and processor time on every
/// machine, and where the processor has counters that the kernel can reach, cycles, instructions, cache and branch misses.
/// Exact for all threads of a process, including those that start and end between two readings. Children that a process forks are not
/// counted with it; before Linux 5.13 they are. Source: <c>perf_event_open(2)</c>.
/// </summary>
/// <remarks>
/// A process takes one descriptor for each event and each of its threads when counting begins, and one more to see it end.
/// User space and the kernel are counted together; if <c>kernel.perf_event_paranoid</c> forbids that, nothing is counted.
/// </remarks>
public sealed class PerfEventProvider : ICounterProvider
{
    /// <summary>The provider's name.</summary>
    public const string ProviderName = "perf_event_open";

    private readonly KernelPaths _paths;
    private readonly HandleBudget _budget;
    private readonly Lazy<PerfEventSupport> _support;
    private readonly Lazy<Known> _known;

    /// <summary>A provider that takes its descriptors from <paramref name="budget"/>. Asks the kernel nothing yet.</summary>
    public PerfEventProvider(KernelPaths paths, HandleBudget budget)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(budget);
        _paths = paths;
        _budget = budget;
        _support = new Lazy<PerfEventSupport>(() => PerfEventSupport.Of(_paths));
        _known = new Lazy<Known>(Look);
    }

    /// <inheritdoc/>
    public string Name => ProviderName;

    /// <inheritdoc/>
    public ProbeResult Support => _support.Value.Support;

    /// <summary>All events, which are the same on every machine; none of them is available where there is no support.</summary>
    public IReadOnlyList<CounterEvent> Events => _known.Value.Events;

    /// <inheritdoc/>
    public CounterEvent? Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _known.Value.ByName.GetValueOrDefault(name);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">There is no event, or one that this provider does not know.</exception>
    public ReadOutcome Open(TrackedProcess process, IReadOnlyList<CounterEvent> events, out IProcessCounters? counters)
    {
        ArgumentNullException.ThrowIfNull(process);
        ArgumentNullException.ThrowIfNull(events);
        ArgumentOutOfRangeException.ThrowIfZero(events.Count, nameof(events));
        PerfEvent[] wanted = new PerfEvent[events.Count];
        for (int i = 0; i < wanted.Length; i++)
        {
            wanted[i] = _known.Value.Numbers.TryGetValue(events[i].Name, out PerfEvent number)
                ? number
                : throw new ArgumentException($"{ProviderName} does not know the event {events[i].Name}.", nameof(events));
        }

        counters = null;
        return Support.IsSupported
            ? PerfProcessCounters.Open(_paths, _budget, process, wanted, _support.Value.Inheritance, out counters)
            : ReadOutcome.NotSupported;
    }

    /// <summary>Does nothing: the owner of counters disposes them.</summary>
    public void Dispose()
    {
    }

    private Known Look()
    {
        List<CounterEvent> events = [];
        Dictionary<string, CounterEvent> byName = new(StringComparer.OrdinalIgnoreCase);
        Dictionary<string, PerfEvent> numbers = new(StringComparer.OrdinalIgnoreCase);
        foreach (PerfEventCatalogue.Entry entry in PerfEventCatalogue.Entries)
        {
            bool isAvailable = Support.IsSupported && PerfEventFile.TryOpen(entry.Event, PerfEventFile.ThisThread, _support.Value.Inheritance) == 0;
            CounterEvent known = new(entry.Name, entry.Description, isAvailable, [.. entry.Aliases]);
            events.Add(known);
            numbers.Add(known.Name, entry.Event);
            foreach (string name in known.Aliases.Prepend(known.Name))
            {
                byName.Add(name, known);
            }
        }

        return new Known(events, byName.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase), numbers.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase));
    }

    private sealed record Known(IReadOnlyList<CounterEvent> Events, FrozenDictionary<string, CounterEvent> ByName, FrozenDictionary<string, PerfEvent> Numbers);
}
