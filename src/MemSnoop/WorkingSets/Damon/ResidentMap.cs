using MemSnoop.Paging;

namespace MemSnoop.WorkingSets.Damon;

/// <summary>
/// Counts the resident pages of one process by kind, and divides its address space into ranges for the kernel to walk: none holds more than so many pages, since
/// the kernel holds the lock of the address space for one range at a time, and none holds shared memory beside others, since the kernel tells anonymous pages from
/// all others alone.
/// </summary>
internal sealed class ResidentMap(PageKindFinder kinds, ulong pageBytes, bool coversGaps) : IPageRuns
{
    private const ulong PresentBit = 1UL << 63;
    private const ulong SharedBit = 1UL << 61;

    private readonly List<WalkRange> _ranges = [];
    private PerKind _pages;
    private long _mostPages;
    private long _inRange;
    private bool _isOpen;

    /// <summary>The ranges, in ascending order.</summary>
    internal List<WalkRange> Ranges => _ranges;

    /// <summary>Resident pages.</summary>
    internal ref readonly PerKind Pages => ref _pages;

    /// <summary>The most pages that were found in one range.</summary>
    internal long Largest { get; private set; }

    /// <summary>Begins with a process.</summary>
    /// <param name="mostPages">The most pages of one range.</param>
    internal void Begin(long mostPages)
    {
        _ranges.Clear();
        _pages = default;
        _mostPages = mostPages;
        _inRange = 0;
        _isOpen = false;
        Largest = 0;
    }

    /// <summary>
    /// Joins the ranges where nothing is between them that counts for another: wide ranges of unmapped addresses cost a walk nothing, and the page that DAMON
    /// samples in each of them, which loses its accessed bit, is then nearly always none.
    /// </summary>
    /// <param name="first">The first address of all.</param>
    /// <param name="end">The address behind the last.</param>
    internal void End(ulong first, ulong end)
    {
        Largest = Math.Max(Largest, _inRange);
        if (!coversGaps || _ranges.Count == 0)
        {
            return;
        }

        for (int i = 0; i < _ranges.Count; i++)
        {
            _ranges[i] = _ranges[i] with
            {
                Start = i == 0 ? first : _ranges[i].Start,
                End = i + 1 < _ranges.Count ? _ranges[i + 1].Start : end,
            };
        }
    }

    /// <inheritdoc/>
    public bool Take(in MemoryArea area, ulong firstPage, ReadOnlySpan<ulong> entries)
    {
        if (kinds.Find(area, entries) is not { } shared)
        {
            return true;
        }

        bool isShmem = area.IsFile && shared == PageKind.Shmem;
        if (_isOpen && !(_ranges[^1].IsShmem == isShmem && (coversGaps || _ranges[^1].End == firstPage * pageBytes)))
        {
            Close();
        }

        int from = 0;
        long anon = 0;
        long other = 0;
        for (int i = 0; i < entries.Length; i++)
        {
            ulong entry = entries[i];
            if ((entry & PresentBit) == 0)
            {
                continue;
            }

            if ((entry & SharedBit) == 0)
            {
                anon++;
            }
            else
            {
                other++;
            }

            if (_inRange + anon + other >= _mostPages)
            {
                Append(isShmem, firstPage + (ulong)from, firstPage + (ulong)i + 1, anon + other);
                Count(shared, ref anon, ref other);
                Close();
                from = i + 1;
            }
        }

        if (anon + other > 0)
        {
            Append(isShmem, firstPage + (ulong)from, firstPage + (ulong)entries.Length, anon + other);
            Count(shared, ref anon, ref other);
        }

        return true;
    }

    private void Close()
    {
        Largest = Math.Max(Largest, _inRange);
        _inRange = 0;
        _isOpen = false;
    }

    private void Count(PageKind shared, ref long anon, ref long other)
    {
        _pages.Anon += (ulong)anon;
        _pages[shared] += (ulong)other;
        anon = other = 0;
    }

    private void Append(bool isShmem, ulong firstPage, ulong endPage, long pages)
    {
        (ulong start, ulong end) = (firstPage * pageBytes, endPage * pageBytes);
        if (_isOpen)
        {
            _ranges[^1] = _ranges[^1] with { End = end };
        }
        else
        {
            _ranges.Add(new WalkRange(start, end, isShmem));
        }

        _isOpen = true;
        _inRange += pages;
    }
}

/// <summary>A range of addresses.</summary>
/// <param name="Start">First address.</param>
/// <param name="End">Address behind the last.</param>
/// <param name="IsShmem">Whether what is in it and not anonymous is shared memory; else it is page cache.</param>
internal readonly record struct WalkRange(ulong Start, ulong End, bool IsShmem);
