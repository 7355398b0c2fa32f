using MemSnoop.Paging;
using MemSnoop.ProcFs;
using MemSnoop.Tracing;

namespace MemSnoop.Tests.Tracing;

/// <summary>Traces made up for tests: 4,096-byte pages, a sample a second.</summary>
internal static class Traces
{
    internal const ulong PageBytes = 4096;

    internal static DateTimeOffset Start { get; } = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    internal static TracedArea Area(ulong firstPage, ulong pages, string name = "", AreaPermissions permissions = AreaPermissions.Read | AreaPermissions.Write) =>
        new(firstPage * PageBytes, (firstPage + pages) * PageBytes, permissions, name);

    internal static PageRangeSet Pages(params ulong[] pages)
    {
        PageRangeSet.Builder builder = new();
        foreach (ulong page in pages.Distinct().Order())
        {
            builder.Add(page, 1);
        }

        return builder.Build();
    }

    /// <summary>Bit i of the mask is page 1,000 + i.</summary>
    internal static PageRangeSet Pages(uint mask) => Pages([.. Enumerable.Range(0, 32).Where(bit => (mask >> bit & 1) != 0).Select(static bit => 1000UL + (ulong)bit)]);

    internal static PageSample Sample(int second, PageRangeSet active, params TracedArea[] areas) =>
        new(TimeSpan.FromSeconds(second + 1), TimeSpan.FromSeconds(1), areas, active);

    internal static PageTrace Of(params PageSample[] samples) => new((int)PageBytes, 4711, "single", Start, samples);

    internal static PageTrace Of(params PageRangeSet[] active) => Of([.. active.Select(static (pages, second) => Sample(second, pages, Area(1000, 32)))]);

    internal static PageTrace Of(params uint[] masks) => Of([.. masks.Select(Pages)]);

    internal static ulong[] List(PageRangeSet pages)
    {
        List<ulong> list = [];
        foreach (PageRange range in pages.Ranges)
        {
            for (ulong page = range.FirstPage; page < range.End; page++)
            {
                list.Add(page);
            }
        }

        return [.. list];
    }
}
