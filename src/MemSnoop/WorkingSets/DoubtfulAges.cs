namespace MemSnoop.WorkingSets;

/// <summary>
/// What disturbed windows leave certain of the idle ages of one process, for methods that know how many bytes were idle and not which: of what is idle for an age, less what may have been used
/// unseen in the windows of that age.
/// </summary>
internal sealed class DoubtfulAges
{
    private List<(TimeSpan At, ulong Bytes)>? _windows;

    /// <summary>Notes a window in which something was in doubt.</summary>
    /// <param name="at">Its end.</param>
    /// <param name="bytes">What looked idle in it and may have been used.</param>
    internal void Add(TimeSpan at, ulong bytes) => (_windows ??= []).Add((at, bytes));

    /// <summary>Takes from each age what may have been used within it although nothing was seen of that.</summary>
    internal WorkingSetSample Cut(in WorkingSetSample sample, TimeSpan now, IdleAges ages)
    {
        if (_windows is not { Count: > 0 })
        {
            return sample;
        }

        TimeSpan oldest = ages[ages.Count - 1];
        _windows.RemoveAll(window => window.At < now - oldest);
        IdleBytes idle = sample.Idle;
        for (int band = 1; band < sample.KnownAges; band++)
        {
            ulong inDoubt = 0;
            foreach ((TimeSpan at, ulong bytes) in _windows)
            {
                // Without a bound, one window is all that there can be.
                inDoubt = at <= now - ages[band] ? inDoubt : inDoubt > ulong.MaxValue - bytes ? ulong.MaxValue : inDoubt + bytes;
            }

            if (inDoubt > 0 && inDoubt >= idle[band])
            {
                return sample with { Idle = idle, KnownAges = band };
            }

            idle[band] -= inDoubt;
        }

        return sample with { Idle = idle };
    }
}
