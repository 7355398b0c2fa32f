using MemSnoop.Paging;
using MemSnoop.Tracing;

namespace MemSnoop.Exporter.Report;

/// <summary>An area that had active pages.</summary>
/// <param name="Area">The area.</param>
/// <param name="MostPages">The most that were active within one sample.</param>
/// <param name="AllPages">Those that were active at any time.</param>
internal readonly record struct ActiveArea(TracedArea Area, ulong MostPages, ulong AllPages)
{
    /// <summary>The active areas of a trace, in the order of their addresses.</summary>
    internal static IReadOnlyList<ActiveArea> Of(PageTrace trace)
    {
        ulong[] all = new ulong[trace.Areas.Count];
        ulong[] most = new ulong[trace.Areas.Count];
        ulong[] now = new ulong[trace.Areas.Count];
        Count(trace.Active, trace, all);
        foreach (PageSample sample in trace.Samples)
        {
            Array.Clear(now);
            Count(sample.Active, trace, now);
            for (int area = 0; area < now.Length; area++)
            {
                most[area] = Math.Max(most[area], now[area]);
            }
        }

        return [.. trace.Areas.Select((area, index) => new ActiveArea(area, most[index], all[index])).Where(static area => area.AllPages > 0)];
    }

    private static void Count(PageRangeSet pages, PageTrace trace, ulong[] counts)
    {
        ulong pageBytes = (ulong)trace.PageBytes;
        int area = 0;
        foreach (PageRange range in pages.Ranges)
        {
            while (area < counts.Length && trace.Areas[area].End / pageBytes <= range.FirstPage)
            {
                area++;
            }

            // A range may go on through the next areas, and the last of them may hold the next range too.
            for (int each = area; each < counts.Length && trace.Areas[each].Start / pageBytes < range.End; each++)
            {
                ulong first = Math.Max(range.FirstPage, trace.Areas[each].Start / pageBytes);
                counts[each] += Math.Min(range.End, trace.Areas[each].End / pageBytes) - first;
            }
        }
    }
}
