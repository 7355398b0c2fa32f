using BenchmarkDotNet.Attributes;
using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Processes;

namespace MemSnoop.Benchmarks;

/// <summary>
/// What does each stage of a reading take for 100 real processes, and does any of them allocate? All sleep, so io and scheduling come in two:
/// after a look that found them asleep nothing is read; without one, the file is.
/// </summary>
/// <remarks>
/// For all 100: divide by 100 for one. The smaps figure is the kernel's walk over page tables; its bytes are the handles of files that are opened anew.
/// Linux 6.18, 2 cores of an AMD EPYC that others used too, .NET 10, short run:
/// <code>
/// | Method              | Mean         | Error        | StdDev     | Allocated |
/// |-------------------- |-------------:|-------------:|-----------:|----------:|
/// | Refresh             |     83.31 us |    81.914 us |   4.490 us |      41 B |
/// | RefreshIoScheduling |     80.29 us |    48.001 us |   2.631 us |      41 B |
/// | Statm               |    103.89 us |     8.626 us |   0.473 us |         - |
/// | IoRead              |    170.01 us |    81.562 us |   4.471 us |         - |
/// | SchedulingRead      |    882.46 us | 1,805.568 us |  98.969 us |         - |
/// | OpenFiles           |    166.76 us |   221.093 us |  12.119 us |         - |
/// | Smaps               | 10,449.90 us | 5,133.493 us | 281.384 us |    3240 B |
/// </code>
/// </remarks>
public class ProcessBenchmarks
{
    private const int Processes = 100;

    private readonly ProcessIoMeasurement _io = new();
    private readonly SchedulingMeasurement _scheduling = new(new KernelPaths(), KernelUnits.Current);
    private readonly StatmMeasurement _statm = new(KernelUnits.Current);
    private readonly OpenFilesMeasurement _openFiles = new();
    private readonly SmapsMeasurement _smaps = new();
    private SleepingProcesses? _sleepers;
    private ProcessTable? _table;
    private IReadOnlyList<TrackedProcess> _watched = [];

    [GlobalSetup]
    public void Start()
    {
        _sleepers = new SleepingProcesses(Processes);
        ProcessSelection selection = new() { Pids = new HashSet<int>(_sleepers.Pids), IncludeChildren = false };
        _table = new ProcessTable(new KernelPaths(), selection, HandleBudget.Shared, TimeProvider.System);
        _table.Refresh();
        _watched = _table.Watched;
        if (_watched.Count != Processes)
        {
            throw new InvalidOperationException($"{_watched.Count} of {Processes} processes are watched.");
        }
    }

    [GlobalCleanup]
    public void Stop()
    {
        _table?.Dispose();
        _sleepers?.Dispose();
    }

    [Benchmark]
    public void Refresh() => _table!.Refresh();

    [Benchmark]
    public int RefreshIoScheduling()
    {
        _table!.Refresh();
        return Measure(_io) + Measure(_scheduling);
    }

    [Benchmark]
    public int Statm() => Measure(_statm);

    [Benchmark]
    public int IoRead() => Measure(_io);

    [Benchmark]
    public int SchedulingRead() => Measure(_scheduling);

    [Benchmark]
    public int OpenFiles() => Measure(_openFiles);

    [Benchmark]
    public int Smaps() => Measure(_smaps);

    private int Measure<TSample>(IMeasurement<TSample> measurement)
        where TSample : struct
    {
        int succeeded = 0;
        foreach (TrackedProcess process in (TrackedProcess[])_watched)
        {
            succeeded += measurement.Measure(process, out _) == ReadOutcome.Success ? 1 : 0;
        }

        measurement.EndRound();
        return succeeded == Processes ? succeeded : throw new InvalidOperationException($"{measurement.Name}: {succeeded} of {Processes}.");
    }
}
