namespace MemSnoop.WorkingSets.Damon;

/// <summary>The sampled pages of one process in ascending order of addresses, and when each was used last. Arrays side by side, reused from pass to pass.</summary>
internal sealed class SampleSet
{
    /// <summary>A page whose history before it was chosen is not known.</summary>
    private const long Never = long.MinValue;

    private ulong[] _pages = new ulong[64];
    private PageKind[] _kinds = new PageKind[64];
    private long[] _lastUsed = new long[64];
    private long[] _knownSince = new long[64];
    private ulong[] _counts = new ulong[64];

    /// <summary>How many pages there are.</summary>
    internal int Count { get; private set; }

    /// <summary>The numbers of the pages.</summary>
    internal ReadOnlySpan<ulong> Pages => _pages.AsSpan(0, Count);

    internal void Clear() => Count = 0;

    /// <summary>Adds a page behind the last one.</summary>
    internal void Add(ulong page, PageKind kind)
    {
        if (Count > 0 && page <= _pages[Count - 1])
        {
            // An area that grew downwards while maps was read is listed again.
            return;
        }

        if (Count == _pages.Length)
        {
            Array.Resize(ref _pages, Count * 2);
            Array.Resize(ref _kinds, Count * 2);
            Array.Resize(ref _lastUsed, Count * 2);
            Array.Resize(ref _knownSince, Count * 2);
            Array.Resize(ref _counts, Count * 2);
        }

        _pages[Count] = page;
        _kinds[Count] = kind;
        Count++;
    }

    /// <summary>Leaves out the pages of a kind that a lower rate does not take.</summary>
    internal void Thin(PageKind kind, ulong threshold)
    {
        int kept = 0;
        for (int i = 0; i < Count; i++)
        {
            if (_kinds[i] != kind || SampleRate.Takes(threshold, _pages[i]))
            {
                (_pages[kept], _kinds[kept]) = (_pages[i], _kinds[i]);
                kept++;
            }
        }

        Count = kept;
    }

    /// <summary>How many pages of a kind there are.</summary>
    internal long CountOf(PageKind kind)
    {
        long count = 0;
        for (int i = 0; i < Count; i++)
        {
            count += _kinds[i] == kind ? 1 : 0;
        }

        return count;
    }

    /// <summary>Whether these are the pages of another set.</summary>
    internal bool HasPagesOf(SampleSet other) => Pages.SequenceEqual(other.Pages);

    /// <summary>
    /// Takes over what an earlier set of the process knows of its pages. One that is not in it, although it would have been chosen, was not resident then: so it was used since. One
    /// that would not have been chosen has no past.
    /// </summary>
    /// <param name="earlier">The earlier set; empty for a process that is new.</param>
    /// <param name="rate">The rates by which that was chosen; null for a process that is new.</param>
    /// <param name="now">The time.</param>
    internal void Inherit(SampleSet earlier, SampleRate? rate, TimeSpan now)
    {
        int at = 0;
        for (int i = 0; i < Count; i++)
        {
            while (at < earlier.Count && earlier._pages[at] < _pages[i])
            {
                at++;
            }

            if (at < earlier.Count && earlier._pages[at] == _pages[i])
            {
                (_lastUsed[i], _knownSince[i], _counts[i]) = (earlier._lastUsed[at], earlier._knownSince[at], earlier._counts[at]);
                continue;
            }

            _counts[i] = 0;
            if (rate is { } before && SampleRate.Takes(before[_kinds[i]], _pages[i]))
            {
                (_lastUsed[i], _knownSince[i]) = (now.Ticks, Never);
            }
            else
            {
                (_lastUsed[i], _knownSince[i]) = (Never, now.Ticks);
            }
        }
    }

    /// <summary>Begins to count anew: DAMON does, when it is switched on.</summary>
    internal void ForgetCounts() => _counts.AsSpan(0, Count).Clear();

    /// <summary>Takes note of how often a page was seen in use since DAMON was switched on.</summary>
    internal void Note(int index, ulong count, TimeSpan now)
    {
        if (count != _counts[index])
        {
            _counts[index] = count;
            _lastUsed[index] = now.Ticks;
        }
    }

    /// <summary>How many pages of a kind were used since a time, of those that are known since then.</summary>
    internal (long Used, long Known) CountUsed(PageKind kind, TimeSpan since)
    {
        long used = 0;
        long known = 0;
        for (int i = 0; i < Count; i++)
        {
            if (_kinds[i] == kind && _knownSince[i] <= since.Ticks)
            {
                known++;
                used += _lastUsed[i] > since.Ticks ? 1 : 0;
            }
        }

        return (used, known);
    }

    /// <summary>How many pages of a kind have been idle for at least so long.</summary>
    internal long CountIdle(PageKind kind, TimeSpan now, int age, IdleAges ages)
    {
        long idle = 0;
        for (int i = 0; i < Count; i++)
        {
            idle += _kinds[i] == kind && ages.CountReached(now - TimeSpan.FromTicks(Math.Max(_lastUsed[i], Math.Max(_knownSince[i], 0)))) > age ? 1 : 0;
        }

        return idle;
    }
}
