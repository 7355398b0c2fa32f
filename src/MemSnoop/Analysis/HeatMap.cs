using MemSnoop.Paging;
using MemSnoop.Tracing;

namespace MemSnoop.Analysis;

/// <summary>
/// Active pages by address and time. A cell is the active share of some neighbouring pages in some neighbouring samples. Rows ascend with the addresses. Long
/// stretches that were never active are left out, so that a reservation of terabytes with two busy pages shows these pages.
/// </summary>
public sealed class HeatMap
{
    private readonly float[] _shares;

    private HeatMap(IReadOnlyList<HeatMapBand> bands, ulong pagesPerRow, int samplesPerColumn, int columns, float[] shares)
    {
        (Bands, PagesPerRow, SamplesPerColumn, Columns, _shares) = (bands, pagesPerRow, samplesPerColumn, columns, shares);
        Rows = bands.Count == 0 ? 0 : bands[^1].FirstRow + bands[^1].Rows;
    }

    /// <summary>The bands that the rows show, ascending.</summary>
    public IReadOnlyList<HeatMapBand> Bands { get; }

    /// <summary>Number of rows.</summary>
    public int Rows { get; }

    /// <summary>Number of columns.</summary>
    public int Columns { get; }

    /// <summary>Pages per row; the last row of a band may have fewer.</summary>
    public ulong PagesPerRow { get; }

    /// <summary>Samples per column; the last column may have fewer.</summary>
    public int SamplesPerColumn { get; }

    /// <summary>The share of a cell's pages that was active, averaged over its samples: 0 to 1.</summary>
    /// <param name="row">The row, counted from 0.</param>
    /// <param name="column">The column, counted from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such cell.</exception>
    public float Share(int row, int column)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, Rows);
        ArgumentOutOfRangeException.ThrowIfNegative(column);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(column, Columns);
        return _shares[(column * Rows) + row];
    }

    /// <summary>The heat map of a trace.</summary>
    /// <param name="trace">The trace.</param>
    /// <param name="maxRows">Maximum number of rows. Each band takes at least one row, even if that makes more rows than this.</param>
    /// <param name="maxColumns">Maximum number of columns.</param>
    public static HeatMap Of(PageTrace trace, int maxRows = 2048, int maxColumns = 1024)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxRows);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxColumns);
        IReadOnlyList<HeatMapBand> bands = HeatMapBands.Of(trace, maxRows, out ulong pagesPerRow);
        int perColumn = Math.Max(1, (trace.Samples.Count + maxColumns - 1) / maxColumns);
        int columns = (trace.Samples.Count + perColumn - 1) / perColumn;
        int rows = bands.Count == 0 ? 0 : bands[^1].FirstRow + bands[^1].Rows;
        float[] shares = new float[checked(rows * columns)];
        ulong[] active = new ulong[rows];
        for (int column = 0; column < columns; column++)
        {
            Array.Clear(active);
            int first = column * perColumn;
            int end = Math.Min(first + perColumn, trace.Samples.Count);
            for (int sample = first; sample < end; sample++)
            {
                Count(trace.Samples[sample].Active, bands, pagesPerRow, active);
            }

            Span<float> cells = shares.AsSpan(column * rows, rows);
            foreach (HeatMapBand band in bands)
            {
                for (int row = 0; row < band.Rows; row++)
                {
                    ulong pages = Math.Min(pagesPerRow, band.Pages - ((ulong)row * pagesPerRow));
                    cells[band.FirstRow + row] = (float)((double)active[band.FirstRow + row] / (pages * (ulong)(end - first)));
                }
            }
        }

        return new HeatMap(bands, pagesPerRow, perColumn, columns, shares);
    }

    private static void Count(PageRangeSet pages, IReadOnlyList<HeatMapBand> bands, ulong pagesPerRow, ulong[] active)
    {
        int index = 0;
        foreach (PageRange range in pages.Ranges)
        {
            // Every active page is in a band; a range may go through several that touch.
            ulong page = range.FirstPage;
            while (page < range.End)
            {
                while (bands[index].FirstPage + bands[index].Pages <= page)
                {
                    index++;
                }

                HeatMapBand band = bands[index];
                ulong row = (page - band.FirstPage) / pagesPerRow;
                ulong rowEnd = Math.Min(band.FirstPage + ((row + 1) * pagesPerRow), band.FirstPage + band.Pages);
                ulong end = Math.Min(range.End, rowEnd);
                active[band.FirstRow + (int)row] += end - page;
                page = end;
            }
        }
    }
}
