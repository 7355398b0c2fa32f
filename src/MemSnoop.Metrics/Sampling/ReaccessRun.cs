using MemSnoop.Kernel;
using MemSnoop.WorkingSets;

namespace MemSnoop.Metrics.Sampling;

/// <summary>What a process accessed again within some windows in a row, by how long it had been idle.</summary>
/// <param name="Last">The last of the windows.</param>
/// <param name="Ages">For each age but 0.</param>
internal sealed record ReaccessRun(WorkingSetSample Last, IReadOnlyList<ReaccessedAge> Ages)
{
    /// <summary>The length of a window: the shortest age, since no age is known below a window.</summary>
    internal static TimeSpan WindowOf(IdleAges ages) => ages[1];

    /// <summary>The shortest run in which memory can reach the longest age and be accessed again.</summary>
    internal static TimeSpan Shortest(IdleAges ages) => (Math.Ceiling(ages[ages.Count - 1] / WindowOf(ages)) + 1) * WindowOf(ages);

    /// <summary>Lets so many windows end as fit into the length.</summary>
    /// <param name="run">The windows, of which the first has begun.</param>
    /// <param name="ages">The ages.</param>
    /// <param name="length">The length of the run.</param>
    /// <param name="turn">Ends a window: calls <see cref="IReaccessRun.Turn"/> when it may be called.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="end">Ends the last window before its time.</param>
    /// <param name="stop">Gives the run up.</param>
    internal static async Task<(ReadOutcome Outcome, ReaccessRun? Run)> MeasureAsync(
        IReaccessRun run, IdleAges ages, TimeSpan length, Turning turn, TimeProvider clock, CancellationToken end, CancellationToken stop)
    {
        long begin = clock.GetTimestamp();
        TimeSpan[] observed = new TimeSpan[ages.Count];
        TimeSpan start = TimeSpan.Zero;
        long windows = (long)(length / WindowOf(ages));
        for (long window = 1; ; window++)
        {
            TimeSpan wait = (window * WindowOf(ages)) - clock.GetElapsedTime(begin);
            if (wait > TimeSpan.Zero)
            {
                using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(end, stop);
                await Task.Delay(wait, clock, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                stop.ThrowIfCancellationRequested();
            }

            TimeSpan now = clock.GetElapsedTime(begin);
            ReadOutcome outcome = turn(run, out WorkingSetSample sample, out ReaccessedSample reaccessed);
            if (outcome != ReadOutcome.Success)
            {
                return (outcome, null);
            }

            // Memory can come back with an age only in a window that began when it could have reached the age.
            for (int age = 1; age < ages.CountReached(start); age++)
            {
                observed[age] += now - start;
            }

            start = now;
            if (window >= windows || end.IsCancellationRequested)
            {
                return (ReadOutcome.Success, new ReaccessRun(sample, [.. Enumerable.Range(1, ages.Count - 1).Select(age => new ReaccessedAge(
                    ages[age], age < sample.KnownAges ? sample.Idle[age] : null, reaccessed.Bytes[age], reaccessed.DoubtfulBytes[age], observed[age]))]));
            }
        }
    }

    /// <summary>Ends a window of a run, when nothing else uses what it uses.</summary>
    internal delegate ReadOutcome Turning(IReaccessRun run, out WorkingSetSample sample, out ReaccessedSample reaccessed);
}

/// <summary>What was idle for an age, and what of it was accessed again.</summary>
/// <param name="Age">The age.</param>
/// <param name="IdleBytes">Idle for at least so long at the end of the run; null if that is not known.</param>
/// <param name="ReaccessedBytes">Accessed after it had been idle for at least so long.</param>
/// <param name="DoubtfulBytes">What may have been as well.</param>
/// <param name="Observed">The time within which it could be.</param>
internal readonly record struct ReaccessedAge(TimeSpan Age, ulong? IdleBytes, ulong ReaccessedBytes, ulong DoubtfulBytes, TimeSpan Observed);
