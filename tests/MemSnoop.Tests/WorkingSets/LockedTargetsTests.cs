using MemSnoop.Kernel;
using MemSnoop.Locks;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;
using MemSnoop.WorkingSets.Referenced;

namespace MemSnoop.Tests.WorkingSets;

/// <summary>Of two that measure by referenced bits, one has the process, and the other is told.</summary>
public sealed class LockedTargetsTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly HandleBudget _budget = new(10);

    private KernelPaths Paths => new(RunDirectory: _directory["run"]);

    private int Files => Directory.GetFiles(Paths.RunDirectory, "referenced-*.lock").Length;

    [Fact]
    public async Task One_has_the_process_and_the_other_skips_it()
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "10", "--hot", "4");
        using TrackedProcess process = Track(touch.Pid);
        using LockedTargets first = Open();
        using LockedTargets second = Open();
        Passes mine = new(first);
        Passes theirs = new(second);
        mine.Run(process);
        theirs.Run(process);
        Assert.Equal(0, mine.Reported);
        Assert.Equal(ReadOutcome.InUse, theirs.Skipped(process));

        // On a busy machine it may not have had the processor between two passes.
        await Eventually.HoldsAsync(() =>
        {
            mine.Run(process);
            return mine.Completed(process).TotalBytes >= 4UL << 20;
        });
        Assert.InRange(mine.Completed(process).TotalBytes, 4UL << 20, 10UL << 20);
        Assert.Equal((1, 1), (Files, _budget.Used));
        Assert.Contains("memsnoop", MeasuringLock.FindReferencedHolder(Paths, process.Identity), StringComparison.OrdinalIgnoreCase);

        // Who leaves it out gives it back.
        mine.Run();
        Assert.Equal(0, _budget.Used);
        theirs.Run(process);
        mine.Run(process);
        Assert.Equal(ReadOutcome.InUse, mine.Skipped(process));
        theirs.Run(process);
        theirs.Completed(process);
    }

    [Fact]
    public async Task A_process_that_does_not_answer_is_given_back_and_the_pass_goes_on()
    {
        using Workload hang = await Workload.StartAsync("hang", "--resident", "10", "--hot", "4");
        using Workload touch = await Workload.StartAsync("touch", "--resident", "10", "--hot", "4");
        using TrackedProcess hung = Track((int)hang.Number("pid"));
        using TrackedProcess other = Track(touch.Pid);
        using LockedTargets estimator = Open();
        using WatchedThread thread = new("test", Paths.Hung);
        Passes passes = new(estimator);
        passes.Run(hung, other);
        passes.Run(hung, other);
        Assert.Equal(2, passes.AllCompleted.Count);

        await hang.TellAsync("map");
        ResumedWork pass = new(estimator, passes, () => passes.Run(hung, other));
        thread.Run(pass);
        Assert.Equal([hung.Identity.Pid], pass.Hung);
        Assert.Equal(ReadOutcome.Hung, passes.Skipped(hung));
        passes.Completed(other);
        Assert.Equal(1, _budget.Used);

        // A window that somebody asks for does not keep it either. It is known to hang by now.
        IWorkingSetWindow? window = null;
        ReadOutcome outcome = ReadOutcome.Success;
        thread.Run(new ResumedWork(estimator, passes, () => window = estimator.BeginWindow(hung, out outcome)));
        Assert.Null(window);
        Assert.Equal((ReadOutcome.Hung, 1), (outcome, _budget.Used));

        await hang.TellAsync("free");
        await Eventually.HoldsAsync(() => Paths.Hung.Count == 0);
        passes.Run(hung, other);
        passes.Run(hung, other);
        Assert.Equal(2, passes.AllCompleted.Count);
    }

    [Fact]
    public async Task A_process_that_is_gone_is_given_back()
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "10");
        using TrackedProcess process = Track(touch.Pid);
        using LockedTargets estimator = Open();
        Passes passes = new(estimator);
        passes.Run(process);
        Assert.Equal(1, Files);
        touch.Kill();
        passes.Run(process);
        Assert.Equal(ReadOutcome.ProcessGone, passes.Skipped(process));
        Assert.Equal((0, 0), (Files, _budget.Used));
    }

    [Fact]
    public async Task A_window_beside_the_passes_keeps_the_process()
    {
        using Workload touch = await Workload.StartAsync("touch", "--resident", "10");
        using TrackedProcess process = Track(touch.Pid);
        using LockedTargets estimator = new(new WindowsOnly(), MeasuringLock.TryTakeBitmap(Paths, LockMode.Shared).Lock!, _budget);
        IWorkingSetWindow window = estimator.BeginWindow(process, out ReadOutcome outcome)!;
        Assert.Equal((ReadOutcome.Success, 1), (outcome, Files));
        Passes passes = new(estimator);
        passes.Run(process);
        passes.Run();
        Assert.Equal(1, Files);
        window.Dispose();
        Assert.Equal(0, Files);

        // And the passes keep it when the window ends.
        window = estimator.BeginWindow(process, out _)!;
        passes.Run(process);
        window.Dispose();
        window.Dispose();
        Assert.Equal(1, Files);
        passes.Run();
        Assert.Equal((0, 0), (Files, _budget.Used));
    }

    [Fact]
    public void The_idle_bitmap_and_referenced_bits_are_never_in_use_at_once()
    {
        Assert.True(LockedTargets.Probe(Paths).IsSupported);
        (MeasuringLock? bitmap, _) = MeasuringLock.TryTakeBitmap(Paths, LockMode.Exclusive);
        ProbeResult probe = LockedTargets.Probe(Paths);
        Assert.Equal((false, ProbeResult.InUse), (probe.IsSupported, probe.Reason));
        Assert.Contains($"process {Environment.ProcessId}", probe.Explanation, StringComparison.Ordinal);
        Assert.Equal(probe.Explanation, Assert.Throws<MeasuringLockHeldException>(Open).Message);
        bitmap!.Dispose();
        using LockedTargets open = Open();
        Assert.NotNull(MeasuringLock.TryTakeBitmap(Paths, LockMode.Exclusive).Holder);
    }

    private LockedTargets Open() => new(new ReferencedEstimator(new EstimatorOptions { MaxStall = TimeSpan.FromMinutes(1) }, TimeProvider.System), TakeHost(), _budget);

    private MeasuringLock TakeHost()
    {
        using LockedTargets opened = LockedTargets.Open(Paths, static () => new WindowsOnly());
        return MeasuringLock.TryTakeBitmap(Paths, LockMode.Shared).Lock!;
    }

    private static TrackedProcess Track(int pid)
    {
        Assert.Equal(ReadOutcome.Success, TrackedProcess.TryTrack(new KernelPaths(), new HandleBudget(10), pid, out TrackedProcess? process));
        return process!;
    }

    public void Dispose() => _directory.Dispose();

    /// <summary>Measures nothing, and has windows beside its passes.</summary>
    private sealed class WindowsOnly : IWorkingSetEstimator, IWorkingSetWindow
    {
        public string Method => "none";

        public void Pass(IReadOnlyList<TrackedProcess> processes, int part, IWorkingSetSink sink)
        {
        }

        public void Glance(IReadOnlyList<TrackedProcess> processes, IWorkingSetSink sink)
        {
        }

        public IWorkingSetWindow? BeginWindow(TrackedProcess process, out ReadOutcome outcome)
        {
            outcome = ReadOutcome.Success;
            return this;
        }

        public ReadOutcome Complete(out WorkingSetSample sample)
        {
            sample = default;
            return ReadOutcome.Success;
        }

        public void Dispose()
        {
        }
    }
}
