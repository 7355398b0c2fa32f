using MemSnoop.Paging;
using MemSnoop.ProcFs;
using MemSnoop.Tracing;

namespace MemSnoop.Exporter.Tests.Report;

/// <summary>
/// A trace as the workload <c>double</c> would give it: two arrays of 2,000,000 doubles, idle for ten samples, the first accessed for fifteen, the second for
/// fifteen, idle for ten. A heap that grows and a stack are active now and then, and a huge reservation holds one busy page.
/// </summary>
internal static class SyntheticTrace
{
    internal const ulong PageBytes = 4096;
    internal const ulong ArrayPages = 3907;   // 16,000,000 bytes
    internal const ulong FirstArray = 0x7f3a1c000;
    internal const ulong SecondArray = FirstArray + ArrayPages + 1;
    internal const int Samples = 50;

    internal static PageTrace Create(string comm = "double")
    {
        PageRangeSet.Builder pages = new();
        PageSample[] samples = new PageSample[Samples];
        for (int second = 0; second < Samples; second++)
        {
            ulong heapPages = 33 + (ulong)(second / 5 * 12);
            TracedArea[] areas =
            [
                Area(0x400, 2, AreaPermissions.Read | AreaPermissions.Execute, "/usr/local/bin/double"),
                Area(0x1a2b, heapPages, Writable, "[heap]"),
                Area(0x7e0000000, 1UL << 24, Writable, ""),
                Area(FirstArray, ArrayPages, Writable, "[anon:first]"),
                Area(SecondArray, ArrayPages, Writable, "[anon:second]"),
                Area(0x7f3a2f000, 400, AreaPermissions.Read | AreaPermissions.Execute, "/usr/lib/x86_64-linux-gnu/libc.so.6"),
                Area(0x7ffd53200, 33, Writable, "[stack]"),
            ];
            pages.Clear();
            pages.Add(0x400, 1);
            pages.Add(0x1a2b + heapPages - 12, 12);
            pages.Add(0x7e0000000 + (1 << 20), 1);
            if (second is >= 10 and < 25)
            {
                pages.Add(FirstArray, ArrayPages);
            }
            else if (second is >= 25 and < 40)
            {
                pages.Add(SecondArray, ArrayPages);
            }

            pages.Add(0x7f3a2f000 + (ulong)(second * 7 % 390), 4);
            pages.Add(0x7ffd53200 + 30, 2);
            samples[second] = new PageSample(TimeSpan.FromSeconds(second + 1), TimeSpan.FromSeconds(1), areas, pages.Build());
        }

        return new PageTrace((int)PageBytes, 4711, comm, new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero), samples);
    }

    private const AreaPermissions Writable = AreaPermissions.Read | AreaPermissions.Write;

    private static TracedArea Area(ulong firstPage, ulong pages, AreaPermissions permissions, string name) =>
        new(firstPage * PageBytes, (firstPage + pages) * PageBytes, permissions, name);
}
