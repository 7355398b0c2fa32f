using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using MemSnoop.ProcFs;

namespace MemSnoop.Tests.ProcFs;

/// <summary>What must hold of every parser for any bytes: it returns, and a text that was cut short is refused or means the same.</summary>
public class ParserPropertyTests
{
    [Fact]
    public void A_stat_cut_anywhere_is_refused_or_the_same() => CutEverywhere("*/stat", static text => Stat.TryParse(text, out Stat value) ? value : null);

    [Fact]
    public void A_statm_cut_anywhere_is_refused_or_the_same() => CutEverywhere("*/statm", static text => Statm.TryParse(text, out Statm value) ? value : null);

    [Fact]
    public void An_io_file_cut_anywhere_is_refused_or_the_same() =>
        CutEverywhere("*/io", static text => ProcessIo.TryParse(text, out ProcessIo value) ? value : null);

    [Fact]
    public void An_uptime_cut_anywhere_is_refused_or_the_same() =>
        CutEverywhere("uptime", static text => Uptime.TryParse(text, out Uptime value) ? value : null);

    [Fact]
    public void A_system_stat_cut_anywhere_is_refused_or_the_same() =>
        CutEverywhere("stat", static text => SystemStat.TryParse(text, out SystemStat value) ? value : null);

    [Fact]
    public void A_rollup_cut_anywhere_is_refused_or_the_same() =>
        CutEverywhere("*/smaps_rollup", static text => SmapsRollup.TryParse(text, out SmapsSums value) ? value : null);

    [Fact]
    public void A_cgroup_file_of_one_line_cut_anywhere_is_refused_or_the_same() =>
        CutEverywhere("*/cgroup", static text => Cgroup.TryParse(text, out Cgroup value) ? Encoding.UTF8.GetString(value.Path) : null);

    [Fact]
    public void A_memory_stat_cut_anywhere_is_refused_or_the_same()
    {
        byte[] text = File.ReadAllBytes(Path.Combine(Fixture.ReclaimRoot, "memory.stat"));
        Assert.True(MemoryStat.TryParse(text, out MemoryStat whole));
        for (int length = 0; length < text.Length; length++)
        {
            Assert.True(!MemoryStat.TryParse(text.AsSpan(0, length), out MemoryStat cut) || cut == whole);
        }
    }

    [Theory]
    [InlineData("memory.stat")]
    [InlineData("memory.stat-v1")]
    public void A_charge_is_read_from_a_whole_file_of_either_version(string file)
    {
        byte[] text = File.ReadAllBytes(Path.Combine(Fixture.ReclaimRoot, file));
        Assert.True(MemoryCharge.TryParse(text, out MemoryCharge whole));
        string[] names = file.EndsWith("v1", StringComparison.Ordinal) ? ["total_rss ", "total_cache "] : ["anon ", "file "];
        Assert.Equal(
            names.Sum(name => long.Parse(Encoding.UTF8.GetString(text).Split('\n').Single(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..], CultureInfo.InvariantCulture)),
            (long)whole.Bytes);
        for (int length = 0; length < text.Length; length++)
        {
            Assert.True(!MemoryCharge.TryParse(text.AsSpan(0, length), out MemoryCharge cut) || cut == whole);
        }
    }

    [Theory]
    [InlineData("memory.stat", true)]
    [InlineData("memory.stat-v1", false)]
    public void Amounts_of_a_memory_stat_cut_anywhere_but_between_lines_are_refused_and_there_lack_only_what_comes_after(string file, bool isUnified)
    {
        byte[] text = File.ReadAllBytes(Path.Combine(Fixture.ReclaimRoot, file));
        Assert.True(Parse(text, out MemoryAmounts whole));
        for (int length = 0; length < text.Length; length++)
        {
            bool isLine = length > 0 && text[length - 1] == '\n';
            Assert.Equal(isLine, Parse(text.AsSpan(0, length), out MemoryAmounts cut));
            Assert.Equal(whole, MergedOver(whole, cut));
        }

        bool Parse(ReadOnlySpan<byte> bytes, out MemoryAmounts value) => isUnified ? MemoryAmounts.TryParse(bytes, out value) : MemoryAmounts.TryParseVersion1(bytes, out value);

        static MemoryAmounts MergedOver(MemoryAmounts below, MemoryAmounts above) => new()
        {
            Kernel = above.Kernel ?? below.Kernel, Sock = above.Sock ?? below.Sock, ActiveFile = above.ActiveFile ?? below.ActiveFile,
            InactiveFile = above.InactiveFile ?? below.InactiveFile, SlabReclaimable = above.SlabReclaimable ?? below.SlabReclaimable, Zswap = above.Zswap ?? below.Zswap,
            Swap = above.Swap ?? below.Swap, HierarchicalLimit = above.HierarchicalLimit ?? below.HierarchicalLimit,
            RefaultedAnonPages = above.RefaultedAnonPages ?? below.RefaultedAnonPages, RefaultedFilePages = above.RefaultedFilePages ?? below.RefaultedFilePages,
        };
    }

