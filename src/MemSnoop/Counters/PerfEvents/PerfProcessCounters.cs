using MemSnoop.Kernel;
using MemSnoop.Processes;
using static MemSnoop.Counters.PerfEvents.PerfEventNative;

namespace MemSnoop.Counters.PerfEvents;

/// <summary>
/// The running counters of one process. They survive <c>execve(2)</c>, except into a program that runs with other rights than its
/// caller's, or cannot be read: the kernel then ends the counting (<c>fs/exec.c</c>, begin_new_exec) without notice, and the counts stay as they are. This is
/// detected by processor time that was not counted. Counting then begins again and adds to the total, if the new program may be counted. It also begins again
/// if the first attachment was incomplete. What happens between the two, usually less than a millisecond, is lost.
/// </summary>
internal sealed class PerfProcessCounters : IProcessCounters
{
    /// <summary>
    /// A process that starts its threads in a burst has finished by the next reading. One that always starts threads would only be disturbed.
    /// </summary>
    private const int MostCompletions = 4;

    /// <summary>
    /// Differences of processor time below this mean nothing: the time of a running thread may be late by a tick, at most 10 ms.
    /// </summary>
    private static readonly ulong LeastTelling = 20_000_000 + (10_000_000 * (ulong)Environment.ProcessorCount);

    private readonly KernelPaths _paths;
    private readonly HandleBudget _budget;
    private readonly TrackedProcess _process;
    private readonly PerfEvent[] _events;
    private readonly AttributeFlags _inheritance;
    private readonly PidFd _pidFd;

    /// <summary>Counted by attachments before the present one.</summary>
    private readonly CounterTotal[] _before;
    private readonly CounterTotal[] _totals;
    private PerfAttachment? _attachment;
    private int _completions;
    private ulong _timeUsed;
    private ulong _timeCounted;

    private PerfProcessCounters(KernelPaths paths, HandleBudget budget, TrackedProcess process, PerfEvent[] events, AttributeFlags inheritance, PidFd pidFd)
    {
        _paths = paths;
        _budget = budget;
        _process = process;
        _events = events;
        _inheritance = inheritance;
        _pidFd = pidFd;
        _before = new CounterTotal[events.Length];
        _totals = new CounterTotal[events.Length];
    }

    internal static ReadOutcome Open(
        KernelPaths paths, HandleBudget budget, TrackedProcess process, PerfEvent[] events, AttributeFlags inheritance, out IProcessCounters? counters)
    {
        counters = null;
        if (!budget.TryTake())
        {
            return ReadOutcome.TooLarge;
        }

        ReadOutcome outcome = PidFd.Open(process, out PidFd? pidFd);
        if (outcome != ReadOutcome.Success)
        {
            budget.Return();
            return outcome;
        }

        PerfProcessCounters opened = new(paths, budget, process, events, inheritance, pidFd!);
        outcome = opened.Attach();
        if (outcome != ReadOutcome.Success)
        {
            opened.Dispose();
            return outcome;
        }

        counters = opened;
        return ReadOutcome.Success;
    }

    public ReadOutcome Read(Span<CounterValue> values)
    {
        if (_pidFd.HasExited)
        {
            return ReadOutcome.ProcessGone;
        }

        ReadOutcome outcome = _attachment is null ? Attach() : ReadOutcome.Success;
        CpuTime.TryGetOfProcess(_process.Identity.Pid, out ulong timeUsed);
        outcome = outcome == ReadOutcome.Success ? ReadTotals() : outcome;
        if (outcome == ReadOutcome.Success && (HasStalled(timeUsed) || MayBecomeComplete()))
        {
            _totals.CopyTo(_before);
            Detach();
            outcome = Attach();
        }

        if (outcome != ReadOutcome.Success)
        {
            return outcome;
        }

        for (int i = 0; i < _totals.Length; i++)
        {
            values[i] = _totals[i].ToValue();
        }

        return ReadOutcome.Success;
    }

    public void Dispose()
    {
        Detach();
        _pidFd.Dispose();
        _budget.Return();
    }

    /// <summary>While the threads were attached, another process may have got the pid, unless the process still exists afterwards.</summary>
    private ReadOutcome Attach()
    {
        ReadOutcome outcome = PerfAttachment.Open(_paths, _budget, _process.Identity.Pid, _events, _inheritance, out _attachment);
        if (outcome == ReadOutcome.Success && _pidFd.HasExited)
        {
            Detach();
            outcome = ReadOutcome.ProcessGone;
        }

        CpuTime.TryGetOfProcess(_process.Identity.Pid, out _timeUsed);
        _timeCounted = _before[0].TimeEnabled;
        return outcome;
    }

    private void Detach()
    {
        _attachment?.Dispose();
        _attachment = null;
    }

    private ReadOutcome ReadTotals()
    {
        _before.CopyTo(_totals, 0);
        return _attachment!.AddTo(_totals);
    }

    private bool MayBecomeComplete() => !_attachment!.IsComplete && _completions++ < MostCompletions;

    /// <summary>Whether less than half of the process's recent processor time was counted. Usually it is all or nothing.</summary>
    private bool HasStalled(ulong timeUsed)
    {
        ulong timeCounted = _totals[0].TimeEnabled;
        if (timeUsed < _timeUsed + LeastTelling)
        {
            return false;
        }

        bool hasStalled = (timeCounted - _timeCounted) < (timeUsed - _timeUsed) / 2;
        _timeUsed = timeUsed;
        _timeCounted = timeCounted;
        return hasStalled;
    }
}
