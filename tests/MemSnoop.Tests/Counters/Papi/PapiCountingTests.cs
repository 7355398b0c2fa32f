using System.Text.Json;
using MemSnoop.Counters;
using MemSnoop.Counters.Papi;
using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.Tests.Counters.PerfEvents;

namespace MemSnoop.Tests.Counters.Papi;

/// <summary>
/// The real library against a child that says what the kernel itself has counted for it. Where the machine has no counters, those of the
/// processor count the child's time (<see cref="StandIn"/>), so that every machine knows what they must say.
/// </summary>
public sealed class PapiCountingTests
{
    /// <summary>Between its answer and its next order a child takes a switch or two, and now and then a page of its own.</summary>
    private const ulong Handful = 16;

    private const string Faults = "perf::PAGE-FAULTS";
    private const string Switches = "perf::CONTEXT-SWITCHES";
    private const string Clock = "perf::TASK-CLOCK";
    private const string Cycles = "PAPI_TOT_CYC";

    [Fact]
    public async Task Page_faults_are_those_the_child_takes()
    {
        if (await StandIn.HasRunAsync(typeof(PapiCountingTests)))
        {
            return;
        }

        using CountedWorkload counted = await AttachAsync(Faults);
        Assert.InRange(counted.Count(), 0ul, Handful);

        await counted.Child.TellAsync("faults 20000");

        Assert.InRange(counted.Count(), 20_000ul, 20_000 + Handful);
        Within(counted.Truth("minor_faults", "major_faults"), counted.Count(), 2);
        Assert.Equal(1.0, counted.RunningRatio(0));
    }

    [Fact]
    public async Task Context_switches_are_those_the_child_makes()
    {
        if (await StandIn.HasRunAsync(typeof(PapiCountingTests)))
        {
            return;
        }

        using CountedWorkload counted = await AttachAsync(Switches);

        await counted.Child.TellAsync("switches 2000");

        // Now and then the shortest of naps is over before it has begun.
        ulong truth = counted.Truth("voluntary", "involuntary");
        Assert.InRange(truth, 1500ul, ulong.MaxValue);
        Within(truth, counted.Count(), truth / 10);
    }

    [Fact]
    public async Task Clock_and_cycles_are_the_processor_time_of_the_child()
    {
        if (await StandIn.HasRunAsync(typeof(PapiCountingTests)))
        {
            return;
        }

        using CountedWorkload counted = await AttachAsync(Clock, Cycles, "PAPI_TOT_INS");

        await counted.Child.TellAsync("burn 500");

        ulong truth = counted.Truth("processor_ns");
        Assert.InRange(truth, 500_000_000ul, 2_000_000_000ul);
        for (int i = 0; i < 3; i++)
        {
            counted.Stolen.AssertClock(truth, counted.Count(i));
        }
    }

    [Fact]
    public async Task Nothing_is_lost_of_threads_that_come_and_go_and_of_their_threads()
    {
        if (await StandIn.HasRunAsync(typeof(PapiCountingTests)))
        {
            return;
        }

        const int Threads = 16;
        using CountedWorkload counted = await AttachAsync(Faults, Switches, Cycles);
        int descriptors = counted.Budget.Used;
        List<ulong> faults = [0];

        Task<JsonElement> crew = counted.Child.TellAsync($"crew {Threads} 500 100 20");
        while (!crew.IsCompleted)
        {
            faults.Add(counted.Count());
        }

        await crew;
        faults.Add(counted.Count());

        Assert.Equal(faults.Order(), faults);
        Assert.Single(Directory.GetDirectories($"/proc/{counted.Child.Pid}/task"));
        Assert.InRange(counted.Count(), 2ul * Threads * 500, ulong.MaxValue);
        Within(counted.Truth("minor_faults", "major_faults"), counted.Count(), Handful);
        ulong switches = counted.Truth("voluntary", "involuntary");
        Within(switches, counted.Count(1), switches / 10);
        ulong processorTime = counted.Truth("processor_ns");
        counted.Stolen.AssertClock(processorTime, counted.Count(2));
        Assert.Equal(descriptors, counted.Budget.Used);
    }

