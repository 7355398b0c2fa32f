using System.Globalization;
using System.Text.RegularExpressions;
using MemSnoop.Counters;
using MemSnoop.Counters.PerfEvents;
using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.Benchmarks.Counters;

/// <summary>
/// What does it cost the others to be counted by perf_event_open: the target in time, the kernel in memory? Work of a fixed amount is done with and without
/// six software events, in turn, each pair next to each other in time; a ratio is the median of the pairs'.
/// </summary>
/// <remarks>
/// Linux 6.18, 2 cores of an AMD EPYC for which eight programs competed; a unit is a million rounds, a switch, a page fault, a thread:
/// <code>
/// | a target that                  | CPU ns a unit, not counted | 6 events | ratio of CPU | of wall time |
/// |--------------------------------|---------------------------:|---------:|-------------:|-------------:|
/// | burns CPU                      |                     288702 |   291266 |        1.009 |        1.023 |
/// | switches all the time          |                       2445 |     2907 |        1.232 |        1.215 |
/// | takes page faults all the time |                   2161 |     2345 |        1.086 |        1.034 |
/// | starts threads all the time    |                      28736 |    39373 |        1.385 |        1.376 |
/// </code>
/// 200 processes: a reading 0.98 ms of CPU, to begin 0.11 ms a process. 1.6 to 1.9 KB of kernel memory an event.
/// </remarks>
internal static partial class CounterCost
{
    private const int Rounds = 21;
    private const int Processes = 200;
    private const int MemoryCopies = 10;
    private const int Readings = 200;

    private static readonly string[] Names = ["task-clock", "page-faults", "minor-faults", "major-faults", "context-switches", "cpu-migrations"];

    private static readonly (string What, string Command, int Units)[] Work =
    [
        ("burns CPU", "spin 500", 500),
        ("switches all the time", "pingpong 50000", 100_000),
        ("takes page faults all the time", "faults 100000", 100_000),
        ("starts threads all the time", "crew 100 0 0 0", 200),
    ];

    /// <summary>Arguments: the workload (default: artifacts/workloads/events).</summary>
    internal static void Run(string[] args)
    {
        string program = args.Length > 0 ? args[0] : "artifacts/workloads/events";
        using PerfEventProvider provider = new(new KernelPaths(), HandleBudget.Shared);
        CounterEvent[] events = [.. Names.Select(name => provider.Find(name)!)];
        if (!provider.Support.IsSupported)
        {
            throw new InvalidOperationException(provider.Support.Explanation);
        }

        Console.WriteLine("| a target that | CPU ns a unit, not counted | 6 events | ratio of CPU | of wall time | lowest and highest pair |");
        Console.WriteLine("|---|---:|---:|---:|---:|---|");
        foreach ((string what, string command, int units) in Work)
        {
            Console.WriteLine(MeasureTarget(provider, events, program, what, command, units));
        }

        Console.WriteLine();
        using SleepingProcesses sleepers = new(Processes);
        List<TrackedProcess> watched = [.. sleepers.Pids.Select(Track)];
        MeasureReader(provider, events, watched);
        MeasureMemory(provider, events, watched);
        watched.ForEach(static process => process.Dispose());
    }

    private static string MeasureTarget(PerfEventProvider provider, CounterEvent[] events, string program, string what, string command, int units)
    {
        using EventsWorkload child = new(program);
        using TrackedProcess process = Track(child.Pid);
        child.Do(command);
        double[] plain = new double[Rounds];
        double[] counted = new double[Rounds];
        double[] processorRatio = new double[Rounds];
        double[] wallRatio = new double[Rounds];
        for (int round = 0; round < Rounds; round++)
        {
            // Each order as often: what the first of a pair leaves behind must not be the second's.
            (double processor, double wall) first = round % 2 == 0 ? child.Do(command) : DoCounted();
            (double processor, double wall) second = round % 2 == 0 ? DoCounted() : child.Do(command);
            (double processor, double wall) without = round % 2 == 0 ? first : second;
            (double processor, double wall) with = round % 2 == 0 ? second : first;
            plain[round] = without.processor / units;
            counted[round] = with.processor / units;
            processorRatio[round] = with.processor / without.processor;
            wallRatio[round] = with.wall / without.wall;
        }

        return string.Create(CultureInfo.InvariantCulture, $"| {what} (`{command}`) | {Median(plain):F0} | {Median(counted):F0} | {Median(processorRatio):F3} | {Median(wallRatio):F3} | {processorRatio.Min():F3} to {processorRatio.Max():F3} |");

        (double Processor, double Wall) DoCounted()
        {
            using IProcessCounters counters = Open(provider, process, events);
            return child.Do(command);
        }
    }

