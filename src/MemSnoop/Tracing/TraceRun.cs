using System.Diagnostics.CodeAnalysis;
using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.Timing;

namespace MemSnoop.Tracing;

/// <summary>A trace under way: prepare, then wait and measure, again and again.</summary>
internal sealed class TraceRun(SnoopedProcess process, TraceSlots slots, TracePlan plan, TimeProvider clock)
{
    /// <summary>An exit in a long period is noticed this much later at most.</summary>
    private static readonly TimeSpan LongestUnseenExit = TimeSpan.FromMilliseconds(250);

    private readonly Schedule _schedule = new(plan.Period, clock);
    private readonly long _started = clock.GetTimestamp();

    internal TraceSlots Slots { get; } = slots;

    /// <summary>The number of the last sample, -1 before the first.</summary>
    internal int Index { get; private set; } = -1;

    internal long Skipped => _schedule.Skipped;

    internal TraceEnd End { get; private set; }

    private TimeSpan Now => clock.GetElapsedTime(_started);

    /// <summary>Begins what has to begin before it can be measured, such as windows.</summary>
    internal void Prepare()
    {
        if (process.HasExited)
        {
            return;
        }

        using ProcessPause pause = process.Pause();
        foreach (TraceSlot slot in Slots.All)
        {
            slot.Prepare(process.Tracked!);
        }
    }

    /// <summary>Waits for the next tick of the schedule; false when the trace is over.</summary>
    internal async ValueTask<bool> WaitAsync(CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
        {
            return Over(TraceEnd.Cancelled);
        }

        if (Index + 1 >= plan.Count)
        {
            return Over(TraceEnd.Completed);
        }

        TimeSpan tick = Now + _schedule.Advance();
        if (tick > plan.Duration)
        {
            return Over(TraceEnd.Completed);
        }

        while (!process.HasExited)
        {
            TimeSpan left = tick - Now;
            if (left <= TimeSpan.Zero)
            {
                return true;
            }

            // Rounded up: a timer counts whole milliseconds, and one that rings early would make a sample early too.
            TimeSpan step = left < LongestUnseenExit ? TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds)) : LongestUnseenExit;
            await Task.Delay(step, clock, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (cancellation.IsCancellationRequested)
            {
                return Over(TraceEnd.Cancelled);
            }
        }

        return Over(TraceEnd.Exited);
    }

    /// <summary>Takes one set of measurements; false when the process ended before it was whole.</summary>
    internal bool TryTake([MaybeNullWhen(false)] out TraceSample sample)
    {
        TimeSpan offset = Now;
        bool isWhole = true;
        using (process.Pause())
        {
            foreach (TraceSlot slot in Slots.All)
            {
                isWhole &= slot.Take(process.Tracked!) != ReadOutcome.ProcessGone;
            }
        }

        // One that has replaced its address space (execve) is gone to some measurements, and lives.
        sample = default;
        if (!isWhole && process.HasExited)
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

    private bool Over(TraceEnd end)
    {
        End = end;
        return false;
    }
}
