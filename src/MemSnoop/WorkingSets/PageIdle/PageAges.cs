using MemSnoop.WorkingSets.PageIdle.Handover;

namespace MemSnoop.WorkingSets.PageIdle;

/// <summary>
/// A byte for each page of a process, for present ranges only: the number of the pass that last saw it accessed
/// (<see cref="Epochs"/>). Written in ascending order of addresses, read by any address.
/// </summary>
internal sealed class PageAges
{
    private Range[] _ranges = [];
    private int _rangeCount;
    private byte[] _ages = [];
    private int _ageCount;
    private int _lastFound;

    /// <summary>Memory this takes, in bytes.</summary>
    internal long StateBytes => _ages.LongLength + (_ranges.LongLength * System.Runtime.CompilerServices.Unsafe.SizeOf<Range>());

    /// <summary>How many pages it knows.</summary>
    internal int Count => _ageCount;

    internal void Clear() => _rangeCount = _ageCount = 0;

    internal void Write(AgesWriter writer)
    {
        writer.Number(_rangeCount);
        ulong end = 0;
        foreach (Range range in _ranges.AsSpan(0, _rangeCount))
        {
            writer.Number(range.FirstPage - end);
            writer.Number(range.Count);
            end = range.EndPage;
        }

        writer.Ages(_ages.AsSpan(0, _ageCount));
    }

    /// <summary>Takes up what was written, of at most so many pages.</summary>
    internal void Read(AgesReader reader, long most)
    {
        Clear();
        ulong end = 0;
        for (int left = reader.Number((int)Math.Min(most, Array.MaxLength)); left > 0; left--)
        {
            // No address has more than 57 bits, and no page fewer than 12.
            ulong first = end + (ulong)reader.Number(1L << 45);
            int count = reader.Number((int)Math.Min(most - _ageCount, Array.MaxLength));
            if (count == 0)
            {
                throw new DamagedAgesException();
            }

            _ = Append(first, count);
            end = first + (ulong)count;
        }

        reader.Ages(_ages.AsSpan(0, _ageCount));
    }

    /// <summary>Whether no age is that of a pass from this number on.</summary>
    internal bool AreBelow(int epochs) => !_ages.AsSpan(0, _ageCount).ContainsAnyInRange((byte)epochs, (byte)(Epochs.Absent - 1));

    /// <summary>Space for the ages of a run of pages after all earlier ones.</summary>
    internal Span<byte> Append(ulong firstPage, int count)
    {
        if (_ages.Length - _ageCount < count)
        {
            Array.Resize(ref _ages, Math.Max(_ageCount + count, _ages.Length + (_ages.Length / 8)));
        }

        if (_rangeCount > 0 && _ranges[_rangeCount - 1].EndPage == firstPage)
        {
            _ranges[_rangeCount - 1] = _ranges[_rangeCount - 1] with { Count = _ranges[_rangeCount - 1].Count + count };
        }
        else
        {
            if (_rangeCount == _ranges.Length)
            {
                Array.Resize(ref _ranges, Math.Max(16, _ranges.Length * 2));
            }

            _ranges[_rangeCount++] = new Range(firstPage, count, _ageCount);
        }

        _ageCount += count;
        return _ages.AsSpan(_ageCount - count, count);
    }

    /// <summary>Copies the ages of a run of pages; pages that are not known are <see cref="Epochs.Absent"/>.</summary>
    internal void Read(ulong firstPage, Span<byte> ages)
    {
        ulong page = firstPage;
        int index = FindFirstEndingAfter(page);
        while (!ages.IsEmpty)
        {
            if (index == _rangeCount || _ranges[index].FirstPage >= page + (ulong)ages.Length)
            {
                ages.Fill(Epochs.Absent);
                return;
            }

            Range range = _ranges[index++];
            if (range.FirstPage > page)
            {
                int gap = (int)(range.FirstPage - page);
                ages[..gap].Fill(Epochs.Absent);
                ages = ages[gap..];
                page += (ulong)gap;
            }

            int offset = (int)(page - range.FirstPage);
            int count = Math.Min(range.Count - offset, ages.Length);
            _ages.AsSpan(range.Offset + offset, count).CopyTo(ages);
            ages = ages[count..];
            page += (ulong)count;
        }
    }

    /// <summary>The ages of a run of pages where they are; false if not all of them are known, or not in one piece.</summary>
    internal bool TryFind(ulong firstPage, int count, out ReadOnlySpan<byte> ages)
    {
        // Walks ask in ascending order: mostly for what follows, or lies in the same range.
        int index = _lastFound < _rangeCount && _ranges[_lastFound].Contains(firstPage) ? _lastFound
            : _lastFound + 1 < _rangeCount && _ranges[_lastFound + 1].Contains(firstPage) ? _lastFound + 1
            : FindFirstEndingAfter(firstPage);
        if (index == _rangeCount || firstPage < _ranges[index].FirstPage || _ranges[index].EndPage - firstPage < (ulong)count)
        {
            ages = default;
            return false;
        }

        _lastFound = index;
        Range range = _ranges[index];
        ages = _ages.AsSpan(range.Offset + (int)(firstPage - range.FirstPage), count);
        return true;
    }

    /// <summary>Copies the content of another, with no more memory than it needs.</summary>
    internal void CopyFrom(PageAges other)
    {
        Fit(ref _ages, other._ageCount);
        Fit(ref _ranges, other._rangeCount);
        other._ages.AsSpan(0, other._ageCount).CopyTo(_ages);
        other._ranges.AsSpan(0, other._rangeCount).CopyTo(_ranges);
        _ageCount = other._ageCount;
        _rangeCount = other._rangeCount;
    }

    /// <summary>Rewrites every age by a table.</summary>
    internal void Translate(ReadOnlySpan<byte> table)
    {
        foreach (ref byte age in _ages.AsSpan(0, _ageCount))
        {
            age = table[age];
        }
    }

    /// <summary>An eighth more than needed, so that a process that grows by a page does not need a new array.</summary>
    private static void Fit<T>(ref T[] array, int count)
    {
        if (array.Length < count || array.Length > (count * 2) + 64)
        {
            array = new T[count + (count / 8)];
        }
    }

    private int FindFirstEndingAfter(ulong page)
    {
        int low = 0;
        int high = _rangeCount;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (_ranges[middle].EndPage > page)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low;
    }

    private readonly record struct Range(ulong FirstPage, int Count, int Offset)
    {
        internal ulong EndPage => FirstPage + (ulong)Count;

        internal bool Contains(ulong page) => page - FirstPage < (ulong)Count;
    }
}
