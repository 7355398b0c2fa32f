using System.Text.Json;
using MemSnoop.Counters;
using MemSnoop.Counters.PerfEvents;
using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.Tests.Counters.PerfEvents;

/// <summary>Against a child that says what the kernel itself has counted for it.</summary>
public sealed class PerfCountingTests
{
    /// <summary>
    /// Between its answer and its next order a child takes a switch, or two where the reader of its pipe is quicker, and now and then
    /// a page of its own: a stack that grows, a library's data.
    /// </summary>
    private const ulong Handful = 16;

    private static readonly string[] FaultsAndSwitches = ["page-faults", "minor-faults", "context-switches"];

    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(20_000)]
    public async Task Page_faults_are_those_the_child_takes(int pages)
    {
        using CountedWorkload counted = await CountedWorkload.AttachAsync("page-faults", "minor-faults", "major-faults");
        Assert.InRange(counted.Count(), 0ul, Handful);

        await counted.Child.TellAsync($"faults {pages}");

        Assert.InRange(counted.Count(), (ulong)pages, (ulong)pages + Handful);
        Within(counted.Truth("minor_faults"), counted.Count(1), 2);
        Within(counted.Truth("major_faults"), counted.Count(2), 2);
        Assert.Equal(1.0, counted.RunningRatio(0));
    }

    [Fact]
    public async Task Context_switches_are_those_of_status()
    {
        using CountedWorkload counted = await CountedWorkload.AttachAsync("context-switches");
        ulong before = SwitchesInStatus(counted.Child.Pid);

        await counted.Child.TellAsync("switches 2000");

        ulong truth = SwitchesInStatus(counted.Child.Pid) - before;
        Assert.InRange(truth, 1800ul, ulong.MaxValue);
        Within(truth, counted.Count(), Handful + (truth / 100));
    }

    [Fact]
    public async Task The_task_clock_is_the_processor_time_of_the_child()
    {
        using CountedWorkload counted = await CountedWorkload.AttachAsync("task-clock", "cpu-clock");

        await counted.Child.TellAsync("burn 500");

        ulong truth = counted.Truth("processor_ns");
        Assert.InRange(truth, 500_000_000ul, 2_000_000_000ul);
        counted.Stolen.AssertClock(truth, counted.Count());
        counted.Stolen.AssertClock(truth, counted.Count(1));
    }

    [Fact]
    public async Task Nothing_is_lost_of_threads_that_come_and_go_and_of_their_threads()
    {
        const int Threads = 16;
        using CountedWorkload counted = await CountedWorkload.AttachAsync("page-faults", "context-switches", "task-clock");
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
        Assert.InRange(counted.Count(1), 2ul * Threads * 90, ulong.MaxValue);
        Within(counted.Truth("voluntary", "involuntary"), counted.Count(1), Handful + (counted.Count(1) / 50));
        ulong processorTime = counted.Truth("processor_ns");
        counted.Stolen.AssertClock(processorTime, counted.Count(2));
        Assert.Equal(descriptors, counted.Budget.Used);
    }

    [Fact]
    public async Task Threads_that_were_there_before_are_counted_and_leave_their_counts_behind()
    {
        using CountedWorkload counted = await CountedWorkload.StartAsync(new HandleBudget(1000), FaultsAndSwitches);
        await counted.Child.TellAsync("hire 16");
        Assert.Equal(ReadOutcome.Success, counted.Attach());
        Assert.Equal(1 + (17 * FaultsAndSwitches.Length), counted.Budget.Used);

        await counted.Child.TellAsync("work 300 50 0");

        Assert.InRange(counted.Count(), 16ul * 300, ulong.MaxValue);
        Within(counted.Truth("minor_faults", "major_faults"), counted.Count(), Handful);
        Within(counted.Truth("voluntary", "involuntary"), counted.Count(2), Handful + 32);
        ulong ended = counted.Count();

        await counted.Child.TellAsync("faults 100");

        Assert.InRange(counted.Count(), ended + 100, ended + 100 + Handful);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_process_whose_first_thread_has_ended_counts_on(bool isCountedBefore)
    {
        using CountedWorkload counted = await CountedWorkload.StartAsync(new HandleBudget(1000), FaultsAndSwitches);
        if (isCountedBefore)
        {
            Assert.Equal(ReadOutcome.Success, counted.Attach());
        }

        await counted.Child.TellAsync("leave");
        await Eventually.HoldsAsync(() => File.ReadAllText($"/proc/{counted.Child.Pid}/stat").Contains(") Z ", StringComparison.Ordinal));
        if (!isCountedBefore)
        {
            Assert.Equal(ReadOutcome.Success, counted.Attach());
        }

        await counted.Child.TellAsync("faults 1000");
        await counted.Child.TellAsync("crew 4 100 0 0");

        Assert.InRange(counted.Count(), 1800ul, ulong.MaxValue);
        Within(counted.Truth("minor_faults", "major_faults"), counted.Count(), Handful);
        counted.Child.Kill();
        Assert.Equal(ReadOutcome.ProcessGone, counted.Read());
    }

    [Fact]
    public async Task Children_that_a_process_forks_are_not_counted_with_it()
    {
        using CountedWorkload counted = await CountedWorkload.AttachAsync("page-faults", "task-clock");

        await counted.Child.TellAsync("fork 10000 0 300");

        // The parent takes a fault for each page it writes to after the fork.
        Assert.InRange(counted.Count(), 0ul, 1000ul);
        Within(counted.Truth("minor_faults", "major_faults"), counted.Count(), Handful);
        Assert.InRange(counted.Count(1), 0ul, 100_000_000ul);
    }

    [Fact]
    public async Task Where_the_kernel_cannot_tell_threads_from_children_these_are_counted_too()
    {
        using CountedWorkload counted = await CountedWorkload.StartAsync(new HandleBudget(1000), FaultsAndSwitches);
        PerfEvent faults = new(PerfEventNative.PERF_TYPE_SOFTWARE, PerfEventNative.PERF_COUNT_SW_PAGE_FAULTS);
        Assert.Equal(ReadOutcome.Success, PerfProcessCounters.Open(
            new KernelPaths(), counted.Budget, counted.Process, [faults], PerfEventNative.AttributeFlags.inherit, out IProcessCounters? counters));
        using (counters)
        {
            await counted.Child.TellAsync("crew 4 100 0 0");
            await counted.Child.TellAsync("fork 10000 0 0");

            CounterValue[] values = new CounterValue[1];
            Assert.Equal(ReadOutcome.Success, counters!.Read(values));
            Assert.InRange(values[0].Count, 10_800ul, 12_000ul);
        }
    }

    [Fact]
    public async Task Counting_that_begins_while_threads_are_started_misses_none_of_them_and_counts_none_twice()
    {
        const int Threads = 250;
        using CountedWorkload counted = await CountedWorkload.StartAsync(new HandleBudget(10_000), FaultsAndSwitches);
        Task<JsonElement> hiring = counted.Child.TellAsync($"hire {Threads}");
        string tasks = $"/proc/{counted.Child.Pid}/task";
        SpinWait.SpinUntil(() => Directory.GetDirectories(tasks).Length > 1, TimeSpan.FromSeconds(10));
        Assert.Equal(ReadOutcome.Success, counted.Attach());
        await hiring;
        counted.Begin();
        ulong before = counted.Count();

        await counted.Child.TellAsync("work 40 0 0");

        Within(before + counted.Truth("minor_faults", "major_faults"), counted.Count(), Handful);
        Assert.InRange(counted.Count(), before + (Threads * 40), ulong.MaxValue);
    }

    [Fact]
    public async Task Another_program_is_counted_on()
    {
        using CountedWorkload counted = await CountedWorkload.AttachAsync(FaultsAndSwitches);
        await counted.Child.TellAsync("faults 1000");
        ulong before = counted.Count();

        await counted.Child.TellAsync($"exec {await Workloads.PathAsync("events")}");
        await counted.Child.TellAsync("faults 1000");

        Assert.InRange(counted.Count(), before + 1000, ulong.MaxValue);
        Within(counted.Truth("minor_faults", "major_faults"), counted.Count(), Handful);
    }

    [Fact]
    public async Task A_program_with_other_rights_is_counted_again_once_it_has_used_the_processor()
    {
        using TemporaryDirectory directory = new();
        string program = await CopyWithSetUserAsync(directory);

        // Who is not root gets no other rights from a program of his own: then this is like the test above.
        using CountedWorkload counted = await CountedWorkload.StartAsync(new HandleBudget(1000), FaultsAndSwitches, IsRoot ? ["--user", "65534"] : []);
        Assert.Equal(ReadOutcome.Success, counted.Attach());
        await counted.Child.TellAsync("faults 1000");
        ulong before = counted.Count();

        await counted.Child.TellAsync($"exec {program}");
        Assert.InRange(counted.Count(), before, ulong.MaxValue);
        await counted.Child.TellAsync(BurnEnoughToTell);
        ulong noticed = counted.Count();
        Assert.InRange(noticed, before, ulong.MaxValue);
        await counted.Child.TellAsync("faults 1000");

        Assert.InRange(counted.Count(), noticed + 1000, noticed + 1000 + Handful);
        Assert.Equal(1 + FaultsAndSwitches.Length, counted.Budget.Used);
    }

    [Fact]
    public async Task A_program_whose_rights_forbid_to_count_it_is_denied_and_its_total_kept()
    {
        using TemporaryDirectory directory = new();
        string program = await CopyWithSetUserAsync(directory);
        using CountedWorkload counted = await CountedWorkload.StartAsync(new HandleBudget(1000), FaultsAndSwitches, IsRoot ? ["--user", "65534"] : []);
        Assert.Equal(ReadOutcome.Success, counted.Attach());
        await counted.Child.TellAsync("faults 1000");
        ulong before = counted.Count();

        await counted.Child.TellAsync($"exec {program}");
        await counted.Child.TellAsync(BurnEnoughToTell);
        ReadOutcome expected = IsRoot ? ReadOutcome.Denied : ReadOutcome.Success;
        Unprivileged.Run(() => Assert.Equal((expected, expected), (counted.Read(), counted.Read())));

        Assert.InRange(counted.Count(), before, ulong.MaxValue);
    }

    [Fact]
    public async Task A_process_that_has_ended_is_gone_also_before_it_is_waited_for()
    {
        using Workload parent = await Workload.StartAsync("puppet");
        await parent.TellAsync($"spawn {await Workloads.PathAsync("idler")}");
        int pid = (int)parent.Number("child");
        HandleBudget budget = new(100);
        using PerfEventProvider provider = new(new KernelPaths(), budget);
        Assert.Equal(ReadOutcome.Success, TrackedProcess.TryTrack(new KernelPaths(), new HandleBudget(10), pid, out TrackedProcess? process));
        using (process)
        {
            Assert.Equal(ReadOutcome.Success, provider.Open(process!, [provider.Find("cs")!], out IProcessCounters? counters));
            CounterValue[] values = new CounterValue[1];
            Assert.Equal(ReadOutcome.Success, counters!.Read(values));

            Libc.Kill(pid, 9);
            await Eventually.HoldsAsync(() => File.ReadAllText($"/proc/{pid}/stat").Contains(") Z ", StringComparison.Ordinal));

            Assert.Equal(ReadOutcome.ProcessGone, counters.Read(values));
            Assert.Equal(ReadOutcome.ProcessGone, provider.Open(process!, [provider.Find("cs")!], out _));
            await parent.TellAsync($"reap {pid}");
            Assert.Equal(ReadOutcome.ProcessGone, counters.Read(values));
            Assert.Equal(ReadOutcome.ProcessGone, provider.Open(process!, [provider.Find("cs")!], out _));
            counters.Dispose();
            Assert.Equal(0, budget.Used);
        }
    }

    [Fact]
    public async Task A_reading_allocates_nothing()
    {
        using CountedWorkload counted = await CountedWorkload.StartAsync(new HandleBudget(1000), ["task-clock", .. FaultsAndSwitches]);
        await counted.Child.TellAsync("hire 4");
        Assert.Equal(ReadOutcome.Success, counted.Attach());
        Assert.Equal(ReadOutcome.Success, counted.Read());

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            counted.Read();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static bool IsRoot => Libc.EffectiveUserId() == 0;

    private static string BurnEnoughToTell => $"burn {100 + (20 * Environment.ProcessorCount)}";

    /// <summary>The workload once more, as a program that runs with the rights of its owner.</summary>
    private static async Task<string> CopyWithSetUserAsync(TemporaryDirectory directory)
    {
        const UnixFileMode ForAll = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        string program = directory["events"];
        File.Copy(await Workloads.PathAsync("events"), program);
        File.SetUnixFileMode(directory.Root, ForAll);
        File.SetUnixFileMode(program, ForAll | UnixFileMode.SetUser);
        return program;
    }

    private static void Within(ulong expected, ulong actual, ulong tolerance) =>
        Assert.InRange(actual, expected - ulong.Min(expected, tolerance), expected + tolerance);

    private static ulong SwitchesInStatus(int pid) => (ulong)Directory.GetDirectories($"/proc/{pid}/task")
        .SelectMany(static task => File.ReadLines(Path.Combine(task, "status")))
        .Where(static line => line.Contains("ctxt_switches:", StringComparison.Ordinal))
        .Sum(static line => long.Parse(line[(line.IndexOf('\t', StringComparison.Ordinal) + 1)..], System.Globalization.CultureInfo.InvariantCulture));
}
