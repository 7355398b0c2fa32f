using MemSnoop.Kernel;
using static MemSnoop.Counters.Papi.PapiNative;

namespace MemSnoop.Counters.Papi;

/// <summary>
/// The event sets of one process: one for each thread there was when it began; threads that came later, and children, are counted by the
/// set of the one that started them. A set stays when its thread has ended, since what its descendants count hangs on it.
/// All members are for <see cref="PapiThread"/> only.
/// </summary>
internal sealed class PapiAttachment : IDisposable
{
    /// <summary>The library's limit for one set that is multiplexed (PERF_EVENT_MAX_MPX_COUNTERS); others are smaller.</summary>
    internal const int MostEvents = 384;

    private readonly HandleBudget _budget;
    private readonly PapiEventSet[] _sets;
    private readonly int _descriptors;
    private readonly long[] _counts;

    internal PapiAttachment(HandleBudget budget, PapiEventSet[] sets, int descriptors, int events, bool isMultiplexed)
    {
        _budget = budget;
        _sets = sets;
        _descriptors = descriptors;
        _counts = new long[events];
        IsMultiplexed = isMultiplexed;
    }

    /// <summary>Whether the events did not fit into the processor's counters together, so that the library extrapolates.</summary>
    internal bool IsMultiplexed { get; }

    /// <summary>Takes what has been counted, one total for each event.</summary>
    internal ReadOutcome Read(Span<long> totals)
    {
        totals.Clear();
        foreach (PapiEventSet set in _sets)
        {
            if (set.Read(_counts) != PAPI_OK)
            {
                return ReadOutcome.Failed;
            }

            for (int i = 0; i < _counts.Length; i++)
            {
                totals[i] += _counts[i];
            }
        }

        return ReadOutcome.Success;
    }

    public void Dispose()
    {
        foreach (PapiEventSet set in _sets)
        {
            set.Dispose();
        }

        _budget.Return(_descriptors);
    }
}
