namespace MemSnoop.Paging;

/// <summary>
/// A set of pages as ranges: ascending, disjoint, never adjacent. Immutable. The pages that a program accesses are mostly adjacent, so this takes much less
/// memory than a list or a bitmap.
/// </summary>
public sealed class PageRangeSet : IEquatable<PageRangeSet>
{
    private readonly PageRange[] _ranges;

    private PageRangeSet(PageRange[] ranges)
    {
        _ranges = ranges;
        foreach (PageRange range in ranges)
        {
            Count += range.Count;
        }
    }

    /// <summary>The set without pages.</summary>
    public static PageRangeSet Empty { get; } = new([]);

    /// <summary>The ranges, ascending.</summary>
    public ReadOnlySpan<PageRange> Ranges => _ranges;

    /// <summary>How many pages the set holds.</summary>
    public ulong Count { get; }

    /// <summary>Whether the set holds a page; a binary search.</summary>
    /// <param name="page">The page's number.</param>
    public bool Contains(ulong page)
    {
        int low = 0;
        int high = _ranges.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (_ranges[middle].End <= page)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low < _ranges.Length && _ranges[low].FirstPage <= page;
    }

    /// <summary>The pages of either set.</summary>
    /// <param name="other">The other set.</param>
    public PageRangeSet Union(PageRangeSet other)
    {
        if (Count == 0 || other.Count == 0)
        {
            return Count == 0 ? other : this;
        }

        // Not by Combine: all samples of a trace are united, and whole ranges are fewer steps than borders.
        Builder result = new(Math.Max(_ranges.Length, other._ranges.Length));
        int left = 0;
        int right = 0;
        ulong first = Math.Min(_ranges[0].FirstPage, other._ranges[0].FirstPage);
        ulong end = first;
        while (left < _ranges.Length || right < other._ranges.Length)
        {
            bool isLeft = right == other._ranges.Length || (left < _ranges.Length && _ranges[left].FirstPage <= other._ranges[right].FirstPage);
            PageRange next = isLeft ? _ranges[left++] : other._ranges[right++];
            if (next.FirstPage > end)
            {
                result.Add(first, end - first);
                first = next.FirstPage;
            }

            end = Math.Max(end, next.End);
        }

        result.Add(first, end - first);
        return result.Build();
    }

    /// <summary>The pages of both sets.</summary>
    /// <param name="other">The other set.</param>
    public PageRangeSet Intersect(PageRangeSet other) => Combine(other, static (left, right) => left & right);

    /// <summary>The pages of this set that are not in the other.</summary>
    /// <param name="other">The other set.</param>
    public PageRangeSet Except(PageRangeSet other) => Combine(other, static (left, right) => left & !right);

    /// <summary>The pages of one set that are not in the other: what changed between them.</summary>
    /// <param name="other">The other set.</param>
    public PageRangeSet SymmetricExcept(PageRangeSet other) => Combine(other, static (left, right) => left ^ right);

    /// <inheritdoc/>
    public bool Equals(PageRangeSet? other) => other is not null && Count == other.Count && Ranges.SequenceEqual(other.Ranges);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as PageRangeSet);

    /// <inheritdoc/>
    public override int GetHashCode() => _ranges.Length == 0 ? 0 : HashCode.Combine(Count, _ranges.Length, _ranges[0], _ranges[^1]);

    /// <inheritdoc/>
    public override string ToString() => string.Join(' ', _ranges.Select(static range => $"{range.FirstPage:x}+{range.Count}"));

    /// <summary>
    /// One walk over the borders of both sets. Between two borders membership of each set is constant, so <paramref name="rule"/> decides once for all pages there.
    /// </summary>
    private PageRangeSet Combine(PageRangeSet other, Func<bool, bool, bool> rule)
    {
        Builder result = new(Math.Max(_ranges.Length, other._ranges.Length));
        BorderWalk left = new(_ranges);
        BorderWalk right = new(other._ranges);
        ulong page = 0;
        while (!left.IsDone || !right.IsDone)
        {
            ulong border = Math.Min(left.Border, right.Border);
            if (border > page && rule(left.IsInside, right.IsInside))
            {
                result.Add(page, border - page);
            }

            page = border;
            left.Pass(border);
            right.Pass(border);
        }

        return result.Build();
    }

    /// <summary>The borders of one set's ranges, one after the other.</summary>
    private struct BorderWalk(PageRange[] ranges)
    {
        private int _index;

        internal bool IsInside { get; private set; }

        internal readonly bool IsDone => _index == ranges.Length;

        internal readonly ulong Border => IsDone ? ulong.MaxValue : IsInside ? ranges[_index].End : ranges[_index].FirstPage;

        internal void Pass(ulong border)
        {
            if (!IsDone && Border == border)
            {
                _index += IsInside ? 1 : 0;
                IsInside = !IsInside;
            }
        }
    }

    /// <summary>Collects ascending runs of pages and joins adjacent ones. One builder can make any number of sets, one after the other.</summary>
    public sealed class Builder
    {
        private PageRange[] _ranges;
        private int _length;

        /// <summary>A builder.</summary>
        /// <param name="capacity">How many ranges to make room for at first.</param>
        public Builder(int capacity = 64) => _ranges = new PageRange[capacity];

        /// <summary>Adds pages behind those added so far.</summary>
        /// <param name="firstPage">The number of the first page.</param>
        /// <param name="count">How many pages; 0 adds nothing.</param>
        /// <exception cref="ArgumentOutOfRangeException">The pages are not behind those added before, or their numbers overflow.</exception>
        public void Add(ulong firstPage, ulong count)
        {
            if (count == 0)
            {
                return;
            }

            ArgumentOutOfRangeException.ThrowIfGreaterThan(count, ulong.MaxValue - firstPage);
            if (_length > 0)
            {
                ref PageRange last = ref _ranges[_length - 1];
                ArgumentOutOfRangeException.ThrowIfLessThan(firstPage, last.End);
                if (firstPage == last.End)
                {
                    last = last with { Count = last.Count + count };
                    return;
                }
            }

            if (_length == _ranges.Length)
            {
                Array.Resize(ref _ranges, Math.Max(16, _length * 2));
            }

            _ranges[_length++] = new PageRange(firstPage, count);
        }

        /// <summary>The set of all that was added since the last <see cref="Clear"/>.</summary>
        public PageRangeSet Build() => _length == 0 ? Empty : new PageRangeSet(_ranges[.._length]);

        /// <summary>Removes all pages, and keeps the memory for new ones.</summary>
        public void Clear() => _length = 0;
    }
}

/// <summary>Pages that follow each other without a gap.</summary>
/// <param name="FirstPage">The number of the first: its address divided by the size of a page.</param>
/// <param name="Count">How many pages.</param>
public readonly record struct PageRange(ulong FirstPage, ulong Count)
{
    /// <summary>The number of the page behind the last.</summary>
    public ulong End => FirstPage + Count;
}
