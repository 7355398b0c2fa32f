using MemSnoop.Kernel;
using static MemSnoop.Counters.PerfEvents.PerfEventNative;

namespace MemSnoop.Counters.PerfEvents;

/// <summary>
/// The open events of one process: one descriptor for each event and each thread that existed when counting began. Later threads are counted by the events of
/// the thread that started them.
/// </summary>
/// <remarks>
/// The descriptors of an ended thread are kept. They also count its descendants, and a file without a ring buffer (inheritance allows none) does not tell
/// whether any are left. Their number never grows, so they are kept to the end.
/// </remarks>
internal sealed class PerfAttachment : IDisposable
{
    /// <summary>
    /// If a process starts one thread in the time of an attempt (some 10 µs for each event and thread), one attempt succeeds in one of three cases, and one of
    /// eight attempts in 97 of 100 cases.
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
        KernelCalls.About(pid);
        if (paths.Hung.Refuse(pid))
        {
            return ReadOutcome.Hung;
        }

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

/// <summary>
/// Opens the events of all threads of a process. This can fail: a thread that is started meanwhile has its parent's events only if those were open already,
/// and nothing tells that. With its own events it might be counted twice, without them not at all.
/// </summary>
internal sealed class PerfAttempt(ThreadList list, HandleBudget budget, PerfEvent[] events, AttributeFlags inheritance)
{
    /// <summary>Nanoseconds of processor time in which a thread has certainly finished to start another: ten times what that takes.</summary>
    private const ulong LongestClone = 500_000;

    /// <summary>On a busy machine a thread may wait for a processor for longer than an attempt can take.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(20);

    private readonly List<int> _listed = [];
    private readonly List<int> _listedAfter = [];
    private readonly List<int> _opened = [];
    private readonly List<KernelHandle> _files = [];

    /// <summary>Opens all events; the attempt has failed if <paramref name="isQuiet"/> is false.</summary>
    internal ReadOutcome Open(out bool isQuiet)
    {
        isQuiet = false;
        ReadOutcome outcome = list.Read(_listed);
        outcome = outcome == ReadOutcome.Success ? OpenThreads() : outcome;
        if (outcome == ReadOutcome.Success)
        {
            AwaitClones();
            outcome = list.Read(_listedAfter);
            isQuiet = _listed.SequenceEqual(_listedAfter);
        }

        if (outcome != ReadOutcome.Success)
        {
            Close();
        }

        return outcome;
    }

    /// <summary>Takes the events, one thread's after another's, together with their part of the budget.</summary>
    internal KernelHandle[] Take()
    {
        KernelHandle[] files = [.. _files];
        Forget();
        return files;
    }

    /// <summary>Closes what was opened. Nothing has been read yet, so another attempt loses nothing.</summary>
    internal void Close()
    {
        _files.ForEach(static file => file.Dispose());
        budget.Return(_files.Count);
        Forget();
    }

    private void Forget()
    {
        _files.Clear();
        _opened.Clear();
    }

    private ReadOutcome OpenThreads()
    {
        foreach (int thread in _listed)
        {
            ReadOutcome outcome = OpenThread(thread);
            if (outcome == ReadOutcome.Success)
            {
                _opened.Add(thread);
            }
            else if (outcome != ReadOutcome.ProcessGone)
            {
                // A thread that has ended, or a first thread that is a zombie while others go on, has nothing more to count.
                return outcome;
            }
        }

        return _opened.Count > 0 ? ReadOutcome.Success : ReadOutcome.ProcessGone;
    }

    private ReadOutcome OpenThread(int thread)
    {
        if (!budget.TryTake(events.Length))
        {
            return ReadOutcome.TooLarge;
        }

        int before = _files.Count;
        foreach (PerfEvent wanted in events)
        {
            int error = PerfEventFile.Open(wanted, thread, inheritance, out KernelHandle handle);
            if (error != 0)
            {
                _files[before..].ForEach(static file => file.Dispose());
                _files.RemoveRange(before, _files.Count - before);
                budget.Return(events.Length);
                return PerfEventFile.Classify(error);
            }

            _files.Add(handle);
        }

        return ReadOutcome.Success;
    }

    /// <summary>
    /// clone(2) inherits the events early and lists the new thread late. A thread that was being started when its parent's events were opened has none, and is
    /// not listed before the call returns. The call has returned once the parent waits for something else, or has run for long enough.
    /// </summary>
    private void AwaitClones()
    {
        int past = 0;
        SpinWait.SpinUntil(
            () =>
            {
                while (past < _opened.Count && IsPastClone(past))
                {
                    past++;
                }

                return past == _opened.Count;
            },
            LongestWait);
    }

    private bool IsPastClone(int index) =>
        list.IsAtRest(_opened[index])
        || (PerfEventFile.TryRead(_files[index * events.Length], out read_format reading) && reading.time_enabled >= LongestClone);
}
