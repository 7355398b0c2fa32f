using MemSnoop.Counters;
using MemSnoop.Counters.Papi;
using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Processes;
using MemSnoop.Tests.Counters.PerfEvents;

namespace MemSnoop.Tests.Counters.Papi;

public sealed class PapiSupportTests
{
    [Fact]
    public async Task That_the_library_is_not_there_is_a_normal_state()
    {
        HandleBudget budget = new(100);
        using PapiProvider provider = new(new KernelPaths(), budget, ["libpapi-that-is-not-there.so.7"]);

        Assert.Equal(("papi", false, "no_library"), (provider.Support.Method, provider.Support.IsSupported, provider.Support.Reason));
        Assert.Contains("libpapi7.0", provider.Support.Advice, StringComparison.Ordinal);
        Assert.Empty(provider.Events);
        Assert.Null(provider.Find("PAPI_TOT_INS"));
        await NothingIsOpenedAsync(provider, budget, "PAPI_TOT_INS");
    }

    [Fact]
    public void Another_library_of_that_name_is_refused()
    {
        using PapiProvider provider = new(new KernelPaths(), new HandleBudget(100), ["libm.so.6"]);

        Assert.Equal("unsupported_version", provider.Support.Reason);
        Assert.Contains("libm.so.6", provider.Support.Explanation, StringComparison.Ordinal);
        Assert.Empty(provider.Events);
    }

    [Fact]
    public async Task In_another_pid_namespace_nothing_is_attached_to()
    {
        using TemporaryDirectory directory = new();
        File.CreateSymbolicLink(directory["self"], "4194304");
        HandleBudget budget = new(100);
        using PapiProvider provider = new(new KernelPaths(directory.Root), budget);

        Assert.Equal("pid_namespace", provider.Support.Reason);
        await NothingIsOpenedAsync(provider, budget, "PAPI_TOT_INS");
    }

    /// <summary>
    /// As it is, without a stand-in. Where the processor has counters for the library, it counts the instructions of a child; where it has
    /// none, as in most virtual machines, it says so and counts nothing, and especially not this program.
    /// </summary>
    [Fact]
    public async Task Instructions_of_a_child_are_counted_or_the_library_says_why_not()
    {
        HandleBudget budget = new(100);
        using PapiProvider provider = new(new KernelPaths(), budget);
        CounterEvent? instructions = provider.Find("PAPI_TOT_INS");
        ProbeResult support = provider.Support;
        TestContext.Current.TestOutputHelper?.WriteLine($"{support.Reason}: {support.Explanation}; {support.Advice}");

        // Presets have names wherever the library is.
        Assert.NotNull(instructions);
        Assert.NotEmpty(instructions.Description);
        if (!support.IsSupported)
        {
            Assert.Contains(support.Reason, (string[])["no_pmu", "unknown_processor", "perf_event_paranoid", "seccomp", "denied", "no_kernel_option"]);
            Assert.NotEmpty(support.Advice);
            Assert.False(instructions.IsAvailable);
            Assert.DoesNotContain(provider.Events, static known => known.IsAvailable);
            await NothingIsOpenedAsync(provider, budget, "PAPI_TOT_INS");
            return;
        }

        Assert.True(instructions.IsAvailable);
        using CountedWorkload counted = await CountedWorkload.StartAsync(provider, budget, ["PAPI_TOT_INS"]);
        Assert.Equal(ReadOutcome.Success, counted.Attach());
        ulong idle = counted.Count();
        await counted.Child.TellAsync("burn 200");
        ulong busy = counted.Count();

        // A loop runs an instruction a cycle or so: 200 ms are hundreds of millions on any processor since 2005.
        Assert.InRange(busy - idle, 10_000_000ul, 20_000_000_000ul);
        await counted.Child.TellAsync("usage");
        Assert.InRange(counted.Count() - busy, 0ul, 10_000_000ul);
    }

    [Fact]
    public async Task Without_rights_user_space_alone_is_counted()
    {
        if (await StandIn.HasRunAsync(typeof(PapiSupportTests)))
        {
            return;
        }

        using Workload child = await Workload.StartAsync("events");
        HandleBudget budget = new(100);
        using PapiProvider provider = new(new KernelPaths(), budget);
        ReadOutcome outcome = default;

        // The library's thread has the rights of the one that asks first.
        Unprivileged.Run(() =>
        {
            CounterEvent cycles = provider.Find("PAPI_TOT_CYC")!;
            Assert.Equal(ReadOutcome.Success, TrackedProcess.TryTrack(new KernelPaths(), new HandleBudget(10), child.Pid, out TrackedProcess? process));
            outcome = provider.Open(process!, [cycles], out IProcessCounters? counters);
            counters?.Dispose();
            process!.Dispose();
        });

        ProbeResult support = provider.Support;
        int level = int.Parse(File.ReadAllText("/proc/sys/kernel/perf_event_paranoid"));
        Assert.Equal(level <= 2, support.IsSupported);
        Assert.Equal(level == 2, support.Explanation.Contains("user space only", StringComparison.Ordinal));

        // Whose processes may be counted goes by the real user, who is unchanged.
        Assert.Equal(level > 2 ? ReadOutcome.NotSupported : ReadOutcome.Success, outcome);
        Assert.Equal(0, budget.Used);
    }

    /// <summary>No set of the library is left open that would count the caller.</summary>
    private static async Task NothingIsOpenedAsync(PapiProvider provider, HandleBudget budget, string name)
    {
        using Workload child = await Workload.StartAsync("events");
        Assert.Equal(ReadOutcome.Success, TrackedProcess.TryTrack(new KernelPaths(), new HandleBudget(10), child.Pid, out TrackedProcess? process));
        using (process)
        {
            Assert.Equal(ReadOutcome.NotSupported, provider.Open(process!, [new CounterEvent(name, "", IsAvailable: true)], out IProcessCounters? counters));

            Assert.Null(counters);
            Assert.Equal(0, budget.Used);
            Assert.Equal(0, OpenCounters.Count());
        }
    }
}
