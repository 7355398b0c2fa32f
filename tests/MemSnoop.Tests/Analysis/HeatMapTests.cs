using FsCheck;
using FsCheck.Fluent;
using MemSnoop.Analysis;
using MemSnoop.Paging;
using MemSnoop.Tests.Tracing;
using MemSnoop.Tracing;

namespace MemSnoop.Tests.Analysis;

public class HeatMapTests
{
    [Fact]
    public void A_small_trace_is_shown_page_by_page()
    {
        TracedArea[] areas = [Traces.Area(10, 4, "[heap]"), Traces.Area(20, 2)];
        PageTrace trace = Traces.Of(Traces.Sample(0, Traces.Pages(11, 20), areas), Traces.Sample(1, Traces.Pages(12, 20), areas));
        HeatMap map = HeatMap.Of(trace);
        Assert.Equal([new HeatMapBand(areas[0], 10, 4, 0, 4), new HeatMapBand(areas[1], 20, 2, 4, 2)], map.Bands);
        Assert.Equal((6, 2, 1UL, 1), (map.Rows, map.Columns, map.PagesPerRow, map.SamplesPerColumn));
        Assert.Equal([0, 1, 0, 0, 1, 0], Column(map, 0));
        Assert.Equal([0, 0, 1, 0, 1, 0], Column(map, 1));
    }

    [Fact]
    public void Long_idle_stretches_are_left_out()
    {
        TracedArea reservation = Traces.Area(1 << 20, 1UL << 34);
        PageTrace trace = Traces.Of(Traces.Sample(0, Traces.Pages((1 << 20) + 5, (1 << 20) + 6, 1UL << 33), reservation));
        Assert.Equal(
            [new HeatMapBand(reservation, 1 << 20, 7, 0, 7), new HeatMapBand(reservation, 1UL << 33, 1, 7, 1)],
            HeatMap.Of(trace).Bands);
    }

    [Fact]
    public void Pages_outside_of_all_areas_are_shown_too()
    {
        PageTrace trace = Traces.Of(Traces.Sample(0, Traces.Pages(5, 6, 7, 8, 20), Traces.Area(7, 2, "[heap]")));
        Assert.Equal(["", "[heap]", ""], HeatMap.Of(trace).Bands.Select(static band => band.Area.Name));
    }

    [Fact]
    public void No_samples_make_an_empty_map()
    {
        HeatMap map = HeatMap.Of(Traces.Of(Array.Empty<PageSample>()));
        Assert.Equal((0, 0), (map.Rows, map.Columns));
    }

    [Fact]
    public void Cells_hold_the_share_that_was_active() => Prop.ForAll<uint[], PositiveInt, PositiveInt>(static (masks, rows, columns) =>
    {
        HeatMap map = HeatMap.Of(Traces.Of(masks), rows.Get, columns.Get);
        double active = 0;
        foreach (HeatMapBand band in map.Bands)
        {
            for (int row = 0; row < band.Rows; row++)
            {
                ulong first = band.FirstPage + ((ulong)row * map.PagesPerRow);
                ulong end = Math.Min(first + map.PagesPerRow, band.FirstPage + band.Pages);
                for (int column = 0; column < map.Columns; column++)
                {
                    uint[] samples = [.. masks.Skip(column * map.SamplesPerColumn).Take(map.SamplesPerColumn)];
                    double cells = (end - first) * (ulong)samples.Length;
                    double share = samples.Sum(mask => (double)Traces.List(Traces.Pages(mask)).Count(page => page >= first && page < end)) / cells;
                    active += share * cells;
                    if (Math.Abs(share - map.Share(band.FirstRow + row, column)) > 1e-6)
                    {
                        return false;
                    }
                }
            }
        }

        return map.Columns <= columns.Get && Math.Round(active) == masks.Sum(static mask => uint.PopCount(mask));
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(300).WithArbitrary([typeof(Masks)]));

    private static float[] Column(HeatMap map, int column) => [.. Enumerable.Range(0, map.Rows).Select(row => map.Share(row, column))];
}
