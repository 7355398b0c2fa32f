using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.Tests.Kernel;

public sealed class HandleBudgetTests
{
    private readonly KernelPaths _paths = new();
    private readonly KernelBuffer _buffer = new();

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void No_more_are_taken_than_there_are(int limit)
    {
        HandleBudget budget = new(limit);

        Assert.Equal(limit, Enumerable.Range(0, limit + 2).Count(_ => budget.TryTake()));
        Assert.Equal(limit, budget.Used);
        Assert.All(Enumerable.Range(0, limit), _ => budget.Return());
        Assert.Equal(0, budget.Used);
        Assert.Equal(limit > 0, budget.TryTake());
    }

    [Fact]
    public void Several_are_taken_together_or_not_at_all()
    {
        HandleBudget budget = new(10);

        Assert.True(budget.TryTake(7));
        Assert.False(budget.TryTake(4));
        Assert.False(budget.TryTake(int.MaxValue));
        Assert.Equal(7, budget.Used);
        Assert.True(budget.TryTake(3));
        Assert.False(budget.TryTake());
        budget.Return(7);
        Assert.Equal(3, budget.Used);
    }

    [Fact]
    public void A_negative_limit_is_none() => Assert.False(new HandleBudget(-1).TryTake());

    [Fact]
    public void Most_of_what_this_process_may_open_is_budgeted()
    {
        HandleBudget budget = HandleBudget.Shared;

        Assert.Equal(0, Libc.GetResourceLimit(Libc.ResourceOpenFiles, out Libc.ResourceLimit limit));
        Assert.Equal(limit.Hard, limit.Soft);
        Assert.InRange((ulong)budget.Limit, 1ul, limit.Soft - 1);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(TrackedProcess.MostHandles - 1)]
    [InlineData(TrackedProcess.MostHandles)]
    [InlineData(100)]
    public async Task A_process_is_followed_with_any_number_of_handles(int limit)
    {
        using Workload child = await Workload.StartAsync("puppet");
        HandleBudget budget = new(limit);
        Assert.Equal(ReadOutcome.Success, TrackedProcess.TryTrack(_paths, budget, child.Pid, out TrackedProcess? process));

        Assert.Equal((ReadOutcome.Success, ReadOutcome.Success, ReadOutcome.Success, ReadOutcome.Success), ReadAll(process!));
        Assert.Equal(Math.Min(limit, TrackedProcess.MostHandles), budget.Used);
        Assert.Equal(budget.Used, KernelHandles.CountOf(child.Pid));

        child.Kill();

        Assert.Equal((ReadOutcome.ProcessGone, ReadOutcome.ProcessGone, ReadOutcome.ProcessGone, ReadOutcome.ProcessGone), ReadAll(process!));
        process!.Dispose();
        process.Dispose();
        Assert.Equal(0, budget.Used);
        Assert.Equal(0, KernelHandles.CountOf(child.Pid));
    }

    [Fact]
    public async Task A_process_that_is_let_go_keeps_no_handle_open_behind_its_back()
    {
        using Workload child = await Workload.StartAsync("puppet");
        HandleBudget budget = new(100);
        Assert.Equal(ReadOutcome.Success, TrackedProcess.TryTrack(_paths, budget, child.Pid, out TrackedProcess? process));
        process!.Dispose();

        Assert.Equal((ReadOutcome.ProcessGone, ReadOutcome.ProcessGone, ReadOutcome.ProcessGone, ReadOutcome.ProcessGone), ReadAll(process));
        Assert.True(process.HasLeft);
        Assert.Equal(0, budget.Used);
    }

    [Fact]
    public void Without_handles_the_next_owner_of_a_pid_is_told_apart()
    {
        using ProcTree tree = new();
        tree.AddProcess(26231);
        Assert.Equal(ReadOutcome.Success, TrackedProcess.TryTrack(tree.Paths, new HandleBudget(0), 26231, out TrackedProcess? process));
        using (process)
        {
            Assert.Equal(ReadOutcome.Success, process!.ReadStatm(_buffer, out _));

            tree.SetStartTicks(26231, 999_999);

            Assert.Equal((ReadOutcome.ProcessGone, ReadOutcome.ProcessGone, ReadOutcome.ProcessGone, ReadOutcome.ProcessGone), ReadAll(process));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(300)]
    [InlineData(2000)]
    public async Task A_table_of_200_processes_gives_all_handles_back(int limit)
    {
        int before = KernelHandles.Count();
        HandleBudget budget = new(limit);
        using (Workload idler = await Workload.StartAsync("idler", "--processes", "200"))
        {
            ProcessSelection selection = new() { Pids = idler.Pids("pids").ToHashSet(), IncludeChildren = false };
            using ProcessTable table = new(_paths, selection, budget, TimeProvider.System);
            table.Refresh();
            Assert.Equal(200, table.Watched.Count);
            Assert.All(table.Watched, process => Assert.Equal(
                (ReadOutcome.Success, ReadOutcome.Success, ReadOutcome.Success, ReadOutcome.Success), ReadAll(process)));
            Assert.Equal(Math.Min(limit, 200 * TrackedProcess.MostHandles), budget.Used);
            Assert.Equal(before + budget.Used, KernelHandles.Count());
        }

        Assert.Equal(0, budget.Used);
        Assert.Equal(before, KernelHandles.Count());
    }

    private (ReadOutcome Stat, ReadOutcome Statm, ReadOutcome Io, ReadOutcome Status) ReadAll(TrackedProcess process) =>
        (process.Look(_buffer, out _), process.ReadStatm(_buffer, out _), process.ReadIo(_buffer, out _), process.ReadStatus(_buffer, out _));

}