    /// <summary>By processor time, which bears a busy machine better than the wall time of BenchmarkDotNet.</summary>
    private static void MeasureReader(PerfEventProvider provider, CounterEvent[] events, List<TrackedProcess> watched)
    {
        watched.ForEach(process => Open(provider, process, events).Dispose());
        TimeSpan began = CpuTime.OfThisThread;
        List<IProcessCounters> counters = [.. watched.Select(process => Open(provider, process, events))];
        TimeSpan attached = CpuTime.OfThisThread;
        CounterValue[] values = new CounterValue[events.Length];
        double[] reading = new double[Readings];
        for (int i = 0; i < Readings; i++)
        {
            TimeSpan before = CpuTime.OfThisThread;
            foreach (IProcessCounters process in counters)
            {
                if (process.Read(values) != ReadOutcome.Success)
                {
                    throw new InvalidOperationException("a process cannot be counted");
                }
            }

            reading[i] = (CpuTime.OfThisThread - before).TotalNanoseconds;
        }

        TimeSpan read = CpuTime.OfThisThread;
        counters.ForEach(static process => process.Dispose());
        TimeSpan ended = CpuTime.OfThisThread;
        double median = Median(reading);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Processes} processes of one thread, {events.Length} events, CPU time: a reading {median / 1e6:F3} ms, {median / Processes / events.Length:F0} ns an event and process; to begin {(attached - began).TotalMicroseconds / Processes:F0} µs a process, to end {(ended - read).TotalMicroseconds / Processes:F0} µs"));
    }

    private static void MeasureMemory(PerfEventProvider provider, CounterEvent[] events, List<TrackedProcess> watched)
    {
        long kernelBefore = KernelBytes();
        long available = Meminfo("MemAvailable");
        List<IProcessCounters> counters = [.. Enumerable.Repeat(watched, MemoryCopies).SelectMany(static all => all).Select(process => Open(provider, process, events))];
        double opened = (double)counters.Count * events.Length;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{opened:F0} events: {(KernelBytes() - kernelBefore) / opened:F0} bytes of slab and per-CPU memory an event, {(available - Meminfo("MemAvailable")) / opened:F0} by MemAvailable, this program's own memory included"));
        Console.WriteLine(Slabs().Match(File.ReadAllText("/proc/slabinfo")) is { Success: true } slab
            ? $"slab perf_event: {slab.Groups[1].Value} objects of {slab.Groups[2].Value} bytes"
            : "no slab of the name perf_event (slabs of equal size are merged)");
        counters.ForEach(static process => process.Dispose());
    }

    private static long KernelBytes() => Meminfo("Slab") + Meminfo("Percpu");

    private static long Meminfo(string name) =>
        1024 * long.Parse(File.ReadLines("/proc/meminfo").First(line => line.StartsWith(name + ":", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);

    private static TrackedProcess Track(int pid) =>
        TrackedProcess.TryTrack(new KernelPaths(), new HandleBudget(0), pid, out TrackedProcess? process) == ReadOutcome.Success
            ? process!
            : throw new InvalidOperationException($"process {pid} cannot be followed");

    private static IProcessCounters Open(PerfEventProvider provider, TrackedProcess process, CounterEvent[] events) =>
        provider.Open(process, events, out IProcessCounters? counters) is var outcome && outcome == ReadOutcome.Success
            ? counters!
            : throw new InvalidOperationException($"process {process}: {outcome.ToReason()}");

    private static double Median(double[] values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    [GeneratedRegex(@"^perf_event\s+(\d+)\s+\d+\s+(\d+)", RegexOptions.Multiline)]
    private static partial Regex Slabs();
}
