using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.ProcFs;

namespace MemSnoop.Tests.Processes;

/// <summary>Whether there can be new processes is asked of one short file.</summary>
public sealed class ForkWitnessTests
{
    [Theory]
    [InlineData("0.20 0.18 0.12 1/80 11206\n", 11206)]
    [InlineData("3.51 4.01 2.00 12/4711 1\n", 1)]
    [InlineData("0.20 0.18 0.12 1/80\n", null)]
    [InlineData("0.20 0.18 0.12 1/80 -4\n", null)]
    [InlineData("", null)]
    public void The_last_pid_is_the_fifth_field(string text, int? expected)
    {
        bool isRead = LoadAverage.TryParse(System.Text.Encoding.UTF8.GetBytes(text), out LoadAverage value);
        Assert.Equal(expected, isRead ? value.LastPid : null);
    }

    [Fact]
    public async Task A_process_that_begins_is_noticed()
    {
        ForkWitness witness = new(new KernelPaths());
        witness.MayHaveForked();
        using Workload child = await Workload.StartAsync("puppet");
        Assert.True(witness.MayHaveForked());
    }

    [Fact]
    public async Task Sooner_or_later_nothing_has_begun_between_two_calls()
    {
        ForkWitness witness = new(new KernelPaths());
        await Eventually.HoldsAsync(() => !witness.MayHaveForked());
    }

    [Fact]
    public void Where_it_cannot_know_it_says_that_there_may_be_some()
    {
        using TemporaryDirectory elsewhere = new();
        elsewhere.Write("loadavg", "0.20 0.18 0.12 1/80 11206\n");
        ForkWitness witness = new(new KernelPaths(elsewhere.Root));
        Assert.True(witness.MayHaveForked());
        Assert.True(witness.MayHaveForked());
    }
}
