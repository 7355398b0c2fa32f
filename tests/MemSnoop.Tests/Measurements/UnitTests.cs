using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Processes;
using MemSnoop.Tests.ProcFs;

namespace MemSnoop.Tests.Measurements;

/// <summary>Kernel units become bytes and seconds: exact numbers from fixtures.</summary>
public sealed class UnitTests : IDisposable
{
    private static readonly KernelUnits Units = new(ClockTicksPerSecond: 250, PageBytes: 65_536);

    private readonly ProcTree _tree = new();

    [Fact]
    public void Statm_pages_are_bytes()
    {
        using TrackedProcess process = Track("26231");
        _tree.Write("proc/26231/statm", "4260 2911 1434 691 0 1995 0\n");

        Assert.Equal(ReadOutcome.Success, new StatmMeasurement(Units).Measure(process, out MemorySample sample));

        Assert.Equal(new MemorySample(4260 * 65_536ul, 2911 * 65_536ul, 1434 * 65_536ul, 691 * 65_536ul, 1995 * 65_536ul), sample);
    }

    [Fact]
    public void Stat_ticks_are_seconds()
    {
        _tree.Write("proc/stat", "cpu 1 2 3\nbtime 1795370073\n");
        _tree.Write("proc/uptime", "4000.50 1.00\n");
        _tree.Write("proc/7/stat", "7 (x) S 1 7 7 0 -1 4194304 55 1 4 2 500 125 0 0 20 0 3 0 1000 2560000 327 " + string.Join(' ', Enumerable.Repeat("0", 28)) + "\n");
        using TrackedProcess process = Track("7");

        Assert.Equal(ReadOutcome.Success, new StatMeasurement(new SystemClock(_tree.Paths), Units).Measure(process, out CpuSample sample));

        Assert.Equal(new CpuSample(2, 0.5, 55, 4, 3, 1795370077, 3996.5), sample);
    }

    [Fact]
    public void Ages_grow_from_round_to_round()
    {
        _tree.Write("proc/uptime", "1000000.00 1.00\n");
        using TrackedProcess process = Track("26231");
        StatMeasurement measurement = new(new SystemClock(_tree.Paths), Units);
        double first = Age();

        _tree.Write("proc/uptime", "1000005.50 1.00\n");
        Assert.Equal(first, Age());
        measurement.EndRound();
        Assert.Equal(first + 5.5, Age(), precision: 6);

        double Age()
        {
            Assert.Equal(ReadOutcome.Success, measurement.Measure(process, out CpuSample sample));
            return sample.UptimeSeconds;
        }
    }

    [Theory]
    [InlineData("btime 5\n", "", 5, double.NaN)]
    [InlineData("", "1.25 0.00\n", double.NaN, 1.25)]
    [InlineData("btime five\n", "soon\n", double.NaN, double.NaN)]
    [InlineData(null, null, double.NaN, double.NaN)]
    public void Times_that_cannot_be_read_are_no_numbers(string? stat, string? uptime, double bootTime, double expected)
    {
        if (stat is not null && uptime is not null)
        {
            _tree.Write("proc/stat", stat);
            _tree.Write("proc/uptime", uptime);
        }
        else
        {
            File.Delete(_tree.Paths.Proc("stat"));
        }

        SystemClock clock = new(_tree.Paths);

        Assert.Equal((bootTime, expected), (clock.BootTimeSeconds, clock.UptimeSeconds));
    }

    [Fact]
    public void Uptime_is_read_anew_when_asked()
    {
        _tree.Write("proc/uptime", "1.25 0.00\n");
        SystemClock clock = new(_tree.Paths);
        _tree.Write("proc/uptime", "2.50 0.00\n");

        Assert.Equal(1.25, clock.UptimeSeconds);
        clock.Refresh();
        Assert.Equal(2.5, clock.UptimeSeconds);
    }

    [Fact]
    public void Io_keeps_its_fields_apart()
    {
        using TrackedProcess process = Track("26231");
        _tree.Write("proc/26231/io", "rchar: 1\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: 5\nwrite_bytes: 6\ncancelled_write_bytes: 7\n");

        Assert.Equal(ReadOutcome.Success, new ProcessIoMeasurement().Measure(process, out IoSample sample));

        Assert.Equal(new IoSample(1, 2, 3, 4, 5, 6, 7), sample);
    }

