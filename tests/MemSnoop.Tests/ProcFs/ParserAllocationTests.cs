using MemSnoop.ProcFs;

namespace MemSnoop.Tests.ProcFs;

/// <summary>Readers run for every process at every tick, so they leave nothing to collect.</summary>
public class ParserAllocationTests
{
    [Fact]
    public void Parsing_allocates_nothing()
    {
        byte[] stat = Fixture.Read("26251/stat");
        byte[] statm = Fixture.Read("26231/statm");
        byte[] status = Fixture.Read("26251/status");
        byte[] io = Fixture.Read("26231/io");
        byte[] rollup = Fixture.Read("26231/smaps_rollup");
        byte[] cgroup = Fixture.Read("26231/cgroup");
        byte[] maps = Fixture.Read("26231/maps");
        byte[] disks = Fixture.Read("diskstats");
        byte[] uptime = Fixture.Read("uptime");
        byte[] systemStat = Fixture.Read("stat");
        byte[] vmStat = Fixture.Read("vmstat");
        byte[] memoryStat = File.ReadAllBytes(Path.Combine(Fixture.ReclaimRoot, "memory.stat"));
        byte[] memoryStat1 = File.ReadAllBytes(Path.Combine(Fixture.ReclaimRoot, "memory.stat-v1"));
        byte[] generations = File.ReadAllBytes(Path.Combine(Fixture.ReclaimRoot, "lru_gen_full-6.12"));
        byte[] smaps = Fixture.Read("26231/smaps");
        SmapsParser parser = new();

        Assert.Equal(0, Measure(() => Stat.TryParse(stat, out Stat value) && value.Comm.GetHashCode() != 0 && value == value with { }));
        Assert.Equal(0, Measure(() => Statm.TryParse(statm, out _)));
        Assert.Equal(0, Measure(() => Status.TryParse(status, out _)));
        Assert.Equal(0, Measure(() => ProcessIo.TryParse(io, out _)));
        Assert.Equal(0, Measure(() => SmapsRollup.TryParse(rollup, out _)));
        Assert.Equal(0, Measure(() => Cgroup.TryParse(cgroup, out Cgroup value) && value.Path.Length > 1));
        Assert.Equal(0, Measure(() => EachLine(maps, static line => MapsEntry.TryParse(line, out _))));
        Assert.Equal(0, Measure(() => EachLine(disks, static line => DiskStats.TryParse(line, out _))));
        Assert.Equal(0, Measure(() => Uptime.TryParse(uptime, out _)));
        Assert.Equal(0, Measure(() => SystemStat.TryParse(systemStat, out _)));
        Assert.Equal(0, Measure(() => VmStat.TryParse(vmStat, out _)));
        Assert.Equal(0, Measure(() => MemoryStat.TryParse(memoryStat, out _)));
        Assert.Equal(0, Measure(() => MemoryAmounts.TryParse(memoryStat, out _)));
        Assert.Equal(0, Measure(() => MemoryAmounts.TryParseVersion1(memoryStat1, out _)));
        Assert.Equal(0, Measure(static () => MemoryEvents.TryParse("low 0\nhigh 0\nmax 12\noom 1\noom_kill 1\n"u8, out _)));
        Assert.Equal(0, Measure(static () => MemoryPressure.TryParse("some avg10=0.00 total=12\nfull avg10=0.00 total=10\n"u8, out _)));
        Assert.Equal(0, Measure(() => Count(generations) == 40));
        Assert.Equal(0, Measure(() => Stream(parser, smaps) == 24));
    }

    private static long Measure(Func<bool> parse)
    {
        // The first calls may allocate for the runtime itself (type loading).
        Assert.True(parse());
        Assert.True(parse());
        bool isParsed = true;
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            isParsed &= parse();
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(isParsed);
        return allocated;
    }

    private static bool EachLine(ReadOnlySpan<byte> text, Func<ReadOnlySpan<byte>, bool> parse)
    {
        bool isParsed = true;
        foreach (Range range in text.TrimEnd((byte)'\n').Split((byte)'\n'))
        {
            isParsed &= parse(text[range]);
        }

        return isParsed;
    }

    private static int Count(ReadOnlySpan<byte> text)
    {
        int count = 0;
        LruGen line = new(text);
        while (line.MoveNext())
        {
            count++;
        }

        return count;
    }

    private static int Stream(SmapsParser parser, ReadOnlySpan<byte> text)
    {
        parser.Reset();
        int areas = 0;
        foreach (Range range in text.Split((byte)'\n'))
        {
            areas += parser.Accept(text[range]) && parser.Area.Entry.End > 0 ? 1 : 0;
        }

        return areas + (parser.Complete() && !parser.IsMalformed ? 1 : 0);
    }
}
