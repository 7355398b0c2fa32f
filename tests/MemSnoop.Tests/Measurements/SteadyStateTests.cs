using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Processes;
using Microsoft.Extensions.Time.Testing;

namespace MemSnoop.Tests.Measurements;

/// <summary>What one collection over many idle processes leaves to the garbage collector.</summary>
public class SteadyStateTests
{
    private const int Processes = 100;
    private const int Rounds = 20;

    // Listing the proc root costs the more, the more processes the machine has, and each one that is new to it a look: mostly other people's,
    // and not in each of the rounds.
    [Theory]
    [InlineData(true, 64)]
    [InlineData(false, 2)]
    public async Task A_collection_allocates_next_to_nothing(bool listsProcRoot, double mostBytesPerProcess)
    {
        using Workload idler = await Workload.StartAsync("idler", "--processes", $"{Processes}");
        KernelPaths paths = new();
        FakeTimeProvider time = new();
        ProcessSelection selection = new() { Pids = idler.Pids("pids").ToHashSet(), IncludeChildren = listsProcRoot };
        using ProcessTable table = new(paths, selection, new HandleBudget(1000), time);
        SystemClock clock = new(paths);
        StatMeasurement stat = new(clock, KernelUnits.Current);
        StatmMeasurement statm = new(KernelUnits.Current);
        ProcessIoMeasurement io = new();
        SchedulingMeasurement scheduling = new(paths, KernelUnits.Current);

        // The first rounds open the kept handles and grow the buffers.
        Collect();
        time.Advance(TimeSpan.FromMinutes(1));
        Collect();
        double perProcess = Enumerable.Range(0, Rounds).Min(_ => Allocated(Collect) / (double)Processes);
        TestContext.Current.SendDiagnosticMessage($"{perProcess:F2} bytes a process and collection");
        double most = listsProcRoot ? mostBytesPerProcess * Math.Max(1, Directory.GetDirectories("/proc").Length / (double)Processes) : mostBytesPerProcess;
        Assert.InRange(perProcess, 0, most);

        static long Allocated(Action round)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            round();
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        void Collect()
        {
            table.Refresh();
            Assert.True(table.Watched.Count == Processes);
            bool succeeded = true;
            for (int i = 0; i < Processes; i++)
            {
                TrackedProcess process = table.Watched[i];
                succeeded &= stat.Measure(process, out _) == ReadOutcome.Success
                    && statm.Measure(process, out _) == ReadOutcome.Success
                    && io.Measure(process, out _) == ReadOutcome.Success
                    && scheduling.Measure(process, out _) == ReadOutcome.Success;
            }

            scheduling.EndRound();
            Assert.True(succeeded);
        }
    }
}
