namespace MemSnoop.WorkingSets.Referenced;

/// <summary>
/// How long the bytes of one area have been idle, when each window tells only how many of them were. Of two windows with
/// 30 and 20 MB idle, at most 20 MB can have been idle in both: the running minimum bounds what is idle for a given age
/// from above, and is exact when the same pages stay hot. Kept as steps, oldest first: so many bytes idle since then.
/// </summary>
internal sealed class IdleStaircase
{
    private readonly List<Step> _steps = [];

    /// <summary>The round in which the area was last seen.</summary>
    internal long Round { get; set; }

    /// <summary>Takes in a window that began at <paramref name="start"/> and left <paramref name="idleBytes"/> idle.</summary>
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

    /// <summary>Adds the bytes to the bands they have reached at <paramref name="now"/>, and joins steps beyond the last band.</summary>
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
