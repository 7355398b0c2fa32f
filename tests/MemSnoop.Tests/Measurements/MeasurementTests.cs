using System.Text.Json;
using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Processes;

namespace MemSnoop.Tests.Measurements;

/// <summary>Measurements of a child that says itself what it has done.</summary>
public sealed class MeasurementTests : IDisposable
{
    private readonly KernelPaths _paths = new();
    private readonly KernelUnits _units = KernelUnits.Current;
    private readonly KernelBuffer _buffer = new();
    private readonly TemporaryDirectory _directory = new();

    [Fact]
    public async Task Cpu_time_is_what_the_child_burned()
    {
        using Workload child = await Workload.StartAsync("puppet");
        using TrackedProcess process = Track(child);
        await child.TellAsync("burn 300");
        await child.TellAsync("burn-system 200");
        JsonElement usage = child.Said.GetProperty("usage");

        CpuSample sample = MeasureCpu(process);

        // A tick is 10 ms; the kernel scales both files by the same clock.
        Assert.InRange(sample.UserSeconds + sample.SystemSeconds, 0.48, 1);
        Assert.Equal(usage.GetProperty("user_seconds").GetDouble(), sample.UserSeconds, tolerance: 0.03);
        Assert.Equal(usage.GetProperty("system_seconds").GetDouble(), sample.SystemSeconds, tolerance: 0.03);

        // The kernel divides by ticks, so only the order is certain. It is wrong if the two are taken for each other.
        Assert.True(sample.UserSeconds > sample.SystemSeconds && sample.SystemSeconds > 0.02, $"{sample}");
        Assert.Equal(1, sample.Threads);
    }

    [Fact]
    public async Task Page_faults_and_resident_memory_are_those_of_the_pages_touched()
    {
        const int Pages = 2000;
        using Workload child = await Workload.StartAsync("puppet");
        using TrackedProcess process = Track(child);
        ulong faults = MeasureCpu(process).MinorFaults;
        MemorySample memory = MeasureMemory(process);

        await child.TellAsync($"fault {Pages}");

        // Its own page tables and the libc's data come on top; the kernel folds resident pages into the total in batches of up to 64 a CPU.
        ulong batches = (ulong)Environment.ProcessorCount * 64 * _units.PageBytes;
        CpuSample cpu = MeasureCpu(process);
        MemorySample after = MeasureMemory(process);
        Assert.InRange(cpu.MinorFaults - faults, (ulong)Pages, Pages + 64ul);
        Assert.InRange((double)(after.ResidentBytes - memory.ResidentBytes), (Pages * 4096) - (double)batches, (Pages * 4096) + (double)batches);
        Assert.Equal(Pages * 4096ul, after.VirtualBytes - memory.VirtualBytes);
        Assert.InRange(after.DataBytes - memory.DataBytes, Pages * 4096ul, Pages * 4096ul);
        Assert.Equal(memory.TextBytes, after.TextBytes);
        Assert.True(after.SharedBytes < after.ResidentBytes);
    }

    [Fact]
    public async Task Smaps_agree_with_statm()
    {
        using Workload child = await Workload.StartAsync("touch", "--resident", "20");
        using TrackedProcess process = Track(child);

        Assert.Equal(ReadOutcome.Success, new SmapsMeasurement().Measure(process, out MappingSample sample));

        Assert.InRange(sample.ResidentBytes, 20ul << 20, 24ul << 20);
        Assert.InRange(sample.ProportionalBytes, 20ul << 20, sample.ResidentBytes);
        Assert.Equal((0ul, 0ul), (sample.SwapBytes, sample.ProportionalSwapBytes));
    }

    [Theory]
    [InlineData("never", 0)]
    [InlineData("always", 20 << 20)]
    public async Task Huge_pages_are_bytes(string huge, int expected)
    {
        using Workload child = await Workload.StartAsync("touch", "--resident", "20", "--huge", huge);
        using TrackedProcess process = Track(child);

        Assert.Equal(ReadOutcome.Success, new SmapsMeasurement().Measure(process, out MappingSample sample));

        // What the child reads of its own areas is the truth; a machine short of huge pages gives fewer.
        Assert.Equal(child.Number("anon_huge_bytes"), (long)sample.HugeBytes);
        Assert.True(sample.HugeBytes <= (ulong)expected);
    }

    [Theory]
    [InlineData(5000)]
    [InlineData(0)]
    public async Task Open_files_are_counted(int handles)
    {
        using Workload child = await Workload.StartAsync("puppet");
        using TrackedProcess process = Track(child, handles);
        OpenFilesMeasurement measurement = new();
        Assert.Equal(ReadOutcome.Success, measurement.Measure(process, out OpenFilesSample before));

        await child.TellAsync("files 37");

        Assert.Equal(ReadOutcome.Success, measurement.Measure(process, out OpenFilesSample after));
        Assert.Equal(37ul, after.Count - before.Count);
        Assert.Equal((ulong)Directory.GetFiles($"/proc/{child.Pid}/fd").Length, after.Count);
        child.Kill();
        Assert.Equal(ReadOutcome.ProcessGone, measurement.Measure(process, out _));
    }

