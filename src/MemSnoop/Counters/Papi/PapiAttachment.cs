using System.Globalization;
using MemSnoop.Counters.PerfEvents;
using MemSnoop.Kernel;
using MemSnoop.ProcFs;
using static MemSnoop.Counters.Papi.PapiNative;

namespace MemSnoop.Counters.Papi;

/// <summary>
/// The event sets of one process: one for each thread that existed when counting began. Later threads, and children, are counted by the set of the thread that
/// started them. A set stays when its thread has ended, since it also counts the thread's descendants. All members are for <see cref="PapiThread"/> only.
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

/// <summary>Attaches event sets to all threads of a process, or to none. For <see cref="PapiThread"/> only.</summary>
internal sealed class PapiAttempt(PapiSupport support, KernelPaths paths, HandleBudget budget, int pid, PapiEvent[] events)
{
    /// <summary>As many as perf events are tried; each takes some 100 µs a thread.</summary>
    private const int MostAttempts = 8;

    /// <summary>At least ten times the time to start a thread on a processor that is not shared.</summary>
    private static readonly TimeSpan LongestClone = TimeSpan.FromMilliseconds(2);

    private readonly ThreadList _list = new(paths, pid);
    private readonly KernelBuffer _buffer = new(1024);
    private readonly int[] _codes = [.. events.Select(static wanted => wanted.Code)];
    private readonly List<int> _listed = [];
    private readonly List<int> _listedAfter = [];
    private readonly List<PapiEventSet> _sets = [];

    /// <summary>Events of one set share their common native events.</summary>
    private readonly int _descriptorsPerThread = events.SelectMany(static wanted => wanted.Natives).Distinct().Count();

    private bool _isMultiplexed;

    internal ReadOutcome Open(out PapiAttachment? attachment)
    {
        attachment = null;
        if (_descriptorsPerThread > PapiAttachment.MostEvents)
        {
            return ReadOutcome.TooLarge;
        }

        for (int number = 1; ; number++)
        {
            ReadOutcome outcome = _list.Read(_listed);
            outcome = outcome == ReadOutcome.Success ? AttachAll() : outcome;
            if (outcome == ReadOutcome.Success)
            {
                AwaitClones();
                outcome = _list.Read(_listedAfter);
            }

            if (outcome != ReadOutcome.Success)
            {
                Close();
                return outcome;
            }

            // A new thread may have been started before or after its parent was counted: with its own set it might be counted twice, without one not at all.
            // Nothing has been read yet, so starting over loses nothing.
            if (number == MostAttempts || _listedAfter.TrueForAll(_listed.Contains))
            {
                attachment = new PapiAttachment(budget, [.. _sets], _sets.Count * _descriptorsPerThread, _codes.Length, _isMultiplexed);
                return ReadOutcome.Success;
            }

            Close();
        }
    }

    private ReadOutcome AttachAll()
    {
        foreach (int thread in _listed)
        {
            ReadOutcome outcome = Attach(thread);

            // A thread that has ended, or a first thread that is a zombie while others go on, has nothing more to count.
            if (outcome is not (ReadOutcome.Success or ReadOutcome.ProcessGone))
            {
                return outcome;
            }
        }

        return _sets.Count > 0 ? ReadOutcome.Success : ReadOutcome.ProcessGone;
    }

    private ReadOutcome Attach(int thread)
    {
        if (!budget.TryTake(_descriptorsPerThread))
        {
            return ReadOutcome.TooLarge;
        }

        int error = Start(thread, out PapiEventSet? set);
        if (error is PAPI_EINVAL or PAPI_ECNFLCT or PAPI_ECOUNT or PAPI_EMULPASS && !_isMultiplexed && _sets.Count == 0)
        {
            // There are fewer counters than events: they have to take turns, in all threads. The kernel says EINVAL of a group
            // that can never be counted together, and the library passes that on, or has a code of its own.
            _isMultiplexed = true;
            error = Start(thread, out set);
        }

        if (set is null)
        {
            budget.Return(_descriptorsPerThread);
            return Classify(error, thread);
        }

        _sets.Add(set);
        return ReadOutcome.Success;
    }

    private int Start(int thread, out PapiEventSet? set) =>
        PapiEventSet.Start(support.Library!, thread, support.Domain, _isMultiplexed, _codes, out set);

    /// <summary>The library has one code, ESYS, for ESRCH and several others, and ECOUNT for EMFILE too.</summary>
    private ReadOutcome Classify(int error, int thread) => error switch
    {
        _ when HasEnded(thread) => ReadOutcome.ProcessGone,
        PAPI_EPERM => ReadOutcome.Denied,
        PAPI_ECOUNT => ReadOutcome.TooLarge,
        PAPI_ENOEVNT or PAPI_ENOSUPP or PAPI_ECMP or PAPI_ENOCNTR or PAPI_ECNFLCT or PAPI_EATTR or PAPI_ECMP_DISABLED => ReadOutcome.NotSupported,
        _ => ReadOutcome.Failed,
    };

    /// <summary>Only success, or a missing thread, is an answer. Other errors, such as a lack of descriptors, are not.</summary>
    private bool HasEnded(int thread) =>
        KernelFile.ReadToEnd(paths.Proc(string.Create(CultureInfo.InvariantCulture, $"{pid}/task/{thread}/stat")), _buffer, out ReadOnlySpan<byte> text) switch
        {
            ReadOutcome.Success => Stat.TryParse(text, out Stat stat) && stat.IsZombie,
            ReadOutcome.ProcessGone or ReadOutcome.NotSupported => true,
            _ => false,
        };

    /// <summary>A thread that was being started when its parent's events were opened has no events, and is listed only after clone(2) has returned.</summary>
    private void AwaitClones() => SpinWait.SpinUntil(() => _listed.TrueForAll(_list.IsAtRest), LongestClone);

    private void Close()
    {
        _sets.ForEach(static set => set.Dispose());
        budget.Return(_sets.Count * _descriptorsPerThread);
        _sets.Clear();
    }
}