    [Theory]
    [InlineData("")]
    [InlineData("rchar: 1\n")]
    public void Text_that_is_not_the_kernels_is_no_sample(string text)
    {
        using TrackedProcess process = Track("26231");
        _tree.Write("proc/26231/io", text);

        Assert.Equal(text.Length == 0 ? ReadOutcome.ProcessGone : ReadOutcome.Malformed, new ProcessIoMeasurement().Measure(process, out _));
    }

    [Fact]
    public void Rollup_kibibytes_are_bytes()
    {
        using TrackedProcess process = Track("26231");
        string text = File.ReadAllText(Path.Combine(Fixture.ProcRoot, "26231/smaps_rollup"));
        foreach ((string key, int kib) in new[]
        {
            ("Rss", 1000), ("Pss", 500), ("Swap", 20), ("SwapPss", 10), ("AnonHugePages", 1), ("ShmemPmdMapped", 2), ("FilePmdMapped", 4),
            ("Shared_Hugetlb", 8), ("Private_Hugetlb", 16),
        })
        {
            text = System.Text.RegularExpressions.Regex.Replace(text, $@"(?m)^{key}: +\d+ kB", $"{key}: {kib} kB");
        }

        _tree.Write("proc/26231/smaps_rollup", text);

        Assert.Equal(ReadOutcome.Success, new SmapsMeasurement().Measure(process, out MappingSample sample));

        Assert.Equal(new MappingSample(1000 * 1024, 500 * 1024, 20 * 1024, 10 * 1024, 31 * 1024), sample);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    public void Open_files_are_listed_where_the_directory_has_no_size(int handles)
    {
        // Directories of sysfs have size 0, as those of open files had before Linux 6.2.
        const string Sizeless = "/sys/kernel";
        _tree.AddProcess(26231);
        Directory.CreateSymbolicLink(_tree["proc/26231/fd"], Sizeless);
        Assert.Equal(ReadOutcome.Success, TrackedProcess.TryTrack(_tree.Paths, new HandleBudget(handles), 26231, out TrackedProcess? process));
        using (process)
        {
            Assert.Equal(ReadOutcome.Success, new OpenFilesMeasurement().Measure(process!, out OpenFilesSample sample));
            Assert.Equal((ulong)Directory.GetFileSystemEntries(Sizeless).Length, sample.Count);
        }
    }

    [Theory]
    [InlineData("", null)]
    [InlineData(" 12 13 14 1500", 14ul)]
    [InlineData(" 12 13 14 1500 16 17", 14ul)]
    public void Disk_sectors_are_512_bytes_and_milliseconds_seconds(string later, ulong? discarded)
    {
        _tree.Write("proc/diskstats", $"   8       0 sda 1 2 3 4000 5 6 7 8000 9 10000 11000{later}\n   7       0 loop0 1 2 3 4 5 6 7 8 9 10 11{later}\n");
        DiskIoMeasurement measurement = new(_tree.Paths, static name => name != "loop0");
        List<DiskSample> disks = [];

        Assert.Equal(ReadOutcome.Success, measurement.Measure(disks));

        DiskTraffic? discard = discarded is { } sectors ? new DiskTraffic(sectors * 512, 12, 13, 1.5) : null;
        Assert.Equal([new DiskSample("sda", new(3 * 512, 1, 2, 4), new(7 * 512, 5, 6, 8), discard, 9, 10, 11)], disks);
        DiskSample again = disks[0];
        Assert.Equal(ReadOutcome.Success, measurement.Measure(disks));
        Assert.Same(again.Device, Assert.Single(disks).Device);
    }

    [Theory]
    [InlineData("   8 0 sda 1 2 3\n", ReadOutcome.Malformed)]
    [InlineData("   8 0 sda 1 2 3 4 5 6 7 8 9 10 11", ReadOutcome.Malformed)]
    [InlineData(null, ReadOutcome.NotSupported)]
    public void Disks_that_cannot_be_read_are_none(string? text, ReadOutcome expected)
    {
        if (text is not null)
        {
            _tree.Write("proc/diskstats", text);
        }

        List<DiskSample> disks = [default];

        Assert.Equal(expected, new DiskIoMeasurement(_tree.Paths, static _ => true).Measure(disks));
        Assert.Empty(disks);
    }

    private TrackedProcess Track(string pid)
    {
        if (pid == "26231")
        {
            _tree.AddProcess(26231);
        }

        Assert.Equal(
            ReadOutcome.Success,
            TrackedProcess.TryTrack(_tree.Paths, new HandleBudget(0), int.Parse(pid, System.Globalization.CultureInfo.InvariantCulture), out TrackedProcess? process));
        return process!;
    }

    public void Dispose() => _tree.Dispose();
}
