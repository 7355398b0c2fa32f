namespace MemSnoop.WorkingSets;

/// <summary>
/// How long the bytes of one area have been idle, if each window tells only how many were idle. If 30 MB were idle in one window and 20 MB in the next, at
/// most 20 MB were idle in both. The running minimum is an upper bound of the idle memory at an age, and is exact if the same pages stay in use. Kept as
/// steps, oldest first: the bytes that have been idle since a time. Most areas have one step or none, so only further ones are on the heap.
/// </summary>
internal struct IdleStaircase
{
    private Step _first;
    private Step[]? _others;
    private int _count;

    /// <summary>Forgets all windows.</summary>
    internal void Clear()
    {
        _count = 0;
        _others = null;
    }

    /// <summary>Adds a window that began at <paramref name="start"/> and left <paramref name="idleBytes"/> idle.</summary>
    internal void Add(TimeSpan start, ulong idleBytes)
    {
        ulong kept = 0;
        int count = 0;
        while (count < _count && kept < idleBytes)
        {
            Step step = this[count];
            ulong room = idleBytes - kept;
            if (step.Bytes > room)
            {
                step = step with { Bytes = room };
                this[count] = step;
            }

            kept += step.Bytes;
            count++;
        }

        _count = count;
        if (kept < idleBytes)
        {
            Append(new Step(start, idleBytes - kept));
        }
        else if (count <= 1)
        {
            _others = null;
        }
    }

    /// <summary>Adds the bytes to the ages they have reached at <paramref name="now"/>, and joins steps beyond the last age.</summary>
    internal void Count(TimeSpan now, IdleAges ages, ref IdleBytes bands)
    {
        int oldest = 0;
        for (int i = 0; i < _count; i++)
        {
            Step step = this[i];
            int reached = ages.CountReached(now - step.Since);
            oldest = reached == ages.Count ? i : oldest;

            // Band 0 is all resident memory and is counted by the caller.
            for (int band = 1; band < reached; band++)
            {
                bands[band] += step.Bytes;
            }
        }

        Join(oldest);
    }

    private Step this[int index]
    {
        readonly get => index == 0 ? _first : _others![index - 1];
        set
        {
            if (index == 0)
            {
                _first = value;
            }
            else
            {
                _others![index - 1] = value;
            }
        }
    }

    private void Append(in Step step)
    {
        int others = _others?.Length ?? 0;
        if (_count > others)
        {
            Array.Resize(ref _others, Math.Max(4, others * 2));
        }

        _count++;
        this[_count - 1] = step;
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
            bytes += this[i].Bytes;
        }

        this[0] = this[last] with { Bytes = bytes };
        for (int i = last + 1; i < _count; i++)
        {
            this[i - last] = this[i];
        }

        _count -= last;
    }

    private readonly record struct Step(TimeSpan Since, ulong Bytes);
}
