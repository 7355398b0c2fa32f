using System.Globalization;
using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.Referenced;

namespace MemSnoop.Tests.WorkingSets.Referenced;

/// <summary>A busy target of 8 GB: how long it waits for a mapping beside this method, with the budget and without one.</summary>
public sealed class LongestStallTests
{
    private const int Windows = 20;

    [Fact]
    [LongTier("referenced-stall")]
    public async Task A_large_busy_target_is_held_up_no_longer_than_the_budget()
    {
        using Workload target = await Workload.StartAsync("mmapper", "--hold", "8192", "--huge", "never", "--touch-every-ms", "1000");
        Assert.Equal(ReadOutcome.Success, TrackedProcess.TryTrack(new KernelPaths(), new HandleBudget(10), target.Pid, out TrackedProcess? process));
        using (process)
        {
            Assert.Equal(ReadOutcome.Success, process!.ReadStatus(new KernelBuffer(), out MemSnoop.ProcFs.Status status));
            double alone = await LongestAsync(target, null);

            using ReferencedEstimator budgeted = new(new EstimatorOptions { ReferencedMaxResidentBytes = 64UL << 30 }, TimeProvider.System);
            Passes passes = new(budgeted);
            double within = await LongestAsync(target, () =>
            {
                passes.Run(process);
                Assert.Equal(ReadOutcome.WouldStall, passes.Skipped(process));
            });
            Assert.Equal(TimeSpan.Zero, budgeted.LongestStall);

            using ReferencedEstimator free = new(
                new EstimatorOptions { ReferencedMaxResidentBytes = 64UL << 30, MaxStall = TimeSpan.FromMinutes(1) }, TimeProvider.System);
            Passes all = new(free);
            TimeSpan told = default;
            double without = await LongestAsync(target, () =>
            {
                all.Run(process);
                told = free.LongestStall > told ? free.LongestStall!.Value : told;
            });

            // What the kernel holds for the whole walk, the budget would never allow.
            Assert.True(told > new EstimatorOptions().MaxStall, $"{told}");
            Measured.Note("referenced-stall", string.Create(
                CultureInfo.InvariantCulture,
                $"8 GB in small pages, page tables {status.PageTablesKib} kB; longest mmap of the target alone {alone:F1} ms, beside the default budget of 10 ms (left out) {within:F1} ms, without a budget {without:F1} ms, of which it told {told.TotalMilliseconds:F1} ms"));
        }
    }

    /// <summary>The target's longest round of mapping and unmapping, in milliseconds, while something is done once a second.</summary>
    private static async Task<double> LongestAsync(Workload target, Action? once)
    {
        await target.TellAsync("");
        for (int window = 0; window < Windows; window++)
        {
            once?.Invoke();
            await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        }

        return (await target.TellAsync("")).GetProperty("longest_us").GetDouble() / 1000;
    }
}
