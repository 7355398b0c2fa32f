using System.Text;
using MemSnoop.Exporter.View.HeatMaps;
using MemSnoop.ProcFs;

namespace MemSnoop.Exporter.Tests.View;

public sealed class PageHeatTests
{
    private const ulong PageBytes = 4096;

    [Fact]
    public void A_few_pages_have_a_row_each_and_a_column_for_each_window()
    {
        PageHeat heat = new(PageBytes);
        Assert.Null(heat.ToView());
        Window(heat, [(0x1000, 0x9000, "[heap]")], [(2, 3)]);
        Window(heat, [(0x1000, 0x9000, "[heap]")], [(3, 1), (6, 1)]);
        HeatView map = heat.ToView()!;
        Assert.Equal((5, 2, PageBytes), (map.Rows, map.Columns, map.RowBytes));
        HeatBandView band = Assert.Single(map.Bands);
        Assert.Equal(("[heap]", 0x2000UL, 0, 5), (band.Name, band.Address, band.Row, band.Rows));
        Assert.Equal([255, 255, 255, 0, 0, 0, 255, 0, 0, 255], map.Cells.Select(static cell => (int)cell));
        Assert.Equal([1, 1], map.WindowSeconds);
    }

    [Fact]
    public void Areas_and_long_idle_stretches_part_the_bands()
    {
        PageHeat heat = new(PageBytes);
        Window(heat, [(0x1000, 0x3000, "/a"), (0x3000, 0x5000, ""), (0x100000, 0x900000, "[heap]")], [(1, 4), (0x100, 1), (0x800, 1)]);
        Assert.Equal(["/a 2", " 2", "[heap] 1", "[heap] 1"], heat.ToView()!.Bands.Select(static band => $"{band.Name} {band.Rows}"));
    }

    /// <summary>Terabytes, one page here and there: as many rows as there may be, and shares that are true.</summary>
    [Fact]
    public void However_large_the_process_is_the_map_stays_small()
    {
        PageHeat heat = new(PageBytes);
        Random random = new(1);
        for (int window = 0; window < 20; window++)
        {
            SortedSet<ulong> pages = [];
            for (int i = 0; i < 20_000; i++)
            {
                pages.Add((ulong)random.NextInt64(1 << 20, 1L << 34));
            }

            Window(heat, [(1UL << 32, 1UL << 46, "")], pages.Select(static page => (page, 1)));
        }

        HeatView map = heat.ToView()!;
        Assert.InRange(map.Rows, PageHeat.MostRows / 2, PageHeat.MostRows * 9);
        Assert.Equal(map.Rows * 20, map.Cells.Length);
        Assert.Equal(20, heat.Columns);
    }

    [Fact]
    public void One_run_of_gigabytes_is_folded_as_it_comes()
    {
        PageHeat heat = new(PageBytes);
        Window(heat, [(0, 1UL << 36, "[heap]")], [(0, 1 << 23)]);
        HeatView map = heat.ToView()!;
        Assert.InRange(map.Rows, PageHeat.MostRows / 4, PageHeat.MostRows);
        Assert.All(map.Cells, static cell => Assert.Equal(255, cell));
        Assert.Equal((1UL << 23) * PageBytes, (ulong)map.Rows * map.RowBytes);
    }

    private static void Window(PageHeat heat, (ulong Start, ulong End, string Name)[] areas, IEnumerable<(ulong First, int Count)> active)
    {
        heat.Begin();
        foreach ((ulong start, ulong end, string name) in areas)
        {
            heat.AddArea(new MapsEntry { Start = start, End = end, Path = Encoding.UTF8.GetBytes(name) });
        }

        foreach ((ulong first, int count) in active)
        {
            heat.AddActive(first, count);
        }

        heat.EndWindow(TimeSpan.FromSeconds(1));
    }
}
