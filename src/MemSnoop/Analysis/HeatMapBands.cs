using MemSnoop.Paging;
using MemSnoop.Tracing;

namespace MemSnoop.Analysis;

/// <summary>Which addresses a heat map shows, and on which rows.</summary>
internal static class HeatMapBands
{
    // An idle stretch up to 1/16 of all active pages is shown: it tells where in its area the activity is.
    private const ulong IdleShare = 16;
    private const ulong LeastIdlePages = 64;

    internal static IReadOnlyList<HeatMapBand> Of(PageTrace trace, int maxRows, out ulong pagesPerRow)
    {
        List<(TracedArea Area, PageRange Pages)> stretches = Stretches(trace);
        pagesPerRow = 1;
        while (Rows(stretches, pagesPerRow) > (ulong)Math.Max(maxRows, stretches.Count))
        {
            pagesPerRow += Math.Max(1, pagesPerRow / 16);
        }

        List<HeatMapBand> bands = [];
        int row = 0;
        foreach ((TracedArea area, PageRange pages) in stretches)
        {
            int rows = (int)((pages.Count + pagesPerRow - 1) / pagesPerRow);
            bands.Add(new HeatMapBand(area, pages.FirstPage, pages.Count, row, rows));
            row += rows;
        }

        return bands;
    }

    private static ulong Rows(List<(TracedArea Area, PageRange Pages)> stretches, ulong pagesPerRow)
    {
        ulong rows = 0;
        foreach ((_, PageRange pages) in stretches)
        {
            rows += (pages.Count + pagesPerRow - 1) / pagesPerRow;
        }

        return rows;
    }

    private static List<(TracedArea Area, PageRange Pages)> Stretches(PageTrace trace)
    {
        ulong longestIdle = Math.Max(LeastIdlePages, trace.Active.Count / IdleShare);
        List<(TracedArea Area, PageRange Pages)> stretches = [];
        int next = 0;
        foreach (PageRange range in trace.Active.Ranges)
        {
            for (ulong page = range.FirstPage; page < range.End;)
            {
                TracedArea area = AreaOf(trace, page, range.End, ref next);
                ulong areaFirst = area.Start / (ulong)trace.PageBytes;
                ulong areaEnd = area.End / (ulong)trace.PageBytes;
                ulong end = Math.Min(range.End, areaEnd);
                bool goesOn = stretches.Count > 0 && stretches[^1].Area == area && page - stretches[^1].Pages.End <= longestIdle;
                if (goesOn)
                {
                    ulong first = stretches[^1].Pages.FirstPage;
                    stretches[^1] = (area, new PageRange(first, end - first));
                }
                else
                {
                    CloseAtAreaEnd(stretches, (ulong)trace.PageBytes, longestIdle);
                    ulong first = page - areaFirst <= longestIdle && (stretches.Count == 0 || stretches[^1].Pages.End <= areaFirst) ? areaFirst : page;
                    stretches.Add((area, new PageRange(first, end - first)));
                }

                page = end;
            }
        }

        CloseAtAreaEnd(stretches, (ulong)trace.PageBytes, longestIdle);
        return stretches;
    }

    // Called when the next stretch is known not to begin within reach, so nothing of it can lie before the area's end unless it is of the same area.
    private static void CloseAtAreaEnd(List<(TracedArea Area, PageRange Pages)> stretches, ulong pageBytes, ulong longestIdle)
    {
        if (stretches is [.., (TracedArea area, PageRange pages)] && (area.End / pageBytes) - pages.End <= longestIdle)
        {
            stretches[^1] = (area, pages with { Count = (area.End / pageBytes) - pages.FirstPage });
        }
    }

    /// <summary>The area of a page; for a page outside of all (its area came and went within the window) one without a name, up to the next.</summary>
    private static TracedArea AreaOf(PageTrace trace, ulong page, ulong rangeEnd, ref int next)
    {
        ulong pageBytes = (ulong)trace.PageBytes;
        while (next < trace.Areas.Count && trace.Areas[next].End / pageBytes <= page)
        {
            next++;
        }

        if (next < trace.Areas.Count && trace.Areas[next].Start / pageBytes <= page)
        {
            return trace.Areas[next];
        }

        ulong end = next < trace.Areas.Count ? Math.Min(rangeEnd, trace.Areas[next].Start / pageBytes) : rangeEnd;
        return new TracedArea(page * pageBytes, end * pageBytes, default, "");
    }
}

/// <summary>Neighbouring addresses of one area that a heat map shows without a gap.</summary>
/// <param name="Area">The area the addresses belong to; it may be longer than the band.</param>
/// <param name="FirstPage">The number of the first page shown.</param>
/// <param name="Pages">How many pages are shown.</param>
/// <param name="FirstRow">The row of the first page.</param>
/// <param name="Rows">Number of rows.</param>
public readonly record struct HeatMapBand(TracedArea Area, ulong FirstPage, ulong Pages, int FirstRow, int Rows);
