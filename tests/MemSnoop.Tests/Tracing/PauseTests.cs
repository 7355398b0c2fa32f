using System.Diagnostics;
using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Processes;
using MemSnoop.ProcFs;
using MemSnoop.Tracing;

namespace MemSnoop.Tests.Tracing;

public sealed class PauseTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(20);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_threads_are_stopped_while_measured_and_only_then()
    {
        using Workload puppet = await Workload.StartAsync("puppet");
        await puppet.TellAsync("threads 3 1");
        using SnoopedProcess process = SnoopedProcess.Attach(puppet.Pid, pausable: true);
        TraceResult data = ProcessTrace.Of(process).Measure("states", new ThreadStates()).Every(Short).Times(5).Run(_ => Assert.DoesNotContain('T', States(puppet.Pid)), Stop);
        Assert.All(data.Column<string>("states"), static states => Assert.Equal("TTTT", states));
        await puppet.TellAsync("join");
    }

    [Fact]
    public async Task A_measurement_that_throws_leaves_nothing_stopped()
    {
        using Workload puppet = await Workload.StartAsync("puppet");
        using SnoopedProcess process = SnoopedProcess.Attach(puppet.Pid, pausable: true);
        Assert.Throws<InvalidTimeZoneException>(() => ProcessTrace.Of(process).Measure("bad", new Thrower()).Every(Short).Run(cancellation: Stop));
        await puppet.TellAsync("usage");
    }

    [Fact]
    public async Task A_process_that_somebody_else_stopped_stays_stopped()
    {
        using Workload puppet = await Workload.StartAsync("puppet");
        using SnoopedProcess process = SnoopedProcess.Attach(puppet.Pid, pausable: true);
        Assert.Equal(0, Libc.Kill(puppet.Pid, Libc.SignalStop));
        await Eventually.ReachesAsync(() => States(puppet.Pid), static states => states == "T");
        using (ProcessPause pause = process.Pause())
        {
            Assert.False(pause.IsOurs);
        }

        Assert.Equal("T", States(puppet.Pid));
        Assert.Equal(0, Libc.Kill(puppet.Pid, Libc.SignalContinue));
        await puppet.TellAsync("usage");
    }

    [Fact]
    public async Task Disposing_in_the_middle_of_a_pause_ends_it_and_the_guard()
    {
        using Workload puppet = await Workload.StartAsync("puppet");
        Assert.Equal(ReadOutcome.Success, TrackedProcess.TryTrack(new KernelPaths(), new HandleBudget(10), puppet.Pid, out TrackedProcess? tracked));
        int guard;
        using (tracked)
        {
            using ProcessPauser pauser = ProcessPauser.Open(new KernelPaths(), tracked!);
            guard = pauser.GuardPid;
            Assert.True(pauser.Pause().IsOurs);
            Assert.Equal("T", States(puppet.Pid));
            Assert.Throws<InvalidOperationException>(() => pauser.Pause());
        }

        await puppet.TellAsync("usage");
        await Eventually.HoldsAsync(() => !Directory.Exists($"/proc/{guard}"));
    }

    [Fact]
    public async Task Without_its_guard_nothing_is_stopped()
    {
        using Workload puppet = await Workload.StartAsync("puppet");
        Assert.Equal(ReadOutcome.Success, TrackedProcess.TryTrack(new KernelPaths(), new HandleBudget(10), puppet.Pid, out TrackedProcess? tracked));
        using (tracked)
        {
            using ProcessPauser pauser = ProcessPauser.Open(new KernelPaths(), tracked!);
            Assert.Equal(0, Libc.Kill(pauser.GuardPid, 9));
            await Eventually.HoldsAsync(() => !Directory.Exists($"/proc/{pauser.GuardPid}"));
            Assert.Throws<PauseRefusedException>(() => pauser.Pause());
            Assert.DoesNotContain('T', States(puppet.Pid));
        }
    }

    [Fact]
    public void Oneself_an_ancestor_and_the_first_process_are_never_paused()
    {
        Assert.Equal(ReadOutcome.Success, TrackedProcess.TryTrack(new KernelPaths(), new HandleBudget(10), Environment.ProcessId, out TrackedProcess? self));
        using (self)
        {
            int parent = self!.Stat.ParentPid;
            foreach (int pid in (int[])[Environment.ProcessId, parent, 1])
            {
                Assert.Throws<PauseRefusedException>(() => SnoopedProcess.Attach(pid, pausable: true));
                Assert.DoesNotContain('T', States(pid));
            }
        }
    }

    [Fact]
    public async Task A_process_of_another_pid_namespace_is_never_paused()
    {
        using Workload puppet = await Workload.StartAsync("puppet");
        using TemporaryDirectory root = new();
        Directory.CreateSymbolicLink(Path.Combine(root.Root, $"{puppet.Pid}"), $"/proc/{puppet.Pid}");
        Directory.CreateSymbolicLink(Path.Combine(root.Root, "self"), "1");
        PauseRefusedException refused = Assert.Throws<PauseRefusedException>(() => SnoopedProcess.Attach(puppet.Pid, pausable: true, new KernelPaths(root.Root)));
        Assert.Contains("pid namespace", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_looks_like_stat_does_not_fool_the_guard()
    {
        using TemporaryDirectory directory = new();
        string program = Path.Combine(directory.Root, "a) T 1 (*");
        File.Copy("/bin/sleep", program);
        using Process sleeper = Process.Start(program, ["1000"]);
        Assert.Equal(ReadOutcome.Success, TrackedProcess.TryTrack(new KernelPaths(), new HandleBudget(10), sleeper.Id, out TrackedProcess? tracked));
        using (tracked)
        {
            // The guard alone: its pipe closes after the word "stop", as when its owner dies in a pause.
            PauseGuard guard = PauseGuard.Start("/proc", tracked!.Identity);
            guard.AnnounceStop();
            Assert.Equal(0, Libc.Kill(sleeper.Id, Libc.SignalStop));
            SpinWait.SpinUntil(() => States(sleeper.Id) == "T", TimeSpan.FromSeconds(20));
            Assert.Equal("T", States(sleeper.Id));
            guard.Dispose();
            Assert.True(SpinWait.SpinUntil(() => States(sleeper.Id) == "S", TimeSpan.FromSeconds(20)));
        }

        sleeper.Kill();
    }

    /// <summary>The states of all threads: "SR".</summary>
    private static string States(int pid) =>
        string.Concat(Directory.EnumerateDirectories($"/proc/{pid}/task").Select(static task =>
            Stat.TryParse(File.ReadAllBytes(Path.Combine(task, "stat")), out Stat stat) ? (char)stat.State : '?'));

    private sealed class ThreadStates : IMeasurement<string>
    {
        public string Name => "states";

        public ReadOutcome Measure(TrackedProcess process, out string sample)
        {
            sample = States(process.Identity.Pid);
            return ReadOutcome.Success;
        }
    }

    private sealed class Thrower : IMeasurement<int>
    {
        public string Name => "bad";

        public ReadOutcome Measure(TrackedProcess process, out int sample) => throw new InvalidTimeZoneException(States(process.Identity.Pid));
    }
}