    [Fact]
    public async Task Threads_that_were_there_before_are_counted_and_leave_their_counts_behind()
    {
        if (await StandIn.HasRunAsync(typeof(PapiCountingTests)))
        {
            return;
        }

        using CountedWorkload counted = await StartAsync(1000, Faults, Cycles);
        await counted.Child.TellAsync("hire 16");
        Assert.Equal(ReadOutcome.Success, counted.Attach());
        Assert.Equal(1 + (17 * 2), counted.Budget.Used);

        await counted.Child.TellAsync("work 300 50 0");

        Assert.InRange(counted.Count(), 16ul * 300, ulong.MaxValue);
        Within(counted.Truth("minor_faults", "major_faults"), counted.Count(), Handful);
        ulong ended = counted.Count();

        await counted.Child.TellAsync("faults 100");

        Assert.InRange(counted.Count(), ended + 100, ended + 100 + Handful);
    }

    [Fact]
    public async Task A_process_whose_first_thread_has_ended_is_counted()
    {
        if (await StandIn.HasRunAsync(typeof(PapiCountingTests)))
        {
            return;
        }

        using CountedWorkload counted = await StartAsync(1000, Faults);
        await counted.Child.TellAsync("leave");
        await Eventually.HoldsAsync(() => File.ReadAllText($"/proc/{counted.Child.Pid}/stat").Contains(") Z ", StringComparison.Ordinal));
        Assert.Equal(ReadOutcome.Success, counted.Attach());

        await counted.Child.TellAsync("faults 1000");

        Assert.InRange(counted.Count(), 1000ul, 1000 + Handful);
        counted.Child.Kill();
        Assert.Equal(ReadOutcome.ProcessGone, counted.Read());
        Assert.Equal(ReadOutcome.ProcessGone, counted.Attach());
    }

    [Fact]
    public async Task Children_that_a_process_forks_are_counted_with_it()
    {
        if (await StandIn.HasRunAsync(typeof(PapiCountingTests)))
        {
            return;
        }

        using CountedWorkload counted = await AttachAsync(Faults);

        await counted.Child.TellAsync("fork 10000 0 0");

        // Both copy the pages they write to after the fork.
        Assert.InRange(counted.Count(), 10_000ul, 11_000ul);
    }

    [Fact]
    public async Task More_events_than_counters_take_turns_and_say_so()
    {
        if (await StandIn.HasRunAsync(typeof(PapiCountingTests)))
        {
            return;
        }

        // The stand-in has six counters; no processor has so many that they would hold all that it knows.
        using PapiProvider provider = new(new KernelPaths(), new HandleBudget(0));
        string[] many = [.. provider.Events.Where(static known => known.IsAvailable && !known.Name.StartsWith("perf", StringComparison.Ordinal)).Select(static known => known.Name).Take(40)];
        using CountedWorkload counted = await AttachAsync([Clock, Cycles, Faults, .. many]);

        await counted.Child.TellAsync("burn 200");
        await counted.Child.TellAsync("faults 1000");

        Assert.InRange(counted.Count(2), 1000ul, 1000 + Handful);
        ulong truth = counted.Truth("processor_ns");
        Within(truth, counted.Count(1), (truth / 20) + (ulong)counted.Stolen.MostNanoseconds);
        Assert.Null(counted.RunningRatio(0));
    }

    [Fact]
    public async Task A_preset_of_several_events_is_one_value_and_takes_a_descriptor_for_each()
    {
        if (await StandIn.HasRunAsync(typeof(PapiCountingTests)))
        {
            return;
        }

        HandleBudget budget = new(100);
        using PapiProvider provider = new(new KernelPaths(), budget);
        string[] presets = [.. provider.Events.Where(static known => known.IsAvailable && known.Name.StartsWith("PAPI_", StringComparison.Ordinal)).Select(static known => known.Name)];
        int most = 0;
        foreach (string name in presets)
        {
            Assert.Equal(0, OpenCounters.Count());
            using CountedWorkload counted = await CountedWorkload.StartAsync(provider, budget, [name]);
            Assert.Equal(ReadOutcome.Success, counted.Attach());

            // One is the process's own, to see it end.
            Assert.Equal(budget.Used - 1, OpenCounters.Count());
            most = int.Max(most, budget.Used);
            await counted.Child.TellAsync("burn 10");
            Assert.Equal(ReadOutcome.Success, counted.Read());
            counted.Detach();
            Assert.Equal(0, budget.Used);
        }

        Assert.Equal(0, OpenCounters.Count());
        Assert.InRange(most, 3, 10);
    }

