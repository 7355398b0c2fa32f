using System.Globalization;
using MemSnoop.Kernel;
using MemSnoop.Processes;
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

    private PerfAttachment(HandleBudget budget, KernelHandle[] files)
    {
        _budget = budget;
        _files = files;
        _counts = new MultiplexedCount[files.Length];
    }

    /// <summary>How many descriptors it holds.</summary>
    internal int Descriptors => _files.Length;

    /// <summary>Begins to count in all threads of a process, or in none.</summary>
    internal static ReadOutcome Open(
        KernelPaths paths, HandleBudget budget, int pid, ReadOnlySpan<PerfEvent> events, AttributeFlags inheritance, out PerfAttachment? attachment)
    {
        attachment = null;
        string tasks = paths.Proc(string.Create(CultureInfo.InvariantCulture, $"{pid}/task"));
        List<int> threads = [];
        List<int> threadsAfter = [];
        List<KernelHandle> files = [];
        for (int attempt = 1; ; attempt++)
        {
            ReadOutcome outcome = List(tasks, threads);
            outcome = outcome == ReadOutcome.Success ? OpenAll(budget, threads, events, inheritance, files) : outcome;
            outcome = outcome == ReadOutcome.Success ? List(tasks, threadsAfter) : outcome;
            if (outcome != ReadOutcome.Success)
            {
                Close(budget, files);
                return outcome;
            }

            // A thread that came in between may have been started by one that was counted already, or by one that was not: its own events
            // would count it twice or nothing would count it. Nothing has been read yet, so that beginning again loses nothing.
            if (attempt == MostAttempts || threads.SequenceEqual(threadsAfter))
            {
                attachment = new PerfAttachment(budget, [.. files]);
                return ReadOutcome.Success;
            }

            Close(budget, files);
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

    private static ReadOutcome List(string tasks, List<int> threads)
    {
        threads.Clear();
        try
        {
            threads.AddRange(PidEnumerator.Enumerate(tasks));
            return ReadOutcome.Success;
        }
        catch (IOException)
        {
            return ReadOutcome.ProcessGone;
        }
        catch (UnauthorizedAccessException)
        {
            // A proc mount with hidepid shows the pid and not what is below it.
            return ReadOutcome.Denied;
        }
    }

    /// <summary>Opens the events of the threads, in this order; the budget holds what is in <paramref name="files"/>, whatever the outcome.</summary>
    private static ReadOutcome OpenAll(
        HandleBudget budget, List<int> threads, ReadOnlySpan<PerfEvent> events, AttributeFlags inheritance, List<KernelHandle> files)
    {
        foreach (int thread in threads)
        {
            ReadOutcome outcome = OpenThread(budget, thread, events, inheritance, files);

            // A thread that has ended, or is the first one and a zombie while others go on, has nothing more to count.
            if (outcome is not (ReadOutcome.Success or ReadOutcome.ProcessGone))
            {
                return outcome;
            }
        }

        return files.Count > 0 ? ReadOutcome.Success : ReadOutcome.ProcessGone;
    }

    private static ReadOutcome OpenThread(HandleBudget budget, int thread, ReadOnlySpan<PerfEvent> events, AttributeFlags inheritance, List<KernelHandle> files)
    {
        if (!budget.TryTake(events.Length))
        {
            return ReadOutcome.TooLarge;
        }

        int before = files.Count;
        foreach (PerfEvent wanted in events)
        {
            int error = PerfEventFile.Open(wanted, thread, inheritance, out KernelHandle handle);
            if (error != 0)
            {
                foreach (KernelHandle opened in files[before..])
                {
                    opened.Dispose();
                }

                files.RemoveRange(before, files.Count - before);
                budget.Return(events.Length);
                return PerfEventFile.Classify(error);
            }

            files.Add(handle);
        }

        return ReadOutcome.Success;
    }

    private static void Close(HandleBudget budget, List<KernelHandle> files)
    {
        files.ForEach(static file => file.Dispose());
        budget.Return(files.Count);
        files.Clear();
    }
}
