using MemSnoop.Kernel;

namespace MemSnoop.Counters;

/// <summary>The running counters of one process. Used by one thread at a time; disposing ends the counting.</summary>
public interface IProcessCounters : IDisposable
{
    /// <summary>Takes the totals of now; they mean something only on success.</summary>
    /// <param name="values">One for each event, in the order in which they were asked for.</param>
    ReadOutcome Read(Span<CounterValue> values);
}