    [Fact]
    public async Task A_process_that_needs_more_descriptors_than_there_are_is_refused_whole()
    {
        if (await StandIn.HasRunAsync(typeof(PapiCountingTests)))
        {
            return;
        }

        foreach (int limit in (int[])[0, 1, 2, 8])
        {
            using CountedWorkload counted = await StartAsync(limit, Faults, Cycles);
            await counted.Child.TellAsync("hire 3");
            int before = OpenCounters.Count();

            Assert.Equal(ReadOutcome.TooLarge, counted.Attach());

            Assert.Equal(0, counted.Budget.Used);
            Assert.Equal(before, OpenCounters.Count());
        }
    }

    [Fact]
    public async Task A_process_that_needs_more_descriptors_than_the_system_gives_is_refused_whole()
    {
        if (await StandIn.HasRunAsync(typeof(PapiCountingTests)))
        {
            return;
        }

        using CountedWorkload counted = await StartAsync(1000, Faults, Cycles);
        await counted.Child.TellAsync("hire 250");
        int before = OpenCounters.Count();
        Assert.Equal(0, Libc.GetResourceLimit(Libc.ResourceOpenFiles, out Libc.ResourceLimit limit));
        ulong beyondLast = 1 + (ulong)Directory.GetFileSystemEntries("/proc/self/fd").Max(static link => int.Parse(Path.GetFileName(link)));
        try
        {
            Assert.Equal(0, Libc.SetResourceLimit(Libc.ResourceOpenFiles, limit with { Soft = beyondLast + 100 }));

            Assert.Equal(ReadOutcome.TooLarge, counted.Attach());
        }
        finally
        {
            Assert.Equal(0, Libc.SetResourceLimit(Libc.ResourceOpenFiles, limit));
        }

        Assert.Equal(0, counted.Budget.Used);
        Assert.Equal(before, OpenCounters.Count());
        Assert.Equal(ReadOutcome.Success, counted.Attach());
    }

    [Fact]
    public async Task A_reading_allocates_nothing()
    {
        if (await StandIn.HasRunAsync(typeof(PapiCountingTests)))
        {
            return;
        }

        using CountedWorkload counted = await StartAsync(1000, Faults, Cycles);
        await counted.Child.TellAsync("hire 4");
        Assert.Equal(ReadOutcome.Success, counted.Attach());
        Assert.Equal(ReadOutcome.Success, counted.Read());

        // On both threads, and by whatever else the test runner does meanwhile; the smallest object there is has 24 bytes.
        const int Readings = 10_000;
        long before = GC.GetTotalAllocatedBytes(precise: true);
        for (int i = 0; i < Readings; i++)
        {
            counted.Read();
        }

        Assert.InRange((GC.GetTotalAllocatedBytes(precise: true) - before) / (double)Readings, 0, 12);
    }

    private static async Task<CountedWorkload> AttachAsync(params string[] events)
    {
        CountedWorkload counted = await StartAsync(1000, events);
        Assert.Equal(ReadOutcome.Success, counted.Attach());
        return counted;
    }

    private static Task<CountedWorkload> StartAsync(int limit, params string[] events)
    {
        HandleBudget budget = new(limit);
        PapiProvider provider = new(new KernelPaths(), budget);
        Assert.True(provider.Support.IsSupported, provider.Support.Explanation);
        return CountedWorkload.StartAsync(provider, budget, events);
    }

    private static void Within(ulong expected, ulong actual, ulong tolerance) =>
        Assert.InRange(actual, expected - ulong.Min(expected, tolerance), expected + tolerance);
}
