using System.Diagnostics.CodeAnalysis;
using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.Timing;

namespace MemSnoop.Tracing;

/// <summary>A trace under way: prepare, then wait and measure, again and again.</summary>
internal sealed class TraceRun
{
    /// <summary>Maximum delay until an exit is noticed, in a long period.</summary>
    private static readonly TimeSpan LongestUnseenExit = TimeSpan.FromMilliseconds(250);

    private readonly SnoopedProcess _process;
    private readonly TracePlan _plan;
    private readonly TimeProvider _clock;
    private readonly Schedule _schedule;
    private readonly long _started;

    /// <summary>Prepares the measurements, for example begins windows; the first period starts afterwards.</summary>
    internal TraceRun(SnoopedProcess process, TraceSlots slots, TracePlan plan, TimeProvider clock)
    {
        _process = process;
        _plan = plan;
        _clock = clock;
        Slots = slots;
        Prepare();
        _schedule = new Schedule(plan.Period, clock);
        _started = clock.GetTimestamp();
    }

    internal TraceSlots Slots { get; }

    /// <summary>The number of the last sample, -1 before the first.</summary>
    internal int Index { get; private set; } = -1;

    internal long Skipped => _schedule.Skipped;

    internal TraceEnd End { get; private set; }

    private TimeSpan Now => _clock.GetElapsedTime(_started);

    /// <summary>Waits for the next tick of the schedule; false when the trace is over.</summary>
    internal async ValueTask<bool> WaitAsync(CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
        {
            return Over(TraceEnd.Cancelled);
        }

        if (Index + 1 >= _plan.Count)
        {
            return Over(TraceEnd.Completed);
        }

        TimeSpan tick = Now + _schedule.Advance();
        if (tick > _plan.Duration)
        {
            return Over(TraceEnd.Completed);
        }

        while (!_process.HasExited)
        {
            TimeSpan left = tick - Now;
            if (left <= TimeSpan.Zero)
            {
                return true;
            }

            // Rounded up: a timer counts whole milliseconds, and an early timer would make an early sample.
            TimeSpan step = left < LongestUnseenExit ? TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds)) : LongestUnseenExit;
            await Task.Delay(step, _clock, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (cancellation.IsCancellationRequested)
            {
                return Over(TraceEnd.Cancelled);
            }
        }

        return Over(TraceEnd.Exited);
    }

    /// <summary>Takes one sample; false if the process ended before it was complete.</summary>
    internal bool TryTake([MaybeNullWhen(false)] out TraceSample sample)
    {
        TimeSpan offset = Now;
        bool isWhole = true;
        using (_process.Pause())
        {
            foreach (TraceSlot slot in Slots.All)
            {
                isWhole &= slot.Take(_process.Tracked!) != ReadOutcome.ProcessGone;
            }
        }

        // A process that has called execve looks gone to some measurements, but it lives.
        sample = default;
        if (!isWhole && _process.HasExited)
        {
            return Over(TraceEnd.Exited);
        }

        Index++;
        sample = new TraceSample(this, Index, offset);
        return true;
    }

    internal void Keep()
    {
        foreach (TraceSlot slot in Slots.All)
        {
            slot.Keep();
        }
    }

    private void Prepare()
    {
        if (_process.HasExited)
        {
            return;
        }

        using ProcessPause pause = _process.Pause();
        foreach (TraceSlot slot in Slots.All)
        {
            slot.Prepare(_process.Tracked!);
        }
    }

    private bool Over(TraceEnd end)
    {
        End = end;
        return false;
    }
}

/// <summary>Interval and length of a trace.</summary>
/// <param name="Period">The time between samples.</param>
/// <param name="Count">How many samples at most.</param>
/// <param name="Duration">How long at most.</param>
internal readonly record struct TracePlan(TimeSpan Period, int Count, TimeSpan Duration);
