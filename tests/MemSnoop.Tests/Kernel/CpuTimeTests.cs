using MemSnoop.Kernel;

namespace MemSnoop.Tests.Kernel;

public sealed class CpuTimeTests
{
    [Fact]
    public async Task It_is_that_of_all_threads_those_that_have_ended_included()
    {
        using Workload child = await Workload.StartAsync("events");

        await child.TellAsync("crew 4 0 0 20");

        Assert.True(CpuTime.TryGetOfProcess(child.Pid, out ulong nanoseconds));
        ulong answered = (ulong)child.Number("processor_ns");
        Assert.InRange(answered, 8 * 20_000_000ul, ulong.MaxValue);
        Assert.InRange(nanoseconds, answered, answered + 10_000_000);
    }

    [Fact]
    public async Task A_process_that_has_ended_has_none()
    {
        using Workload child = await Workload.StartAsync("events");
        child.Kill();

        Assert.False(CpuTime.TryGetOfProcess(child.Pid, out ulong nanoseconds));
        Assert.Equal(0ul, nanoseconds);
    }
}
