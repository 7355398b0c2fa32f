using System.Text;
using MemSnoop.ProcFs;

namespace MemSnoop.Tests.ProcFs;

public class SmapsParserTests
{
    private const string Header = "00403000-00408000 r-xp 00002000 fe:1a 248174                             /usr/bin/sleep";

    // Every size of a real area, with numbers that tell them apart.
    private static readonly string[] Values =
    [
        "Size:                 90 kB", "KernelPageSize:        4 kB", "MMUPageSize:           4 kB", "Rss:                   1 kB", "Pss:                   2 kB",
        "Pss_Dirty:            91 kB", "Shared_Clean:         92 kB", "Shared_Dirty:         93 kB", "Private_Clean:        94 kB", "Private_Dirty:        95 kB",
        "Referenced:            3 kB", "Anonymous:             4 kB", "KSM:                  96 kB", "LazyFree:             13 kB", "AnonHugePages:         5 kB",
        "ShmemPmdMapped:        6 kB", "FilePmdMapped:         7 kB", "Shared_Hugetlb:        8 kB", "Private_Hugetlb:       9 kB", "Swap:                 10 kB",
        "SwapPss:              11 kB", "Locked:               12 kB", "THPeligible:           0", "ProtectionKey:         0", "VmFlags: rd ex mr mw me ",
    ];

    private static readonly SmapsSums Sums = new()
    {
        RssKib = 1,
        PssKib = 2,
        ReferencedKib = 3,
        AnonymousKib = 4,
        AnonHugePagesKib = 5,
        ShmemPmdMappedKib = 6,
        FilePmdMappedKib = 7,
        SharedHugetlbKib = 8,
        PrivateHugetlbKib = 9,
        SwapKib = 10,
        SwapPssKib = 11,
        LockedKib = 12,
        LazyFreeKib = 13,
    };

    [Fact]
    public void Every_field_of_an_area_is_read()
    {
        SmapsParser parser = new();
        Assert.False(Feed(parser, [Header, .. Values]));

        Assert.True(parser.Complete());
        Assert.False(parser.IsMalformed);
        SmapsArea area = parser.Area;
        Assert.Equal((0x403000ul, 0x408000ul), (area.Entry.Start, area.Entry.End));
        Assert.Equal(AreaPermissions.Read | AreaPermissions.Execute, area.Entry.Permissions);
        Assert.Equal((0xfeu, 0x1au, 248174ul), (area.Entry.DeviceMajor, area.Entry.DeviceMinor, area.Entry.Inode));
        Assert.Equal("/usr/bin/sleep", Encoding.UTF8.GetString(area.Entry.Path));
        Assert.Equal(Sums, area.Sums);
        Assert.False(parser.Complete());
    }

    [Fact]
    public void The_next_header_finishes_an_area_and_leaves_its_path_readable()
    {
        SmapsParser parser = new();
        string longPath = "/" + new string('p', 5000);
        Feed(parser, [Header, .. Values]);

        Assert.True(parser.Accept(Encoding.UTF8.GetBytes($"00409000-0040a000 rw-p 00000000 fe:00 7 {longPath}\n")));
        Assert.Equal("/usr/bin/sleep", Encoding.UTF8.GetString(parser.Area.Entry.Path));
        Feed(parser, ["Rss: 5 kB\n", "Locked: 0 kB\n", "\n"]);
        Assert.Equal("/usr/bin/sleep", Encoding.UTF8.GetString(parser.Area.Entry.Path));

        Assert.True(parser.Accept("0040b000-0040c000 rw-p 00000000 00:00 0 "u8));
        Assert.Equal(longPath, Encoding.UTF8.GetString(parser.Area.Entry.Path));
        Assert.Equal(new SmapsSums { RssKib = 5 }, parser.Area.Sums);
        Feed(parser, ["Rss: 0 kB", "Locked: 0 kB"]);
        Assert.True(parser.Complete());
        Assert.True(parser.Area.Entry.Path.IsEmpty);
        Assert.False(parser.IsMalformed);
    }

    [Theory]
    [InlineData("Rss: 1 kB")]
    [InlineData("nonsense")]
    [InlineData(Header, Header)]
    [InlineData(Header, "Rss: 18446744073709551616 kB")]
    [InlineData(Header, "Rss: -1 kB")]
    [InlineData(Header, "Rss: 1")]
    [InlineData(Header, "Rss: 1 kB", "Locked: 0 kB", "00500000-0040")]
    [InlineData(Header, "Rss: 1 kB", "Locked: 0 kB", "zz500000-00600000 r--p 00000000 fe:00 7 /x")]
    public void What_is_no_smaps_file_is_malformed_until_reset(params string[] lines)
    {
        SmapsParser parser = new();
        Assert.False(Feed(parser, lines));

        Assert.True(parser.IsMalformed);
        Assert.False(Feed(parser, [Header, .. Values, Header]));
        Assert.False(parser.Complete());

        parser.Reset();
        Assert.False(Feed(parser, [Header, .. Values]));
        Assert.True(parser.Complete());
        Assert.False(parser.IsMalformed);
        Assert.Equal(Sums, parser.Area.Sums);
    }

