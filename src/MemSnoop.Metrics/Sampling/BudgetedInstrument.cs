namespace MemSnoop.Metrics.Sampling;

/// <summary>An instrument whose series count toward the budget: how many it has of one subject, or together where it has no subjects to tell apart.</summary>
/// <param name="budget">The budget.</param>
/// <param name="subject">What its series are about.</param>
internal abstract class BudgetedInstrument(SeriesBudget budget, SeriesSubject subject)
{
    private int _most;

    /// <summary>The budget.</summary>
    protected SeriesBudget Budget => budget;

    /// <summary>What its series are about.</summary>
    internal SeriesSubject Subject => subject;

    /// <summary>The most series that it has had.</summary>
    internal int Most => Volatile.Read(ref _most);

    /// <summary>
    /// The most that it may have: as many as the budget has reckoned with. What it has for the first time waits for the next collection, so that there are never more than the budget.
    /// </summary>
    internal int Allowed { get; set; }

    /// <summary>Finds out how many series it has before anybody collects them.</summary>
    internal abstract void Learn();

    /// <summary>Notes a series, the n-th of its subject; true if there may be so many.</summary>
    protected bool Count(int series)
    {
        // Two that collect at once may both raise it: the budget is made anew before each collection, and a number that is too small is right the next time.
        if (series > _most)
        {
            Volatile.Write(ref _most, series);
        }

        return series <= Allowed;
    }
}
