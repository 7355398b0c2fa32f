using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Processes;
using MemSnoop.ProcFs;
using MemSnoop.Tests.WorkingSets;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.Referenced;

namespace MemSnoop.Tests.Processes;

/// <summary>A process whose main thread has ended lives on in others: the kernel calls it a zombie, and its memory is read by a thread that lives.</summary>
public sealed class LeaderlessTests
{
    private const ulong MB = 1 << 20;
    private const ulong Own = 3 * MB;

    private readonly KernelBuffer _buffer = new();

    /// <summary>With and without file handles that are kept.</summary>
    [Theory]
    [InlineData(10)]
    [InlineData(0)]
    public async Task Its_memory_is_seen(int handles)
    {
        using Workload workload = await Workload.StartAsync("leaderless", "--resident", "60", "--hot", "40");
        using TrackedProcess process = Track(workload.Pid, handles);
        Check(process);
        Assert.True(process.Stat.IsLeaderless);

        // Another thread takes over, and the one whose files were read ends.
        await workload.TellAsync("next");
        Assert.Equal(ReadOutcome.Success, process.Look(_buffer, out _));
        Check(process);
        workload.Kill();
        Assert.Equal(ReadOutcome.ProcessGone, process.Look(_buffer, out _));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(0)]
    public async Task It_is_the_same_process_before_and_after(int handles)
    {
        using Workload workload = await Workload.StartAsync("leaderless", "--resident", "60", "--hot", "40", "--wait");
        using TrackedProcess process = Track(workload.Pid, handles);
        Check(process);
        Assert.False(process.Stat.IsLeaderless);
        await workload.TellAsync("end the main thread");
        Assert.Equal(ReadOutcome.Success, process.Look(_buffer, out _));
        Check(process);
        Assert.True(process.Stat.IsLeaderless);
    }

    [Fact]
    public async Task The_table_watches_it_for_as_long_as_it_lives()
    {
        using Workload workload = await Workload.StartAsync("leaderless", "--resident", "60");
        ProcessSelection selection = new() { Names = [new System.Text.RegularExpressions.Regex("^leaderless$")], MinResidentBytes = 50 * MB };
        using ProcessTable table = new(new KernelPaths(), selection, new HandleBudget(100), TimeProvider.System);
        table.Refresh();
        TrackedProcess process = Assert.Single(table.Watched, process => process.Identity.Pid == workload.Pid);
        table.Refresh();
        Assert.Contains(process, table.Watched);
        Check(process);
        workload.Kill();
        table.Refresh();
        Assert.DoesNotContain(process, table.Watched);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(0)]
    public async Task Its_working_set_is_what_its_threads_use(int handles)
    {
        using Workload workload = await Workload.StartAsync("leaderless", "--resident", "60", "--hot", "40");
        using TrackedProcess process = Track(workload.Pid, handles);
        using ReferencedEstimator estimator = new(new EstimatorOptions { MaxStall = TimeSpan.FromMinutes(1) }, TimeProvider.System);
        Passes passes = new(estimator);
        passes.Run(process);

        // A thread touches all before it looks for a line. More than once, since the processor notes no access to a page whose translation it still holds: clear_refs leaves it that.
        for (int threads = 0; threads < 30; threads++)
        {
            await workload.TellAsync("next");
        }

        passes.Run(process);
        WorkingSetSample sample = passes.Completed(process);
        Assert.InRange(sample.TotalBytes, 40 * MB * 0.95, (40 * MB) + Own);
        Assert.InRange(sample.ResidentBytes, 60 * MB, (60 * MB) + Own);
    }

    private void Check(TrackedProcess process)
    {
        Assert.Equal(ReadOutcome.Success, process.ReadStatm(_buffer, out Statm statm));
        Assert.InRange(KernelUnits.Current.Bytes(statm.ResidentPages), 60 * MB, 60 * MB + Own);
        Assert.InRange(KernelUnits.Current.Bytes(process.Stat.ResidentPages), 60 * MB, 60 * MB + Own);
        Assert.InRange(process.Stat.VirtualBytes, 60 * MB, 1024 * MB);
        Assert.Equal(ReadOutcome.Success, new SmapsMeasurement().Measure(process, out MappingSample memory));
        Assert.InRange(memory.ResidentBytes, 60 * MB, 60 * MB + Own);
        Assert.Equal(ReadOutcome.Success, new OpenFilesMeasurement().Measure(process, out OpenFilesSample files));
        Assert.InRange(files.Count, 3UL, 20UL);
        Assert.Equal("leaderless", process.Comm);
    }

    private static TrackedProcess Track(int pid, int handles)
    {
        Assert.Equal(ReadOutcome.Success, TrackedProcess.TryTrack(new KernelPaths(), new HandleBudget(handles), pid, out TrackedProcess? process));
        return process!;
    }
}
