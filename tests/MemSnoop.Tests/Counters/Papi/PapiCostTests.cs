using System.Diagnostics;
using System.Globalization;
using MemSnoop.Counters;
using MemSnoop.Counters.Papi;
using MemSnoop.Counters.PerfEvents;
using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.Tests.Counters.PerfEvents;

namespace MemSnoop.Tests.Counters.Papi;

/// <summary>What it costs, in the tests' output, beside what the kernel alone costs; bounds are ratios within a run, since machines differ.</summary>
public sealed class PapiCostTests
{
    private const int Processes = 200;
    private const int Rounds = 5;
    private const int Passes = 5000;

    [Fact]
    public async Task A_reading_of_six_events_of_200_processes()
    {
        if (await StandIn.HasRunAsync(typeof(PapiCostTests)))
        {
            return;
        }

        using Workload idlers = await Workload.StartAsync("idler", "--processes", Processes.ToString(CultureInfo.InvariantCulture));
        int[] pids = idlers.Pids("pids");
        HandleBudget budget = new(4000);
        using PapiProvider papi = new(new KernelPaths(), budget);
        using PerfEventProvider perf = new(new KernelPaths(), budget);

        TimeSpan byLibrary = Measure(papi, budget, pids, ["PAPI_TOT_CYC", "PAPI_TOT_INS", "PAPI_BR_INS", "perf::PAGE-FAULTS", "perf::TASK-CLOCK", "perf::CONTEXT-SWITCHES"]);
        TimeSpan byKernel = Measure(perf, budget, pids, ["cpu-clock", "minor-faults", "migrations", "page-faults", "task-clock", "context-switches"]);

        // Ten times as much here; a library that is asked for each event by itself, or opens anew what it has, costs hundreds of times.
        Assert.InRange(byLibrary / byKernel, 0, 60);
    }

    [Fact]
    public async Task What_being_counted_costs_a_busy_target()
    {
        if (await StandIn.HasRunAsync(typeof(PapiCostTests)))
        {
            return;
        }

        // Switches cost most: the kernel stops and starts each counter with them. The child's processor time, and the least of some rounds:
        // how long a round takes depends on who else runs.
        HandleBudget budget = new(100);
        using CountedWorkload counted = await CountedWorkload.StartAsync(
            new PapiProvider(new KernelPaths(), budget), budget, ["PAPI_TOT_CYC", "PAPI_TOT_INS", "PAPI_BR_INS", "perf::PAGE-FAULTS", "perf::TASK-CLOCK", "perf::CONTEXT-SWITCHES"]);
        double alone = await LeastRoundAsync(counted.Child);
        Assert.Equal(ReadOutcome.Success, counted.Attach());
        double watched = await LeastRoundAsync(counted.Child);

        TestContext.Current.TestOutputHelper?.WriteLine($"{Passes:N0} passes between two threads: {alone:F1} ms alone, {watched:F1} ms with six events");
        Assert.InRange(counted.Count(5), Rounds * (ulong)Passes, ulong.MaxValue);
        Assert.InRange(watched, 0, 5 * alone);
    }

    private static async Task<double> LeastRoundAsync(Workload child)
    {
        double least = double.MaxValue;
        double before = (await child.TellAsync("usage")).GetProperty("processor_ns").GetDouble();
        for (int i = 0; i < Rounds; i++)
        {
            double after = (await child.TellAsync($"pingpong {Passes}")).GetProperty("processor_ns").GetDouble();
            (least, before) = (double.Min(least, (after - before) / 1e6), after);
        }

        return least;
    }

    /// <summary>The least time that a reading of all of them took.</summary>
    private static TimeSpan Measure(ICounterProvider provider, HandleBudget budget, int[] pids, string[] names)
    {
        Assert.True(provider.Support.IsSupported, provider.Support.Explanation);
        CounterEvent[] events = [.. names.Select(name => provider.Find(name)!)];
        List<IProcessCounters> all = [];
        long started = Stopwatch.GetTimestamp();
        foreach (int pid in pids)
        {
            Assert.Equal(ReadOutcome.Success, TrackedProcess.TryTrack(new KernelPaths(), new HandleBudget(0), pid, out TrackedProcess? process));
            Assert.Equal(ReadOutcome.Success, provider.Open(process!, events, out IProcessCounters? counters));
            all.Add(counters!);
            process!.Dispose();
        }

        TimeSpan attaching = Stopwatch.GetElapsedTime(started);
        int descriptors = budget.Used;
        CounterValue[] values = new CounterValue[events.Length];
        TimeSpan[] readings = new TimeSpan[20];
        for (int i = 0; i < readings.Length; i++)
        {
            started = Stopwatch.GetTimestamp();
            foreach (IProcessCounters counters in all)
            {
                Assert.Equal(ReadOutcome.Success, counters.Read(values));
            }

            readings[i] = Stopwatch.GetElapsedTime(started);
        }

        started = Stopwatch.GetTimestamp();
        all.ForEach(static counters => counters.Dispose());
        TimeSpan detaching = Stopwatch.GetElapsedTime(started);
        Array.Sort(readings);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{provider.Name}: {events.Length} events of {pids.Length} processes: reading {readings[readings.Length / 2].TotalMilliseconds:F2} ms, attaching {attaching.TotalMilliseconds:F0} ms, "
            + $"detaching {detaching.TotalMilliseconds:F0} ms, {descriptors} descriptors");
        Assert.Equal(0, budget.Used);
        return readings[0];
    }
}
