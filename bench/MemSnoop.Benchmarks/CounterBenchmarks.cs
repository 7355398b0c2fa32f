using BenchmarkDotNet.Attributes;
using MemSnoop.Counters;
using MemSnoop.Counters.PerfEvents;
using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.Benchmarks;

/// <summary>
/// What does it take to read 6 software events of each of 200 real processes by perf_event_open, does it allocate, and what does it take to begin
/// and end the counting? All sleep and have one thread; of a thread that runs on another processor the kernel asks that processor, once for each event.
/// </summary>
/// <remarks>
/// For one event of one process, and for six of one process. Linux 6.18, 2 cores of an AMD EPYC for which eight programs competed (so that
/// errors are as large as the means: <c>counters</c>, the other mode, measures processor time and says 819 and 904 ns), .NET 10, short run:
/// <code>
/// | Method                 | Mean         | Error        | StdDev     | Allocated |
/// |----------------------- |-------------:|-------------:|-----------:|----------:|
/// | ReadEvent              |     719.2 ns |   2,062.0 ns |   113.0 ns |         - |
/// | AttachAndDetachProcess | 110,009.8 ns | 107,482.0 ns | 5,891.5 ns |    4896 B |
/// </code>
/// </remarks>
public class CounterBenchmarks
{
    private const int Processes = 200;

    private static readonly string[] Names = ["task-clock", "page-faults", "minor-faults", "major-faults", "context-switches", "cpu-migrations"];

    private readonly CounterValue[] _values = new CounterValue[Names.Length];
    private readonly List<TrackedProcess> _watched = [];
    private readonly List<IProcessCounters> _counters = [];
    private SleepingProcesses? _sleepers;
    private PerfEventProvider? _provider;
    private CounterEvent[] _events = [];

    [GlobalSetup]
    public void Start()
    {
        HandleBudget budget = HandleBudget.Shared;
        _sleepers = new SleepingProcesses(Processes);
        _provider = new PerfEventProvider(new KernelPaths(), budget);
        _events = [.. Names.Select(name => _provider.Find(name)!)];
        foreach (int pid in _sleepers.Pids)
        {
            if (TrackedProcess.TryTrack(new KernelPaths(), budget, pid, out TrackedProcess? process) != ReadOutcome.Success)
            {
                throw new InvalidOperationException($"process {pid} cannot be followed");
            }

            _watched.Add(process!);
            _counters.Add(Open(process!));
        }
    }

    [GlobalCleanup]
    public void Stop()
    {
        _counters.ForEach(static counters => counters.Dispose());
        _watched.ForEach(static process => process.Dispose());
        _provider?.Dispose();
        _sleepers?.Dispose();
    }

    [Benchmark(OperationsPerInvoke = Processes * 6)]
    public void ReadEvent()
    {
        foreach (IProcessCounters counters in _counters)
        {
            if (counters.Read(_values) != ReadOutcome.Success)
            {
                throw new InvalidOperationException("a process cannot be counted");
            }
        }
    }

    [Benchmark(OperationsPerInvoke = Processes)]
    public void AttachAndDetachProcess()
    {
        foreach (TrackedProcess process in _watched)
        {
            Open(process).Dispose();
        }
    }

    private IProcessCounters Open(TrackedProcess process) =>
        _provider!.Open(process, _events, out IProcessCounters? counters) is var outcome && outcome == ReadOutcome.Success
            ? counters!
            : throw new InvalidOperationException($"process {process}: {outcome.ToReason()}");
}