    [Fact]
    public void A_last_area_that_was_cut_short_is_malformed()
    {
        SmapsParser parser = new();
        Feed(parser, [Header, "Rss: 20 kB", "Pss: 20 kB"]);

        Assert.False(parser.Complete());
        Assert.True(parser.IsMalformed);
    }

    [Fact]
    public void An_empty_file_has_no_area_and_is_not_malformed()
    {
        SmapsParser parser = new();

        Assert.False(parser.Complete());
        Assert.False(parser.IsMalformed);
    }

    [Theory]
    [InlineData("26231", 24)]
    [InlineData("26250", 43)]
    public void The_areas_of_a_real_process_are_those_of_its_maps_and_sum_to_its_rollup(string pid, int count)
    {
        SmapsParser parser = new();
        SmapsSums sums = default;
        List<string> areas = [];
        foreach (string line in Lines(Fixture.Read($"{pid}/smaps")))
        {
            if (parser.Accept(Encoding.Latin1.GetBytes(line)))
            {
                Add(parser.Area);
            }
        }

        Assert.True(parser.Complete());
        Add(parser.Area);
        Assert.False(parser.IsMalformed);
        Assert.Equal(count, areas.Count);
        Assert.Equal(Lines(Fixture.Read($"{pid}/maps")).Select(Describe), areas);

        Assert.True(SmapsRollup.TryParse(Fixture.Read($"{pid}/smaps_rollup"), out SmapsSums rollup));
        // Pss is rounded down for each area; the kernel's own sum keeps the fractions.
        Assert.InRange(rollup.PssKib, sums.PssKib, sums.PssKib + (ulong)count);
        Assert.Equal(rollup with { PssKib = 0 }, sums with { PssKib = 0 });

        void Add(SmapsArea area)
        {
            sums += area.Sums;
            areas.Add($"{area.Entry.Start:x}-{area.Entry.End:x} {area.Entry.Permissions} {area.Entry.DeviceMajor}:{area.Entry.DeviceMinor} {area.Entry.Inode} {Encoding.UTF8.GetString(area.Entry.Path)}");
        }

        static string Describe(string line)
        {
            Assert.True(MapsEntry.TryParse(Encoding.Latin1.GetBytes(line), out MapsEntry e));
            return $"{e.Start:x}-{e.End:x} {e.Permissions} {e.DeviceMajor}:{e.DeviceMinor} {e.Inode} {Encoding.UTF8.GetString(e.Path)}";
        }
    }

    [Fact]
    public void A_rollup_has_the_same_sizes()
    {
        string text = "00400000-00687000 ---p 00000000 00:00 0                                  [rollup]\n" + string.Join('\n', Values[3..^3]) + "\n";

        Assert.True(SmapsRollup.TryParse(Encoding.UTF8.GetBytes(text), out SmapsSums sums));
        Assert.Equal(Sums, sums);
        Assert.Equal(Sums, sums + default(SmapsSums));
        Assert.Equal(new SmapsSums { RssKib = 2, SwapKib = 20 }, (sums + sums) with
        {
            PssKib = 0,
            ReferencedKib = 0,
            AnonymousKib = 0,
            AnonHugePagesKib = 0,
            ShmemPmdMappedKib = 0,
            FilePmdMappedKib = 0,
            SharedHugetlbKib = 0,
            PrivateHugetlbKib = 0,
            SwapPssKib = 0,
            LockedKib = 0,
            LazyFreeKib = 0,
        });
    }

    [Theory]
    [InlineData("")]
    [InlineData("00400000-00687000 ---p 00000000 00:00 0 [rollup]\n")]
    [InlineData("00400000-00687000 ---p 00000000 00:00 0 [rollup]\nRss: 1 kB\n")]
    [InlineData("00400000-00687000 ---p 00000000 00:00 0 [rollup]\nPss: 1 kB\nLocked: 0 kB\n")]
    [InlineData("00400000-00687000 ---p 00000000 00:00 0 [rollup]\nRss: x kB\nLocked: 0 kB\n")]
    [InlineData("Rss: 1 kB\nLocked: 0 kB\n")]
    public void A_rollup_cut_short_is_refused(string text) => Assert.False(SmapsRollup.TryParse(Encoding.UTF8.GetBytes(text), out _));

    private static bool Feed(SmapsParser parser, IEnumerable<string> lines)
    {
        bool isFinished = false;
        foreach (string line in lines)
        {
            isFinished |= parser.Accept(Encoding.UTF8.GetBytes(line));
        }

        return isFinished;
    }

    private static string[] Lines(byte[] text) => Encoding.Latin1.GetString(text).Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
