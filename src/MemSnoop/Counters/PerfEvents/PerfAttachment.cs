using MemSnoop.Kernel;
using static MemSnoop.Counters.PerfEvents.PerfEventNative;

namespace MemSnoop.Counters.PerfEvents;

/// <summary>
/// The open events of one process: one descriptor for each event and each thread there was when it began. Threads that came
/// later are counted by the events of the thread that started them.
/// </summary>
/// <remarks>
/// A thread that ends keeps its descriptors. What its descendants count hangs on them, and a file without a ring buffer
/// (there is none with inheritance) does not tell whether any are left. Their number never grows, so they are kept to the end.
/// </remarks>
internal sealed class PerfAttachment : IDisposable
{
    /// <summary>
    /// With a process that starts one thread in the time an attempt takes, which is some 10 µs for each event and thread,
    /// an attempt succeeds in one of three cases, and one of eight in 97 of 100.
    /// </summary>
    private const int MostAttempts = 8;

    private readonly HandleBudget _budget;
    private readonly KernelHandle[] _files;
    private readonly MultiplexedCount[] _counts;

    private PerfAttachment(HandleBudget budget, KernelHandle[] files, bool isComplete)
    {
        IsComplete = isComplete;
        _budget = budget;
        _files = files;
        _counts = new MultiplexedCount[files.Length];
    }

    /// <summary>
    /// False when the process did not stop to start threads for as long as a reading may take: some of those that were being started are not
    /// counted, and neither are those that they start. None is counted twice.
    /// </summary>
    internal bool IsComplete { get; }

    /// <summary>Begins to count in all threads of a process, or in none.</summary>
    internal static ReadOutcome Open(
        KernelPaths paths, HandleBudget budget, int pid, PerfEvent[] events, AttributeFlags inheritance, out PerfAttachment? attachment)
    {
        attachment = null;
        PerfAttempt attempt = new(new ThreadList(paths, pid), budget, events, inheritance);
        for (int number = 1; ; number++)
        {
            ReadOutcome outcome = attempt.Open(out bool isQuiet);
            if (outcome != ReadOutcome.Success)
            {
                return outcome;
            }

            if (isQuiet || number == MostAttempts)
            {
                attachment = new PerfAttachment(budget, attempt.Take(), isQuiet);
                return ReadOutcome.Success;
            }

            attempt.Close();
        }
    }

    /// <summary>Adds what has been counted, one total for each event.</summary>
    internal ReadOutcome AddTo(Span<CounterTotal> totals)
    {
        for (int i = 0; i < _files.Length; i++)
        {
            if (!PerfEventFile.TryRead(_files[i], out read_format reading))
            {
                return ReadOutcome.Failed;
            }

            _counts[i].Advance(reading);
            totals[i % totals.Length] += CounterTotal.From(_counts[i]);
        }

        return ReadOutcome.Success;
    }

    public void Dispose()
    {
        foreach (KernelHandle file in _files)
        {
            file.Dispose();
        }

        _budget.Return(_files.Length);
    }
}
