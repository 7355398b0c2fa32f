using MemSnoop.Kernel;
using MemSnoop.Paging;
using MemSnoop.WorkingSets.Damon;

namespace MemSnoop.Tests.WorkingSets.Damon;

/// <summary>How an address space is divided for the kernel to walk.</summary>
public sealed class ResidentMapTests : IDisposable
{
    private const ulong Page = 4096;
    private const ulong Present = 1UL << 63;
    private readonly TemporaryDirectory _directory = new();
    private readonly PageKindFinder _kinds;

    public ResidentMapTests() => _kinds = new PageKindFinder(new KernelPaths(_directory["proc"], _directory["sys"], _directory["run"]));

    public void Dispose()
    {
        _kinds.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void Small_processes_are_one_range_from_the_first_address_to_the_last()
    {
        ResidentMap map = new(_kinds, Page, coversGaps: true);
        map.Begin(100);
        Assert.True(map.Take(Area(16, 20), 16, [Present, 0, Present, Present]));
        Assert.True(map.Take(Area(1000, 1002), 1000, [0, Present]));
        map.End(Page, 2000 * Page);
        Assert.Equal([new WalkRange(Page, 2000 * Page, false)], map.Ranges);
        Assert.Equal((4UL, 4L), (map.Pages.Anon, map.Largest));
    }

    [Fact]
    public void No_range_holds_more_pages_than_it_may()
    {
        ResidentMap map = new(_kinds, Page, coversGaps: true);
        map.Begin(4);
        Assert.True(map.Take(Area(0, 10), 0, [.. Enumerable.Repeat(Present, 10)]));
        Assert.True(map.Take(Area(20, 23), 20, [.. Enumerable.Repeat(Present, 3)]));
        map.End(Page, 100 * Page);
        Assert.Equal([(0UL, 4UL), (4, 8), (8, 22), (22, 100)], map.Ranges.Select(static range => (range.Start / Page, range.End / Page)).Select(static (range, index) => index == 0 ? (0UL, range.Item2) : range));
        Assert.Equal((13UL, 4L), (map.Pages.Anon, map.Largest));
    }

    [Fact]
    public void Without_gaps_ranges_are_no_larger_than_the_areas()
    {
        ResidentMap map = new(_kinds, Page, coversGaps: false);
        map.Begin(100);
        Assert.True(map.Take(Area(16, 20), 16, [Present, 0, Present, 0]));
        Assert.True(map.Take(Area(20, 21), 20, [Present]));
        Assert.True(map.Take(Area(1000, 1002), 1000, [Present, 0]));
        map.End(Page, 2000 * Page);
        Assert.Equal([new WalkRange(16 * Page, 21 * Page, false), new WalkRange(1000 * Page, 1002 * Page, false)], map.Ranges);
    }

    private static MemoryArea Area(ulong first, ulong end) => new(first * Page, end * Page, 0, 0, 0);
}
