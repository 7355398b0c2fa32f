using MemSnoop.Disturbances;
using MemSnoop.Kernel;
using MemSnoop.Processes;
using MemSnoop.WorkingSets;

namespace MemSnoop.Exporter.Tests.Sampling;

/// <summary>An estimator that measures nothing but time: a process that it has seen before has a window since then.</summary>
internal sealed class FakeEstimator(TimeProvider clock) : IWorkingSetEstimator
{
    private readonly long _epoch = clock.GetTimestamp();
    private readonly Dictionary<TrackedProcess, TimeSpan> _begun = [];

    public string Method => "fake";

    public int Parts { get; init; } = 1;

    public TimeSpan? LongestStall { get; set; }

    /// <summary>When the passes began, part by part.</summary>
    public List<(TimeSpan At, int Part)> Passes { get; } = [];

    /// <summary>When it was told to look at which processes.</summary>
    public List<(TimeSpan At, int[] Pids)> Glances { get; } = [];

    /// <summary>How many windows of each pid have ended.</summary>
    public Dictionary<int, int> Windows { get; } = [];

    /// <summary>What disturbs the windows that end.</summary>
    public Disturbance Disturbance { get; set; }

    /// <summary>Pids that cannot be read.</summary>
    public HashSet<int> Denied { get; } = [];

    /// <summary>Thrown by the next pass.</summary>
    public Exception? Failure { get; set; }

    /// <summary>Happens once, in the middle of the next pass.</summary>
    public Action? InPass { get; set; }

    /// <summary>What was taken up of an exporter before.</summary>
    public AgesTaken? Taken { get; init; }

    /// <summary>How often it left its ages to the next.</summary>
    public int Left { get; private set; }

    AgesTaken? IWorkingSetEstimator.AgesTaken => Taken;

    AgesLeft IWorkingSetEstimator.LeaveAges()
    {
        Left++;
        return new AgesLeft("/run/memsnoop/ages", null, 1, 1000);
    }

    private TimeSpan Now => clock.GetElapsedTime(_epoch);

    public void Pass(IReadOnlyList<TrackedProcess> processes, int part, IWorkingSetSink sink)
    {
        Passes.Add((Now, part));
        if (Failure is { } failure)
        {
            Failure = null;
            throw failure;
        }

        Action? happens = InPass;
        InPass = null;
        happens?.Invoke();
        if (part == Parts - 1)
        {
            Look(processes, sink);
        }
    }

    public void Glance(IReadOnlyList<TrackedProcess> processes, IWorkingSetSink sink)
    {
        Glances.Add((Now, [.. processes.Select(static process => process.Identity.Pid).Order()]));
        Look(processes, sink);
    }

    private void Look(IReadOnlyList<TrackedProcess> processes, IWorkingSetSink sink)
    {
        foreach (TrackedProcess process in processes)
        {
            if (Denied.Contains(process.Identity.Pid))
            {
                sink.Skipped(process, ReadOutcome.Denied);
                continue;
            }

            if (_begun.TryGetValue(process, out TimeSpan begin))
            {
                Windows[process.Identity.Pid] = Windows.GetValueOrDefault(process.Identity.Pid) + 1;
                sink.Completed(process, Sample(Now - begin));
            }

            _begun[process] = Now;
        }
    }

    public IWorkingSetWindow? BeginWindow(TrackedProcess process, out ReadOutcome outcome)
    {
        outcome = Denied.Contains(process.Identity.Pid) ? ReadOutcome.Denied : ReadOutcome.Success;
        return outcome == ReadOutcome.Success ? new Window(this, Now) : null;
    }

    IReaccessRun? IWorkingSetEstimator.BeginReaccessRun(TrackedProcess process, IdleAges ages, out ReadOutcome outcome)
    {
        outcome = Denied.Contains(process.Identity.Pid) ? ReadOutcome.Denied : ReadOutcome.Success;
        return outcome == ReadOutcome.Success ? new Run(this, ages) : null;
    }

    private WorkingSetSample Sample(TimeSpan window) => new()
    {
        Window = window,
        WindowSpread = window / 10,
        Disturbance = Disturbance,
        DoubtfulAnonBytes = Disturbance == Disturbance.None ? 0UL : 5,
        ResidentBytes = 100,
        AnonBytes = 10,
        FileBytes = 20,
        ShmemBytes = 30,
        Idle = default,
        KnownAges = 1,
    };

    public void Dispose()
    {
    }

    /// <summary>A byte comes back with each window, of each age.</summary>
    private sealed class Run(FakeEstimator estimator, IdleAges ages) : IReaccessRun
    {
        private ulong _windows;

        public ReadOutcome Turn(out WorkingSetSample sample, out ReaccessedSample reaccessed)
        {
            _windows++;
            sample = estimator.Sample(ages[1]) with { KnownAges = 2 };
            IdleBytes bytes = default;
            for (int age = 1; age < ages.Count; age++)
            {
                bytes[age] = _windows;
            }

            reaccessed = new ReaccessedSample { Bytes = bytes, DoubtfulBytes = default, KnownAges = ages.Count };
            return ReadOutcome.Success;
        }

        public void Dispose()
        {
        }
    }

    private sealed class Window(FakeEstimator estimator, TimeSpan begin) : IWorkingSetWindow
    {
        public ReadOutcome Complete(out WorkingSetSample sample)
        {
            sample = estimator.Sample(estimator.Now - begin);
            return ReadOutcome.Success;
        }

        public void Dispose()
        {
        }
    }
}
