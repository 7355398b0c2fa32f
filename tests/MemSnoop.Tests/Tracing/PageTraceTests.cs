using FsCheck;
using FsCheck.Fluent;
using MemSnoop.Paging;
using MemSnoop.ProcFs;
using MemSnoop.Tracing;

namespace MemSnoop.Tests.Tracing;

public class PageTraceTests
{
    [Fact]
    public void A_heap_that_grew_is_one_area_of_its_greatest_length()
    {
        PageTrace trace = Traces.Of(
            Traces.Sample(0, PageRangeSet.Empty, Traces.Area(10, 2, "[heap]")),
            Traces.Sample(1, PageRangeSet.Empty, Traces.Area(10, 9, "[heap]")),
            Traces.Sample(2, PageRangeSet.Empty, Traces.Area(10, 5, "[heap]")));
        Assert.Equal([Traces.Area(10, 9, "[heap]")], trace.Areas);
    }

    [Fact]
    public void An_address_belongs_to_the_area_that_had_it_last()
    {
        PageTrace trace = Traces.Of(
            Traces.Sample(0, PageRangeSet.Empty, Traces.Area(10, 10, "/old"), Traces.Area(30, 1)),
            Traces.Sample(1, PageRangeSet.Empty, Traces.Area(12, 3, "/new"), Traces.Area(30, 1)));
        Assert.Equal([Traces.Area(10, 2, "/old"), Traces.Area(12, 3, "/new"), Traces.Area(15, 5, "/old"), Traces.Area(30, 1)], trace.Areas);
    }

    [Fact]
    public void Areas_that_touch_stay_apart_when_their_permissions_differ()
    {
        TracedArea[] areas = [Traces.Area(10, 2, "/lib"), Traces.Area(12, 2, "/lib", AreaPermissions.Read)];
        Assert.Equal(areas, Traces.Of(Traces.Sample(0, PageRangeSet.Empty, areas)).Areas);
        Assert.Equal("r--p", areas[1].PermissionLetters);
    }

    [Fact]
    public void A_bitmap_has_the_active_pages_of_its_area() => Prop.ForAll<uint[]>(static masks =>
    {
        PageBitmap bitmap = Traces.Of(masks).Bitmap(Traces.Area(990, 30));
        return bitmap.Samples == masks.Length && bitmap.Pages == 30 && masks.Index().All(each => Enumerable.Range(0, 30).All(page =>
            bitmap[(ulong)page, each.Index] == (page >= 10 && (each.Item >> (page - 10) & 1) != 0)));
    }).Check(Config.QuickThrowOnFailure.WithArbitrary([typeof(Masks)]));

    [Fact]
    public void A_bitmap_counts_whole_words_too()
    {
        PageRangeSet.Builder builder = new();
        builder.Add(0, 300);
        PageBitmap bitmap = Traces.Of(builder.Build()).Bitmap(Traces.Area(1, 200));
        Assert.All(Enumerable.Range(0, 200), page => Assert.True(bitmap[(ulong)page, 0]));
        Assert.Throws<ArgumentOutOfRangeException>(() => bitmap[200, 0]);
        Assert.Throws<ArgumentOutOfRangeException>(() => bitmap[0, 1]);
    }
}
