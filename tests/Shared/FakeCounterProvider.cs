using MemSnoop.Counters;
using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Processes;

namespace MemSnoop.Testing;

/// <summary>A provider whose events count what a test says.</summary>
internal sealed class FakeCounterProvider(string name, params CounterEvent[] events) : ICounterProvider
{
    public string Name => name;

    public ProbeResult Support { get; init; } = new(name, true, "ok", "It counts what it is told.");

    public IReadOnlyList<CounterEvent> Events => events;

    /// <summary>How the next attempts to attach end.</summary>
    public ReadOutcome Opening { get; set; }

    /// <summary>How the next readings end.</summary>
    public ReadOutcome Reading { get; set; }

    /// <summary>What every event has counted, and for what part of the time.</summary>
    public CounterValue Value { get; set; } = new(0, 1);

    /// <summary>Attempts to attach so far.</summary>
    public int Attempts { get; private set; }

    /// <summary>Processes attached to now.</summary>
    public int Attached { get; private set; }

    public bool IsDisposed { get; private set; }

    public CounterEvent? Find(string name) => Array.Find(
        events, known => known.Aliases.Prepend(known.Name).Contains(name, StringComparer.OrdinalIgnoreCase));

    public ReadOutcome Open(TrackedProcess process, IReadOnlyList<CounterEvent> events, out IProcessCounters? counters)
    {
        Attempts++;
        counters = null;
        if (Opening == ReadOutcome.Success)
        {
            Attached++;
            counters = new FakeCounters(this);
        }

        return Opening;
    }

    public void Dispose() => IsDisposed = true;

    private sealed class FakeCounters(FakeCounterProvider provider) : IProcessCounters
    {
        public ReadOutcome Read(Span<CounterValue> values)
        {
            values.Fill(provider.Value);
            return provider.Reading;
        }

        public void Dispose() => provider.Attached--;
    }
}
