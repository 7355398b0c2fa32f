using MemSnoop.Kernel;

namespace MemSnoop.Tests.Counters.PerfEvents;

public sealed class PerfDescriptorTests
{
    private static readonly string[] SixEvents = ["task-clock", "page-faults", "minor-faults", "major-faults", "cs", "migrations"];

    [Fact]
    public async Task A_process_takes_one_for_each_event_and_thread_and_one_more_and_gives_them_back()
    {
        int before = Open();
        using CountedWorkload counted = await CountedWorkload.StartAsync(new HandleBudget(100), SixEvents);
        await counted.Child.TellAsync("hire 3");

        Assert.Equal(ReadOutcome.Success, counted.Attach());

        Assert.Equal((4 * 6) + 1, counted.Budget.Used);
        Assert.Equal(before + counted.Budget.Used, Open());
        counted.Detach();
        Assert.Equal(0, counted.Budget.Used);
        Assert.Equal(before, Open());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(6)]
    [InlineData(24)]
    public async Task A_process_that_needs_more_than_there_are_is_refused_whole(int limit)
    {
        int before = Open();
        using CountedWorkload counted = await CountedWorkload.StartAsync(new HandleBudget(limit), SixEvents);
        await counted.Child.TellAsync("hire 3");

        Assert.Equal(ReadOutcome.TooLarge, counted.Attach());

        Assert.Equal(0, counted.Budget.Used);
        Assert.Equal(before, Open());
    }

    [Fact]
    public async Task A_process_that_needs_more_than_the_system_gives_is_refused_whole()
    {
        using CountedWorkload counted = await CountedWorkload.StartAsync(new HandleBudget(1000), SixEvents);
        await counted.Child.TellAsync("hire 60");
        int before = Open();
        Assert.Equal(0, Libc.GetResourceLimit(Libc.ResourceOpenFiles, out Libc.ResourceLimit limit));
        ulong beyondLast = 1 + (ulong)Directory.GetFileSystemEntries("/proc/self/fd").Max(static link => int.Parse(Path.GetFileName(link)));
        try
        {
            // Room for some: gaps, and a hundred.
            Assert.Equal(0, Libc.SetResourceLimit(Libc.ResourceOpenFiles, limit with { Soft = beyondLast + 100 }));

            Assert.Equal(ReadOutcome.TooLarge, counted.Attach());
        }
        finally
        {
            Assert.Equal(0, Libc.SetResourceLimit(Libc.ResourceOpenFiles, limit));
        }

        Assert.Equal(0, counted.Budget.Used);
        Assert.Equal(before, Open());
        Assert.Equal(ReadOutcome.Success, counted.Attach());
    }

    /// <summary>Events and pidfds that this test program holds; a pidfd's link says so in two ways, before and since Linux 6.9.</summary>
    private static int Open() => Directory.GetFileSystemEntries("/proc/self/fd")
        .Select(static link => new FileInfo(link).LinkTarget)
        .Count(static target => target is not null && (target.Contains("perf_event", StringComparison.Ordinal) || target.Contains("pidfd", StringComparison.Ordinal)));
}