    [Fact]
    public async Task Io_is_what_the_child_wrote()
    {
        const int Bytes = 3_000_000;
        using Workload child = await Workload.StartAsync("puppet");
        using TrackedProcess process = Track(child);
        ProcessIoMeasurement measurement = new();
        Assert.Equal(ReadOutcome.Success, measurement.Measure(process, out IoSample before));

        string command = $"write {Bytes} {_directory["written"]}";
        await child.TellAsync(command);

        Assert.Equal(ReadOutcome.Success, measurement.Measure(process, out IoSample after));
        Assert.Equal((ulong)(Bytes + child.SaidBytes), after.WrittenCharacters - before.WrittenCharacters);
        Assert.Equal((ulong)command.Length + 1, after.ReadCharacters - before.ReadCharacters);
        Assert.Equal(((Bytes + 65535ul) / 65536) + 1, after.WriteCalls - before.WriteCalls);
        Assert.Equal(1ul, after.ReadCalls - before.ReadCalls);

        // Whole pages become dirty, and some of the file system's own; writeback may clean a page that then becomes dirty again. A
        // temporary directory in memory has no storage behind it.
        ulong pages = (Bytes + 4095ul) / 4096 * 4096;
        ulong stored = after.StorageWrittenBytes - before.StorageWrittenBytes;
        Assert.True(stored == 0 || (stored >= pages && stored <= pages + (64 * 4096)), $"{stored} for {pages}");
    }

    [Fact]
    public async Task What_was_cut_off_before_it_was_written_is_cancelled()
    {
        using Workload child = await Workload.StartAsync("puppet");
        using TrackedProcess process = Track(child);
        ProcessIoMeasurement measurement = new();

        await child.TellAsync($"cut {_directory["cut"]} 1000000");

        Assert.Equal(ReadOutcome.Success, measurement.Measure(process, out IoSample sample));
        Assert.InRange(sample.CancelledBytes, 0ul, sample.StorageWrittenBytes);
        Assert.Equal(0L, new FileInfo(_directory["cut"]).Length);
    }

    [Fact]
    public void Io_and_smaps_of_another_user_are_denied() => Unprivileged.Run(() =>
    {
        Assert.Equal(ReadOutcome.Success, TrackedProcess.TryTrack(_paths, new HandleBudget(10), 1, out TrackedProcess? process));
        using (process)
        {
            Assert.Equal(ReadOutcome.Denied, new ProcessIoMeasurement().Measure(process!, out _));
            Assert.Equal(ReadOutcome.Denied, new SmapsMeasurement().Measure(process!, out _));
            Assert.Equal(ReadOutcome.Success, new StatmMeasurement(_units).Measure(process!, out _));
        }
    });

    [Fact]
    public async Task Start_time_and_age_are_those_of_the_wall_clock()
    {
        DateTimeOffset before = TimeProvider.System.GetUtcNow();
        using Workload child = await Workload.StartAsync("puppet");
        DateTimeOffset after = TimeProvider.System.GetUtcNow();
        using TrackedProcess process = Track(child);

        CpuSample sample = MeasureCpu(process);

        // btime is in whole seconds, starts in ticks.
        Assert.InRange(sample.StartTimeSeconds, Seconds(before) - 1.1, Seconds(after) + 1.1);
        Assert.InRange(sample.UptimeSeconds, 0, Seconds(TimeProvider.System.GetUtcNow()) - Seconds(before) + 0.1);
    }

    [Fact]
    public async Task Everything_of_an_exited_process_reads_as_gone()
    {
        using Workload child = await Workload.StartAsync("puppet");
        using TrackedProcess process = Track(child);
        child.Kill();

        Assert.Equal(ReadOutcome.ProcessGone, process.Look(_buffer, out _));
        Assert.Equal(ReadOutcome.ProcessGone, new StatmMeasurement(_units).Measure(process, out _));
        Assert.Equal(ReadOutcome.ProcessGone, new ProcessIoMeasurement().Measure(process, out _));
        Assert.Equal(ReadOutcome.ProcessGone, new SmapsMeasurement().Measure(process, out _));
        Assert.Equal(ReadOutcome.ProcessGone, new SchedulingMeasurement(_paths, _units).Measure(process, out _));
        process.Dispose();
        Assert.Equal(ReadOutcome.ProcessGone, new StatMeasurement(new SystemClock(_paths), _units).Measure(process, out _));
    }

    [Fact]
    public void Disks_of_this_machine_are_read()
    {
        DiskIoMeasurement measurement = new(_paths, static name => !name.StartsWith("loop", StringComparison.Ordinal));
        List<DiskSample> disks = [];

        Assert.Equal(ReadOutcome.Success, measurement.Measure(disks));

        string[] names = [.. File.ReadLines("/proc/diskstats").Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[2])];
        Assert.Equal(names.Where(static name => !name.StartsWith("loop", StringComparison.Ordinal)), disks.Select(static disk => disk.Device));
    }

    private static double Seconds(DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).TotalSeconds;

    private CpuSample MeasureCpu(TrackedProcess process)
    {
        Assert.Equal(ReadOutcome.Success, process.Look(_buffer, out _));
        Assert.Equal(ReadOutcome.Success, new StatMeasurement(new SystemClock(_paths), _units).Measure(process, out CpuSample sample));
        return sample;
    }

    private MemorySample MeasureMemory(TrackedProcess process)
    {
        Assert.Equal(ReadOutcome.Success, new StatmMeasurement(_units).Measure(process, out MemorySample sample));
        return sample;
    }

    private TrackedProcess Track(Workload child, int handles = 10)
    {
        Assert.Equal(ReadOutcome.Success, TrackedProcess.TryTrack(_paths, new HandleBudget(handles), child.Pid, out TrackedProcess? process));
        return process!;
    }

    public void Dispose() => _directory.Dispose();
}
