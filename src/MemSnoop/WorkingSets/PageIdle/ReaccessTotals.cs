namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>
/// What a process or a group has accessed again, by the age that it had reached. A page that was used unseen, in a disturbed window, looks older than it is. So of
/// what comes back, as many pages are not counted as certain as were in doubt within the age. Each doubt is taken once: a page that was used unseen comes back
/// once with a wrong age, and has a right one from then on.
/// </summary>
internal sealed class ReaccessTotals
{
    private readonly long[] _inDoubt = new long[IdleAges.MaxCount];
    private IdleBytes _bytes;
    private IdleBytes _doubtful;
    private int _known = 1;

    /// <summary>All so far.</summary>
    internal ReaccessedSample Sample => new() { Bytes = _bytes, DoubtfulBytes = _doubtful, KnownAges = _known };

    /// <summary>Adds a window that has ended.</summary>
    /// <param name="tally">What was counted in it.</param>
    /// <param name="reached">The ages as they were when it began.</param>
    /// <param name="before">The doubts of the windows before it.</param>
    /// <param name="watchedSince">Since when there are ages.</param>
    /// <param name="pageBytes">The size of a page.</param>
    internal void Add(in PageTally tally, ReachedAges reached, DoubtHistory before, TimeSpan watchedSince, ulong pageBytes)
    {
        // A counter that has begun stays, even if the oldest member of a group leaves.
        _known = Math.Max(_known, reached.CountKnown(watchedSince));
        long pages = 0;
        for (int age = reached.Ages.Count - 1; age > 0; age--)
        {
            pages += tally.Reaccessed[age + 1];
            if (age >= _known)
            {
                continue;
            }

            long inDoubt = Math.Min(_inDoubt[age], before.Since(reached.WindowStart - reached.Ages[age]));
            long leftOut = Math.Min(pages, inDoubt);
            _bytes[age] += (ulong)(pages - leftOut) * pageBytes;
            _doubtful[age] += (ulong)(leftOut + Unseen(tally, reached, age)) * pageBytes;
            _inDoubt[age] = inDoubt - leftOut;
        }

        for (int age = 1; tally.Doubtful > 0 && age < reached.Ages.Count; age++)
        {
            _inDoubt[age] += tally.Doubtful;
        }
    }

    /// <summary>At most how many pages of this age were used in this window without a trace: those that look idle still, or that the kernel has made anew.</summary>
    private static long Unseen(in PageTally tally, ReachedAges reached, int age)
    {
        long idle = tally.Doubtful - tally.DoubtfulNew;
        if (idle > 0)
        {
            long old = 0;
            for (int epoch = 0; epoch <= reached.Youngest; epoch++)
            {
                old += reached[epoch] > age ? tally.Idle[epoch] : 0;
            }

            idle = Math.Min(idle, old);
        }

        return idle + tally.DoubtfulNew;
    }
}
