using MemSnoop.Counters;
using MemSnoop.Counters.PerfEvents;
using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Processes;

namespace MemSnoop.Tests.Counters.PerfEvents;

public sealed class PerfEventSupportTests
{
    private static readonly KernelPaths Paths = new();

    private static int ParanoidLevel => int.Parse(File.ReadAllText("/proc/sys/kernel/perf_event_paranoid"));

    [Fact]
    public void It_works_on_this_machine()
    {
        ProbeResult support = Support();

        Assert.Equal((PerfEventProvider.ProviderName, true, "ok"), (support.Method, support.IsSupported, support.Reason));
        Assert.Equal(Capabilities.OfThisProcess().HasSystemAdmin, support.Explanation.Contains("every process", StringComparison.Ordinal));
        Assert.Equal(Capabilities.OfThisProcess().HasSystemAdmin, support.Advice.Length == 0);
    }

    [Fact]
    public void A_user_without_capabilities_is_told_what_the_setting_allows() => Unprivileged.Run(static () =>
    {
        ProbeResult support = Support();
        if (ParanoidLevel > 1)
        {
            Assert.Equal((false, "perf_event_paranoid"), (support.IsSupported, support.Reason));
            Assert.Contains($"kernel.perf_event_paranoid is {ParanoidLevel}", support.Explanation, StringComparison.Ordinal);
            Assert.Contains("CAP_PERFMON", support.Advice, StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal((true, "ok"), (support.IsSupported, support.Reason));
            Assert.Contains("own processes", support.Explanation, StringComparison.Ordinal);
            Assert.Contains("CAP_PERFMON", support.Advice, StringComparison.Ordinal);
        }
    });

    [Fact]
    public void Processes_of_another_user_are_not_counted_without_capabilities() => Unprivileged.Run(static () =>
    {
        using PerfEventProvider provider = new(Paths, new HandleBudget(100));
        Assert.Equal(ReadOutcome.Success, TrackedProcess.TryTrack(Paths, new HandleBudget(10), 1, out TrackedProcess? first));
        using (first)
        {
            ReadOutcome outcome = provider.Open(first!, [provider.Find("page-faults")!], out IProcessCounters? counters);

            Assert.Null(counters);
            Assert.Equal(ParanoidLevel > 1 ? ReadOutcome.NotSupported : ReadOutcome.Denied, outcome);
        }
    });

    [Fact]
    public void Who_may_count_its_own_processes_only_is_told_so() => SystemCallFilter.Run(
        PerfEventNative.SystemCall,
        Libc.ErrorAccess,
        static () =>
        {
            ProbeResult support = Support();

            Assert.Equal((true, "ok"), (support.IsSupported, support.Reason));
            Assert.Contains("own processes", support.Explanation, StringComparison.Ordinal);
            Assert.Contains("CAP_PERFMON", support.Advice, StringComparison.Ordinal);
        },
        secondArgument: 1);

    [Theory]
    [InlineData(Libc.ErrorNotPermitted)]
    [InlineData(Libc.ErrorNoSystemCall)]
    public void A_filter_of_system_calls_is_named(int error) => SystemCallFilter.Run(PerfEventNative.SystemCall, error, static () =>
    {
        ProbeResult support = Support();

        Assert.Equal((false, "seccomp"), (support.IsSupported, support.Reason));
        Assert.Contains("CAP_PERFMON", support.Advice, StringComparison.Ordinal);
    });

    [Fact]
    public void A_refusal_that_capabilities_and_settings_do_not_explain_is_a_policy() =>
        SystemCallFilter.Run(PerfEventNative.SystemCall, Libc.ErrorAccess, static () =>
        {
            // Where the setting is strict it is the likelier reason.
            Assert.Equal(ParanoidLevel > 1 ? "perf_event_paranoid" : "denied", Support().Reason);
        });

    [Fact]
    public void Any_other_error_is_told_by_its_number() => SystemCallFilter.Run(PerfEventNative.SystemCall, 12, static () =>
    {
        ProbeResult support = Support();

        Assert.Equal((false, "failed"), (support.IsSupported, support.Reason));
        Assert.Contains("12", support.Explanation, StringComparison.Ordinal);
    });

    [Fact]
    public void A_kernel_that_refuses_inheritance_by_threads_alone_is_asked_for_the_other() =>
        Assert.True(PerfEventSupport.Of(Paths).Inheritance.HasFlag(PerfEventNative.AttributeFlags.inherit));

    [Fact]
    public void Pids_of_another_namespace_are_not_counted()
    {
        using ProcTree tree = new();
        using PerfEventProvider provider = new(tree.Paths, new HandleBudget(100));

        Assert.Equal((false, "pid_namespace"), (provider.Support.IsSupported, provider.Support.Reason));
        Assert.All(provider.Events, static known => Assert.False(known.IsAvailable));
    }

    private static ProbeResult Support()
    {
        using PerfEventProvider provider = new(Paths, new HandleBudget(100));
        return provider.Support;
    }
}
