using MemSnoop.Paging;

namespace MemSnoop.WorkingSets.Damon;

/// <summary>Counts the resident pages of one process by kind, and chooses samples among them.</summary>
internal sealed class SampleWalk(PageKindFinder kinds) : IPageRuns
{
    private const ulong PresentBit = 1UL << 63;
    private const ulong SharedBit = 1UL << 61;

    private SampleSet? _samples;
    private SampleRate _rate = new();
    private PerKind _pages;
    private int _most;

    /// <summary>Resident pages.</summary>
    internal ref readonly PerKind Pages => ref _pages;

    /// <summary>The rates by which was chosen: lower than at the beginning if there were too many.</summary>
    internal SampleRate Rate => _rate;

    /// <summary>Begins with a process.</summary>
    /// <param name="samples">Takes the samples.</param>
    /// <param name="rate">The rates.</param>
    /// <param name="most">The most samples.</param>
    internal void Begin(SampleSet samples, in SampleRate rate, int most)
    {
        samples.Clear();
        _samples = samples;
        _rate = rate;
        _most = most;
        _pages = default;
    }

    /// <inheritdoc/>
    public bool Take(in MemoryArea area, ulong firstPage, ReadOnlySpan<ulong> entries)
    {
        if (kinds.Find(area, entries) is not { } shared)
        {
            return true;
        }

        ulong anon = 0;
        ulong other = 0;
        for (int i = 0; i < entries.Length; i++)
        {
            ulong entry = entries[i];
            if ((entry & PresentBit) == 0)
            {
                continue;
            }

            bool isAnon = (entry & SharedBit) == 0;
            anon += isAnon ? 1UL : 0;
            other += isAnon ? 0 : 1UL;
            PageKind kind = isAnon ? PageKind.Anon : shared;
            if (SampleRate.Takes(_rate[kind], firstPage + (ulong)i))
            {
                _samples!.Add(firstPage + (ulong)i, kind);
                Thin();
            }
        }

        _pages.Anon += anon;
        _pages[shared] += other;
        return true;
    }

    private void Thin()
    {
        while (_samples!.Count > _most)
        {
            // The kind of which there are most.
            PageKind kind = PageKind.Anon;
            long count = _samples.CountOf(kind);
            foreach (PageKind other in (ReadOnlySpan<PageKind>)[PageKind.File, PageKind.Shmem])
            {
                long found = _samples.CountOf(other);
                (kind, count) = found > count ? (other, found) : (kind, count);
            }

            _rate = _rate.Lower(kind);
            _samples.Thin(kind, _rate[kind]);
        }
    }
}
