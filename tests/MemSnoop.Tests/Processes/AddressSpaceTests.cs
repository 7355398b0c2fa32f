using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.Tests.Processes;

public class AddressSpaceTests
{
    [Theory]
    [InlineData("maps")]
    [InlineData("smaps")]
    public async Task It_outlives_neither_exec_nor_exit(string name)
    {
        using Workload child = await Workload.StartAsync("puppet");
        KernelBuffer buffer = new();
        Assert.Equal(ReadOutcome.Success, KernelFile.Open($"/proc/{child.Pid}/{name}", out KernelHandle first));
        Assert.Equal(ReadOutcome.Success, AddressSpace.StillThere(first, buffer));
        await child.TellAsync("usage");
        Assert.Equal(ReadOutcome.Success, AddressSpace.StillThere(first, buffer));

        await child.TellAsync($"exec {await Workloads.PathAsync("puppet")}");

        Assert.Equal(ReadOutcome.Success, KernelFile.Open($"/proc/{child.Pid}/{name}", out KernelHandle second));
        Assert.Equal(ReadOutcome.ProcessGone, AddressSpace.StillThere(first, buffer));
        Assert.Equal(ReadOutcome.Success, AddressSpace.StillThere(second, buffer));

        child.Kill();

        Assert.Equal(ReadOutcome.ProcessGone, AddressSpace.StillThere(second, buffer));
        first.Dispose();
        second.Dispose();
    }

    [Fact]
    public async Task The_task_outlives_exec()
    {
        using Workload child = await Workload.StartAsync("puppet");
        Assert.Equal(ReadOutcome.Success, TrackedProcess.TryTrack(new KernelPaths(), new HandleBudget(10), child.Pid, out TrackedProcess? process));
        using (process)
        {
            KernelBuffer buffer = new();
            Assert.Equal(ReadOutcome.Success, process!.ReadStatm(buffer, out _));
            Assert.Equal(ReadOutcome.Success, process.ReadIo(buffer, out _));

            await child.TellAsync($"exec {await Workloads.PathAsync("puppet")}");

            Assert.Equal(ReadOutcome.Success, process.ReadStatm(buffer, out MemSnoop.ProcFs.Statm statm));
            Assert.True(statm.ResidentPages > 0);
            Assert.Equal(ReadOutcome.Success, process.ReadIo(buffer, out _));
            Assert.Equal(ReadOutcome.Success, process.Look(buffer, out bool renamed));
            Assert.False(renamed);
        }
    }
}
