using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.Counters.Papi;

/// <summary>
/// The running counters of one process. They survive <c>execve(2)</c>, except into a program that runs with other rights than its
/// caller's, or cannot be read: the kernel then ends the counting, and the totals stay where they are.
/// </summary>
internal sealed class PapiProcessCounters : IProcessCounters
{
    private readonly HandleBudget _budget;
    private readonly PidFd _pidFd;
    private readonly PapiAttachment _attachment;
    private readonly Reading _reading;

    /// <summary>The library's extrapolated counts may fall between two readings, and so may a preset that is a difference of events.</summary>
    private readonly long[] _largest;

    /// <summary>Where in the sets each event is that was asked for: a set takes none twice.</summary>
    private readonly int[] _places;

    private PapiProcessCounters(HandleBudget budget, PidFd pidFd, PapiAttachment attachment, PapiEvent[] events, PapiEvent[] asked)
    {
        _budget = budget;
        _pidFd = pidFd;
        _attachment = attachment;
        _reading = new Reading(attachment, events.Length);
        _largest = new long[events.Length];
        _places = [.. asked.Select(wanted => Array.FindIndex(events, counted => counted.Code == wanted.Code))];
    }

    internal static ReadOutcome Open(
        PapiSupport support, KernelPaths paths, HandleBudget budget, TrackedProcess process, PapiEvent[] asked, out IProcessCounters? counters)
    {
        counters = null;
        PapiEvent[] events = [.. asked.DistinctBy(static wanted => wanted.Code)];
        if (!budget.TryTake())
        {
            return ReadOutcome.TooLarge;
        }

        ReadOutcome outcome = PidFd.Open(process, out PidFd? pidFd);
        PapiAttachment? attachment = null;
        if (outcome == ReadOutcome.Success)
        {
            PapiAttempt attempt = new(support, paths, budget, process.Identity.Pid, events);
            outcome = PapiThread.Shared.Invoke(() => attempt.Open(out attachment));
        }

        // While the threads were attached, another process may have got the pid, unless the process still exists afterwards.
        if (outcome == ReadOutcome.Success && pidFd!.HasExited)
        {
            Detach(attachment!);
            outcome = ReadOutcome.ProcessGone;
        }

        if (outcome != ReadOutcome.Success)
        {
            pidFd?.Dispose();
            budget.Return();
            return outcome;
        }

        counters = new PapiProcessCounters(budget, pidFd!, attachment!, events, asked);
        return ReadOutcome.Success;
    }

    public ReadOutcome Read(Span<CounterValue> values)
    {
        if (_pidFd.HasExited)
        {
            return ReadOutcome.ProcessGone;
        }

        PapiThread.Shared.Invoke(_reading);
        if (_reading.Outcome != ReadOutcome.Success)
        {
            return _reading.Outcome;
        }

        double? ratio = _attachment.IsMultiplexed ? null : 1.0;
        for (int i = 0; i < _largest.Length; i++)
        {
            _largest[i] = long.Max(_largest[i], _reading.Totals[i]);
        }

        for (int i = 0; i < _places.Length; i++)
        {
            values[i] = new CounterValue((ulong)_largest[_places[i]], ratio);
        }

        return ReadOutcome.Success;
    }

    public void Dispose()
    {
        Detach(_attachment);
        _pidFd.Dispose();
        _budget.Return();
    }

    private static void Detach(PapiAttachment attachment) => PapiThread.Shared.Invoke(() =>
    {
        attachment.Dispose();
        return true;
    });

    private sealed class Reading(PapiAttachment attachment, int events) : PapiWork
    {
        internal long[] Totals { get; } = new long[events];

        internal ReadOutcome Outcome { get; private set; }

        internal override void Run() => Outcome = attachment.Read(Totals);
    }
}