    [Theory]
    [InlineData("max\n")]
    [InlineData("315621376\n")]
    public void A_number_of_a_control_group_cut_anywhere_is_refused(string text) => RefuseCuts(text, static cut => CgroupValue.TryParse(cut, out _));

    [Fact]
    public void A_pressure_cut_anywhere_is_refused() => RefuseCuts(
        "some avg10=0.00 avg60=0.12 avg300=0.05 total=1213034\nfull avg10=0.00 avg60=0.10 avg300=0.04 total=1094512\n", static cut => MemoryPressure.TryParse(cut, out _));

    private static void RefuseCuts(string text, Func<ReadOnlySpan<byte>, bool> parse)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(text);
        Assert.True(parse(bytes));
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.False(parse(bytes.AsSpan(0, length)), $"cut to {length} bytes");
        }
    }

    /// <summary>Whatever numbers a kernel has, and in whatever order with whatever others between, they come back.</summary>
    [Fact]
    public void Events_written_by_any_kernel_come_back() => Check.QuickThrowOnFailure(Prop.ForAll(
        (from counts in Gen.ArrayOf(Gen.Choose(0, int.MaxValue).Select(static count => (ulong)count * 7_919), 5)
         from names in Gen.Shuffle<string>(["low", "high", "max", "oom", "oom_kill", "oom_group_kill", "sock_throttled", "later"])
         from count in Gen.Choose(1, names.Length)
         select (counts, names: names.Take(count).ToArray())).ToArbitrary(),
        static written =>
        {
            string[] known = ["low", "high", "max", "oom", "oom_kill"];
            string text = string.Concat(written.names.Select(name => $"{name} {(Array.IndexOf(known, name) is int at and >= 0 ? written.counts[at] : 1)}\n"));
            ulong? Expected(string name) => written.names.Contains(name) ? written.counts[Array.IndexOf(known, name)] : null;
            bool isParsed = MemoryEvents.TryParse(Encoding.ASCII.GetBytes(text), out MemoryEvents events);
            return isParsed == written.names.Intersect(known).Any()
                && events == new MemoryEvents(Expected("low"), Expected("high"), Expected("max"), Expected("oom"), Expected("oom_kill"));
        }));

    [Fact]
    public void A_vmstat_cut_anywhere_but_between_lines_is_refused()
    {
        byte[] text = Fixture.Read("vmstat");
        for (int length = 0; length < text.Length; length++)
        {
            Assert.Equal(length > 0 && text[length - 1] == '\n', VmStat.TryParse(text.AsSpan(0, length), out _));
        }
    }

    [Fact]
    public void A_list_of_generations_cut_anywhere_has_the_first_of_the_same()
    {
        foreach (string file in Directory.GetFiles(Fixture.ReclaimRoot, "lru_gen*"))
        {
            byte[] text = File.ReadAllBytes(file);
            List<string> whole = Generations(text);
            Assert.NotEmpty(whole);
            for (int length = 0; length < Math.Min(text.Length, 2500); length++)
            {
                List<string> cut = Generations(text.AsSpan(0, length));
                Assert.Equal(whole.Take(cut.Count), cut);
            }
        }
    }

    [Fact]
    public void A_status_cut_anywhere_is_refused_or_lacks_only_what_comes_after_the_cut()
    {
        foreach (byte[] text in Fixture.ReadAll("status"))
        {
            Assert.True(Status.TryParse(text, out Status whole));
            Status withoutCounts = new() { RealUserId = whole.RealUserId, EffectiveUserId = whole.EffectiveUserId };
            Status withPageTables = withoutCounts with { PageTablesKib = whole.PageTablesKib };
            for (int length = 0; length < text.Length; length++)
            {
                if (Status.TryParse(text.AsSpan(0, length), out Status cut))
                {
                    Assert.Contains(cut, (Status[])[withoutCounts, withPageTables]);
                }
            }
        }
    }

    [Fact]
    public void A_maps_line_cut_anywhere_is_refused_or_lacks_only_its_path()
    {
        foreach (byte[] text in Fixture.ReadAll("maps"))
        {
            foreach (string line in Lines(text))
            {
                byte[] bytes = Encoding.Latin1.GetBytes(line);
                Assert.True(MapsEntry.TryParse(bytes, out MapsEntry whole));
                for (int length = 0; length < bytes.Length; length++)
                {
                    if (MapsEntry.TryParse(bytes.AsSpan(0, length), out MapsEntry cut))
                    {
                        Assert.Equal(
                            (whole.Start, whole.End, whole.Permissions, whole.Offset, whole.DeviceMajor, whole.DeviceMinor, whole.Inode),
                            (cut.Start, cut.End, cut.Permissions, cut.Offset, cut.DeviceMajor, cut.DeviceMinor, cut.Inode));
                        Assert.True(whole.Path.StartsWith(cut.Path));
                    }
                }
            }
        }
    }

    [Fact]
    public void An_smaps_file_cut_anywhere_is_malformed_or_has_the_first_of_the_same_areas()
    {
        foreach (byte[] file in Fixture.ReadAll("smaps"))
        {
            // The parser remembers one area only, so some five of them (of 750 bytes each) show all that cutting can do.
            ReadOnlySpan<byte> text = file.AsSpan(0, Math.Min(file.Length, 4000));
            (List<string> whole, bool isMalformed) = Areas(file);
            Assert.False(isMalformed);
            for (int length = 0; length < text.Length; length++)
            {
                (List<string> cut, _) = Areas(text[..length]);
                Assert.Equal(whole.Take(cut.Count), cut);
            }
        }
    }

    /// <summary>The value must come back from the whole text, and from every shorter one either nothing or the same.</summary>
    private static void CutEverywhere(string files, Func<ReadOnlySpan<byte>, object?> parse)
    {
        IEnumerable<byte[]> texts = files.StartsWith("*/", StringComparison.Ordinal)
            ? Directory.GetDirectories(Fixture.ProcRoot).Select(folder => Path.Combine(folder, files[2..])).Where(File.Exists).Select(File.ReadAllBytes)
            : [Fixture.Read(files)];
        int count = 0;
        foreach (byte[] text in texts)
        {
            object? whole = parse(text);
            Assert.NotNull(whole);
            count++;
            for (int length = 0; length < text.Length; length++)
            {
                object? cut = parse(text.AsSpan(0, length));
                Assert.True(cut is null || cut.Equals(whole), $"{files} cut to {length} bytes: {cut}");
            }
        }

        Assert.NotEqual(0, count);
    }

    private static (List<string> Areas, bool IsMalformed) Areas(ReadOnlySpan<byte> text)
    {
        SmapsParser parser = new();
        List<string> areas = [];
        foreach (Range range in text.Split((byte)'\n'))
        {
            if (parser.Accept(text[range]))
            {
                areas.Add(Describe(parser.Area));
            }
        }

        if (parser.Complete())
        {
            areas.Add(Describe(parser.Area));
        }

        return (areas, parser.IsMalformed);

        static string Describe(SmapsArea area) => $"{area.Entry.Start:x}-{area.Entry.End:x} {area.Entry.Permissions} {area.Entry.Inode} {Encoding.UTF8.GetString(area.Entry.Path)} {area.Sums}";
    }

    private static List<string> Generations(ReadOnlySpan<byte> text)
    {
        List<string> found = [];
        LruGen line = new(text);
        while (line.MoveNext())
        {
            found.Add($"{line.Group} {Encoding.Latin1.GetString(text.Slice(line.PathStart, line.PathLength))} {line.Node} {line.Generation} {line.AgeMilliseconds} {line.Anon} {line.File}");
        }

        return found;
    }

    private static string[] Lines(byte[] text) => Encoding.Latin1.GetString(text).Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
