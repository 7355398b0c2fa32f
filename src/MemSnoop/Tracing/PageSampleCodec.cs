using MemSnoop.Paging;
using MemSnoop.ProcFs;

namespace MemSnoop.Tracing;

/// <summary>
/// Converts samples to payloads and back; each payload has the changes since the sample before. Writer and reader keep the same state: the sample before, and
/// the names seen.
/// </summary>
internal sealed class PageSampleCodec
{
    // Times are sums of times, which must not overflow.
    private static readonly TimeSpan LongestTrace = TimeSpan.FromDays(1_000 * 365);

    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly List<string> _names = [];
    private readonly PageRangeSet.Builder _ranges = new();
    private PageSample _last = new(TimeSpan.Zero, TimeSpan.Zero, [], PageRangeSet.Empty);

    internal void Encode(PageSample sample, PayloadWriter payload)
    {
        payload.WriteSigned(sample.Offset.Ticks - _last.Offset.Ticks);
        payload.WriteSigned(sample.Window.Ticks);
        EncodeAreas(_last.Areas, sample.Areas, payload);
        EncodeActive(sample.Active, payload);
        _last = sample;
    }

    /// <exception cref="InvalidDataException">The payload is not one that was encoded after the same samples.</exception>
    internal PageSample Decode(ref PayloadReader payload)
    {
        long step = payload.ReadSigned();
        long window = payload.ReadSigned();
        if (step < 0 || step > LongestTrace.Ticks - _last.Offset.Ticks || window < 0 || window > LongestTrace.Ticks)
        {
            throw new InvalidDataException("a time is malformed");
        }

        TimeSpan offset = _last.Offset + new TimeSpan(step);
        IReadOnlyList<TracedArea> areas = DecodeAreas(_last.Areas, ref payload);
        _last = new PageSample(offset, new TimeSpan(window), areas, DecodeActive(ref payload));
        return payload.IsAtEnd ? _last : throw new InvalidDataException("a sample is longer than its content");
    }

    /// <summary>Steps of three numbers: areas kept, areas removed, areas added; until both lists are done.</summary>
    private void EncodeAreas(IReadOnlyList<TracedArea> before, IReadOnlyList<TracedArea> now, PayloadWriter payload)
    {
        int old = 0;
        int index = 0;
        ulong address = 0;
        while (old < before.Count || index < now.Count)
        {
            int same = 0;
            while (old + same < before.Count && index + same < now.Count && before[old + same] == now[index + same])
            {
                same++;
            }

            old += same;
            index += same;
            address = same > 0 ? now[index - 1].End : address;
            int gone = old;
            int added = index;
            while ((old < before.Count || index < now.Count) && !(old < before.Count && index < now.Count && before[old] == now[index]))
            {
                if (index == now.Count || (old < before.Count && before[old].Start <= now[index].Start))
                {
                    old++;
                }
                else
                {
                    index++;
                }
            }

            payload.Write((ulong)same);
            payload.Write((ulong)(old - gone));
            payload.Write((ulong)(index - added));
            for (int area = added; area < index; area++)
            {
                EncodeArea(now[area], ref address, payload);
            }
        }

        // Only the last step has three zeros: the end.
        payload.Write(0);
        payload.Write(0);
        payload.Write(0);
    }

    private IReadOnlyList<TracedArea> DecodeAreas(IReadOnlyList<TracedArea> before, ref PayloadReader payload)
    {
        List<TracedArea> areas = [];
        int old = 0;
        ulong address = 0;
        bool changed = false;
        while (true)
        {
            int same = payload.ReadInt32();
            int gone = payload.ReadInt32();
            int added = payload.ReadInt32();
            if ((same | gone | added) == 0)
            {
                // Samples share their list while the address space stays as it is.
                return changed || old < before.Count ? areas : before;
            }

            if ((long)old + same + gone > before.Count)
            {
                throw new InvalidDataException("a sample keeps areas that do not exist");
            }

            for (int end = old + same; old < end; old++)
            {
                areas.Add(before[old]);
                address = before[old].End;
            }

            old += gone;
            changed |= gone + added > 0;
            for (; added > 0; added--)
            {
                areas.Add(DecodeArea(ref address, ref payload));
            }
        }
    }

    private void EncodeArea(in TracedArea area, ref ulong address, PayloadWriter payload)
    {
        payload.WriteSigned((long)(area.Start - address));
        payload.Write(area.End - area.Start);
        payload.Write((ulong)area.Permissions);
        if (_numbers.TryGetValue(area.Name, out int number))
        {
            payload.Write((ulong)number);
        }
        else
        {
            _numbers.Add(area.Name, _numbers.Count + 1);
            payload.Write(0);
            payload.Write(area.Name);
        }

        address = area.End;
    }

    private TracedArea DecodeArea(ref ulong address, ref PayloadReader payload)
    {
        ulong start = address + (ulong)payload.ReadSigned();
        ulong bytes = payload.Read();
        AreaPermissions permissions = (AreaPermissions)payload.ReadInt32();
        int number = payload.ReadInt32();
        if (number == 0)
        {
            _names.Add(payload.ReadString());
            number = _names.Count;
        }

        if (number > _names.Count || bytes > ulong.MaxValue - start)
        {
            throw new InvalidDataException("an area is malformed");
        }

        address = start + bytes;
        return new TracedArea(start, address, permissions, _names[number - 1]);
    }

    private void EncodeActive(PageRangeSet active, PayloadWriter payload)
    {
        // After a change of phase the set itself is shorter than the difference.
        PageRangeSet difference = active.SymmetricExcept(_last.Active);
        bool whole = active.Ranges.Length < difference.Ranges.Length;
        PageRangeSet ranges = whole ? active : difference;
        payload.Write(whole ? 1UL : 0);
        payload.Write((ulong)ranges.Ranges.Length);
        ulong page = 0;
        foreach (PageRange range in ranges.Ranges)
        {
            payload.Write(range.FirstPage - page);
            payload.Write(range.Count);
            page = range.End;
        }
    }

    private PageRangeSet DecodeActive(ref PayloadReader payload)
    {
        bool whole = payload.Read() != 0;
        _ranges.Clear();
        ulong page = 0;
        for (int left = payload.ReadInt32(); left > 0; left--)
        {
            ulong gap = payload.Read();
            ulong count = payload.Read();
            if (gap > ulong.MaxValue - page || count > ulong.MaxValue - page - gap)
            {
                throw new InvalidDataException("a range of pages is malformed");
            }

            _ranges.Add(page + gap, count);
            page += gap + count;
        }

        PageRangeSet ranges = _ranges.Build();
        return whole ? ranges : ranges.Count == 0 ? _last.Active : ranges.SymmetricExcept(_last.Active);
    }
}
