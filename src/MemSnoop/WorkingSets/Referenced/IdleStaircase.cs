namespace MemSnoop.WorkingSets.Referenced;

/// <summary>
/// How long the bytes of one area have been idle, if each window tells only how many were idle. If 30 MB were idle in one window and 20 MB in the next, at
/// most 20 MB were idle in both. The running minimum is an upper bound of the idle memory at an age, and is exact if the same pages stay in use. Kept as
/// steps, oldest first: the bytes that have been idle since a time.
/// </summary>
internal sealed class IdleStaircase
{
    private readonly List<Step> _steps = [];

    /// <summary>Forgets all windows.</summary>
    internal void Clear() => _steps.Clear();

    /// <summary>Adds a window that began at <paramref name="start"/> and left <paramref name="idleBytes"/> idle.</summary>
    internal void Add(TimeSpan start, ulong idleBytes)
    {
        ulong kept = 0;
        int count = 0;
        while (count < _steps.Count && kept < idleBytes)
        {
            Step step = _steps[count];
            ulong room = idleBytes - kept;
            if (step.Bytes > room)
            {
                step = step with { Bytes = room };
                _steps[count] = step;
            }

            kept += step.Bytes;
            count++;
        }

        _steps.RemoveRange(count, _steps.Count - count);
        if (kept < idleBytes)
        {
            _steps.Add(new Step(start, idleBytes - kept));
        }
    }

    /// <summary>Adds the bytes to the ages they have reached at <paramref name="now"/>, and joins steps beyond the last age.</summary>
    internal void Count(TimeSpan now, IdleAges ages, ref IdleBytes bands)
    {
        int oldest = 0;
        for (int i = 0; i < _steps.Count; i++)
        {
            int reached = ages.CountReached(now - _steps[i].Since);
            oldest = reached == ages.Count ? i : oldest;

            // Band 0 is all resident memory and is counted by the caller.
            for (int band = 1; band < reached; band++)
            {
                bands[band] += _steps[i].Bytes;
            }
        }

        Join(oldest);
    }

    private void Join(int last)
    {
        if (last == 0)
        {
            return;
        }

        ulong bytes = 0;
        for (int i = 0; i <= last; i++)
        {
            bytes += _steps[i].Bytes;
        }

        _steps[last] = _steps[last] with { Bytes = bytes };
        _steps.RemoveRange(0, last);
    }

    private readonly record struct Step(TimeSpan Since, ulong Bytes);
}
