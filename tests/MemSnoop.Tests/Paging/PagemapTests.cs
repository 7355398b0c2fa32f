using MemSnoop.Kernel;
using MemSnoop.Paging;
using MemSnoop.Processes;

namespace MemSnoop.Tests.Paging;

/// <summary>Which entries a walk hands out, on a plain file (no PAGEMAP_SCAN) and on real processes.</summary>
public class PagemapTests
{
    private const ulong Page = 4096;

    [Fact]
    public void Each_area_gets_its_own_entries_and_gaps_are_nobodys()
    {
        using TemporaryDirectory tree = new();
        Write(tree, 300_000);
        List<MemoryArea> areas = [Area(10, 20), Area(20, 21), Area(30, 90), Area(400, 2000), Area(2001, 2003), Area(5000, 280_000)];

        Assert.Equal(ReadOutcome.Success, Walk(tree, areas, out Collector pages, out Pagemap pagemap));

        Assert.Equal(areas.SelectMany(static area => Pages(area)), pages.Taken);
        Assert.False(pagemap.HasScan);
        Assert.Equal(0UL, pagemap.LeftOutBytes);
    }

    [Fact]
    public void A_reservation_is_left_out_and_counted_where_nothing_names_present_ranges()
    {
        using TemporaryDirectory tree = new();
        Write(tree, 100);
        ulong start = 1UL << 40;
        MemoryArea reservation = new(start, start + (128UL << 40), 0, 0, 0);

        Assert.Equal(ReadOutcome.Success, Walk(tree, [Area(10, 20), reservation], out Collector pages, out Pagemap pagemap));

        Assert.Equal(10, pages.Taken.Count);
        Assert.Equal(128UL << 40, pagemap.LeftOutBytes);
        Assert.Equal(ReadOutcome.Success, pagemap.Walk(Open(tree), [Area(10, 20)], MemoryShare.Whole, pages));
        Assert.Equal(0UL, pagemap.LeftOutBytes);
    }

    [Fact]
    public void Nothing_to_read_inside_an_area_means_that_the_process_went()
    {
        using TemporaryDirectory tree = new();
        Write(tree, 15);
        Assert.Equal(ReadOutcome.ProcessGone, Walk(tree, [Area(10, 20)], out _, out _));
        Assert.Equal(ReadOutcome.ProcessGone, Walk(tree, [Area(10, 2000)], out _, out _));
    }

    [Fact]
    public void A_missing_file_means_that_the_process_went()
    {
        using TemporaryDirectory tree = new();
        Write(tree, 15);
        ProcessDirectory directory = Open(tree);
        File.Delete(tree["7/stat"]);
        File.Delete(tree["7/pagemap"]);

        Assert.Equal(ReadOutcome.ProcessGone, new Pagemap(Page).Walk(directory, [Area(10, 20)], MemoryShare.Whole, new Collector()));
        directory.Dispose();
    }

    /// <summary>Whether present pages are searched for or all are read: 5,000 resident ones may fill an area of twice as many.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(5000)]
    public async Task Of_a_real_process_the_resident_pages_are_found(ulong expected)
    {
        using Workload child = await Workload.StartAsync("touch", "--resident", "20", "--hot", "0");
        Assert.Equal(ReadOutcome.Success, ProcessDirectory.Open(new KernelPaths(), child.Pid, out ProcessDirectory? directory));
        using (directory)
        {
            AreaList areas = new(AreaFilter.All, Page);
            Assert.Equal(ReadOutcome.Success, areas.Read(directory!, out KernelHandle maps));
            Collector pages = new();
            Assert.Equal(ReadOutcome.Success, new Pagemap(Page) { ResidentPages = expected }.Walk(directory!, areas.Areas, MemoryShare.Whole, pages));
            Assert.Equal(ReadOutcome.Success, areas.StillThere(maps));
            maps.Dispose();

            long resident = long.Parse((await File.ReadAllTextAsync($"/proc/{child.Pid}/statm", TestContext.Current.CancellationToken)).Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);

            // The vDSO and the zero page are present and not counted as resident by the kernel.
            Assert.InRange(pages.Present, resident - 64, resident + 64);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_process_that_ends_or_execs_between_its_areas_and_the_end_of_the_walk_is_gone(bool exec)
    {
        using Workload child = await Workload.StartAsync("puppet");
        Assert.Equal(ReadOutcome.Success, ProcessDirectory.Open(new KernelPaths(), child.Pid, out ProcessDirectory? directory));
        using (directory)
        {
            AreaList areas = new(AreaFilter.All, Page);
            Assert.Equal(ReadOutcome.Success, areas.Read(directory!, out KernelHandle maps));
            if (exec)
            {
                await child.TellAsync($"exec {await Workloads.PathAsync("puppet")}");
            }
            else
            {
                child.Kill();
            }

            ReadOutcome outcome = new Pagemap(Page).Walk(directory!, areas.Areas, MemoryShare.Whole, new Collector());
            Assert.Equal(ReadOutcome.ProcessGone, outcome == ReadOutcome.Success ? areas.StillThere(maps) : outcome);
            maps.Dispose();
        }
    }

    private static MemoryArea Area(ulong first, ulong end) => new(first * Page, end * Page, 0, 0, 0);

    private static IEnumerable<(ulong, ulong, ulong)> Pages(MemoryArea area) =>
        Enumerable.Range((int)(area.Start / Page), (int)(area.Bytes / Page)).Select(page => (area.Start, (ulong)page, Entry(page)));

    private static ulong Entry(int page) => (1UL << 63) + (uint)(page + 1);

    private static void Write(TemporaryDirectory tree, int entries)
    {
        tree.Write("7/stat", "");
        using BinaryWriter file = new(File.Create(tree["7/pagemap"]));
        for (int page = 0; page < entries; page++)
        {
            file.Write(Entry(page));
        }
    }

    private static ProcessDirectory Open(TemporaryDirectory tree)
    {
        Assert.Equal(ReadOutcome.Success, ProcessDirectory.Open(new KernelPaths(tree.Root, tree.Root), 7, out ProcessDirectory? directory));
        return directory!;
    }

    private static ReadOutcome Walk(TemporaryDirectory tree, List<MemoryArea> areas, out Collector pages, out Pagemap pagemap)
    {
        using ProcessDirectory directory = Open(tree);
        pages = new Collector();
        pagemap = new Pagemap(Page);
        return pagemap.Walk(directory, areas, MemoryShare.Whole, pages);
    }

    private sealed class Collector : IPageRuns
    {
        public List<(ulong Area, ulong Page, ulong Entry)> Taken { get; } = [];

        public int Present => Taken.Count(static page => new PagemapEntry(page.Entry).IsPresent);

        public bool Take(in MemoryArea area, ulong firstPage, ReadOnlySpan<ulong> entries)
        {
            for (int i = 0; i < entries.Length; i++)
            {
                Taken.Add((area.Start, firstPage + (ulong)i, entries[i]));
            }

            return true;
        }
    }
}
