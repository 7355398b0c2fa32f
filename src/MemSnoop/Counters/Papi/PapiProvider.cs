using System.Collections.Concurrent;
using MemSnoop.Kernel;
using MemSnoop.Processes;
using static MemSnoop.Counters.Papi.PapiNative;

namespace MemSnoop.Counters.Papi;

/// <summary>
/// Counts events by libpapi: its presets, which have one name on all processors (<c>PAPI_TOT_INS</c>), and every event the processor
/// and the kernel know (<c>perf::PAGE-FAULTS</c>). The library is searched for at the first use; it is normal that it is missing. Children that a process
/// forks are counted with it. Source: <c>PAPI_attach(3)</c>.
/// </summary>
/// <remarks>
/// A process takes, for each of its threads when counting begins, one descriptor for each event, or as many as a preset is computed
/// from, and one more to see it end. All calls of the library are made on one thread of the process, whatever the number of providers.
/// The library never forgets a thread it was attached to, which takes 368 bytes of PAPI 7.0 for each thread id and makes each attaching walk
/// a longer list: for processes that live, not for thousands that come and go.
/// </remarks>
public sealed class PapiProvider : ICounterProvider
{
    /// <summary>The provider's name.</summary>
    public const string ProviderName = "papi";

    private readonly KernelPaths _paths;
    private readonly HandleBudget _budget;
    /// <summary>Called before work is given to the library's thread, never on it: it would wait for itself.</summary>
    private readonly Lazy<PapiSupport> _support;
    private readonly Lazy<IReadOnlyList<CounterEvent>> _events;
    private readonly ConcurrentDictionary<string, PapiEvent> _known = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>A provider that takes its descriptors from <paramref name="budget"/>. Loads nothing yet.</summary>
    public PapiProvider(KernelPaths paths, HandleBudget budget)
        : this(paths, budget, PapiLibrary.FileNames)
    {
    }

    /// <summary>A provider that looks for the library under the names given: sonames, or paths.</summary>
    internal PapiProvider(KernelPaths paths, HandleBudget budget, IReadOnlyList<string> fileNames)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(budget);
        _paths = paths;
        _budget = budget;
        _support = new Lazy<PapiSupport>(() => PapiThread.Shared.Invoke(() => PapiSupport.Of(paths, fileNames)));
        _events = new Lazy<IReadOnlyList<CounterEvent>>(() =>
        {
            PapiSupport support = _support.Value;
            return PapiThread.Shared.Invoke(() => List(support));
        });
    }

    /// <inheritdoc/>
    public string Name => ProviderName;

    /// <inheritdoc/>
    public ProbeResult Support => _support.Value.Support;

    /// <summary>
    /// Presets first, then the processor's and the kernel's own events with each of their masks. Each is tried, so the first call takes some tenths of a
    /// second on a processor with thousands of events.
    /// </summary>
    public IReadOnlyList<CounterEvent> Events => _events.Value;

    /// <inheritdoc/>
    public CounterEvent? Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        PapiSupport support = _support.Value;
        return PapiThread.Shared.Invoke(() => Look(support, name) is PapiEvent found ? Describe(support, found) : null);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">There is no event, or one that this provider does not know.</exception>
    public ReadOutcome Open(TrackedProcess process, IReadOnlyList<CounterEvent> events, out IProcessCounters? counters)
    {
        ArgumentNullException.ThrowIfNull(process);
        ArgumentNullException.ThrowIfNull(events);
        ArgumentOutOfRangeException.ThrowIfZero(events.Count, nameof(events));
        counters = null;
        PapiSupport support = _support.Value;
        if (!support.Support.IsSupported)
        {
            return ReadOutcome.NotSupported;
        }

        PapiEvent[] wanted = new PapiEvent[events.Count];
        for (int i = 0; i < wanted.Length; i++)
        {
            string name = events[i].Name;
            wanted[i] = _known.GetValueOrDefault(name) ?? PapiThread.Shared.Invoke(() => Look(support, name))
                ?? throw new ArgumentException($"{ProviderName} does not know the event {name}.", nameof(events));
        }

        return PapiProcessCounters.Open(support, _paths, _budget, process, wanted, out counters);
    }

    /// <summary>Does nothing: the owner of counters disposes them, and the library stays loaded as long as the process.</summary>
    public void Dispose()
    {
    }

    private List<CounterEvent> List(PapiSupport support)
    {
        if (support.Library is not PapiLibrary library)
        {
            return [];
        }

        List<CounterEvent> events = [];
        foreach (int code in library.Enumerate(PAPI_PRESET_MASK).Concat(library.Enumerate(PAPI_NATIVE_MASK)))
        {
            // The library lists modifiers (:u=0, :period=0) as if they were masks. They can be asked for, with a value; a list of them says nothing.
            if (library.Look(code) is PapiEvent found && !found.Name.Contains('=', StringComparison.Ordinal))
            {
                _known.TryAdd(found.Name, found);
                events.Add(Describe(support, found));
            }
        }

        return events;
    }

    /// <summary>The library compares presets without regard to case, and native names as each processor's table has it.</summary>
    private PapiEvent? Look(PapiSupport support, string name)
    {
        if (_known.TryGetValue(name, out PapiEvent? known))
        {
            return known;
        }

        if (support.Library is not PapiLibrary library
            || name.Contains('\0', StringComparison.Ordinal)
            || !(library.TryGetCode(name, out int code) || library.TryGetCode(name.ToUpperInvariant(), out code))
            || library.Look(code) is not PapiEvent found)
        {
            return null;
        }

        _known.TryAdd(found.Name, found);
        return found;
    }

    private static CounterEvent Describe(PapiSupport support, PapiEvent found)
    {
        bool isAvailable = support.Support.IsSupported && found.Natives.Count > 0 && PapiEventSet.Try(support.Library!, support.Domain, found.Code) == PAPI_OK;
        return new CounterEvent(found.Name, found.Description, isAvailable);
    }
}
