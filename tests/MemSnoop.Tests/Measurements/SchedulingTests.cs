using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Processes;

namespace MemSnoop.Tests.Measurements;

public sealed class SchedulingTests : IDisposable
{
    private readonly ProcTree _tree = new();
    private readonly KernelBuffer _buffer = new();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Switches_of_all_threads_are_counted_and_never_taken_back(bool isKnownBefore)
    {
        const int Threads = 8;
        const int Switches = 200;
        using Workload child = await Workload.StartAsync("puppet");
        using TrackedProcess process = Track(new KernelPaths(), child.Pid);
        SchedulingMeasurement measurement = new(new KernelPaths(), KernelUnits.Current);
        SchedulingSample first = isKnownBefore ? Measure(measurement, process) : default;

        await child.TellAsync($"threads {Threads} {Switches}");
        SchedulingSample threaded = Measure(measurement, process);
        ulong truth = (ulong)child.Said.GetProperty("usage").GetProperty("voluntary").GetInt64();
        ulong mainThread = (ulong)child.Said.GetProperty("main_thread").GetProperty("voluntary").GetInt64();
        await child.TellAsync("join");
        SchedulingSample joined = Measure(measurement, process);

        // Each thread waits once more after it was counted, and the main thread for its next order.
        Assert.InRange(threaded.VoluntarySwitches, (ulong)(Threads * Switches), truth + (2 * Threads) + 8);
        Assert.True(mainThread < Switches, "the main thread alone would be wrong");
        Assert.True(first.VoluntarySwitches < threaded.VoluntarySwitches);
        Assert.True(joined.VoluntarySwitches >= threaded.VoluntarySwitches);
        Assert.True(joined.InvoluntarySwitches >= threaded.InvoluntarySwitches);
        Assert.Equal(1, process.Stat.Threads);
    }

    [Fact]
    public void A_reused_thread_id_takes_nothing_back()
    {
        _tree.AddProcess(26231);
        _tree.SetThreads(26231, 2);
        SetSwitches(26231, 10, 10);
        SetSwitches(26232, 5, 1000);
        using TrackedProcess process = Track(_tree.Paths, 26231);
        SchedulingMeasurement measurement = new(_tree.Paths, KernelUnits.Current);
        Assert.Equal((15ul, 1010ul), Switches(Measure(measurement, process)));

        SetSwitches(26232, 7, 3);
        Assert.Equal((22ul, 1013ul), Switches(Measure(measurement, process)));

        SetSwitches(26232, 1, 4);
        Assert.Equal((23ul, 1017ul), Switches(Measure(measurement, process)));

        _tree.Remove("proc/26231/task/26232");
        Assert.Equal((23ul, 1017ul), Switches(Measure(measurement, process)));
    }

    [Fact]
    public void Threads_of_a_process_that_was_not_measured_are_forgotten()
    {
        _tree.AddProcess(26231);
        _tree.SetThreads(26231, 2);
        SetSwitches(26231, 10, 0);
        SetSwitches(26232, 5, 0);
        using TrackedProcess process = Track(_tree.Paths, 26231);
        SchedulingMeasurement measurement = new(_tree.Paths, KernelUnits.Current);
        Measure(measurement, process);
        measurement.EndRound();
        Measure(measurement, process);
        measurement.EndRound();
        _tree.Remove("proc/26231/task/26232");
        Assert.Equal(15ul, Measure(measurement, process).VoluntarySwitches);
        measurement.EndRound();

        // A round without it.
        measurement.EndRound();

        Assert.Equal(10ul, Measure(measurement, process).VoluntarySwitches);
    }

    [Theory]
    [InlineData("0\n", false)]
    [InlineData("1\n", true)]
    [InlineData(null, true)]
    public void Delays_are_absent_where_they_are_not_counted(string? setting, bool isOn)
    {
        _tree.AddProcess(26231);
        if (setting is not null)
        {
            _tree.Write("proc/sys/kernel/task_delayacct", setting);
        }

        using TrackedProcess process = Track(_tree.Paths, 26231);
        SchedulingMeasurement measurement = new(_tree.Paths, new KernelUnits(100, 4096));

        Assert.Equal(isOn, measurement.AccountsDelays);
        Assert.Equal(isOn ? 0.0 : null, Measure(measurement, process).BlockIoDelaySeconds);
        _tree.SetDelayTicks(26231, 250);
        Assert.Equal(isOn ? 2.5 : null, Measure(measurement, process).BlockIoDelaySeconds);
    }

    private void SetSwitches(int thread, int voluntary, int involuntary)
    {
        string status = File.ReadAllText(_tree["proc/26231/status"]);
        string[] lines = [.. status.Split('\n').Select(line =>
            line.StartsWith("voluntary_", StringComparison.Ordinal) ? $"voluntary_ctxt_switches:\t{voluntary}"
            : line.StartsWith("nonvoluntary_", StringComparison.Ordinal) ? $"nonvoluntary_ctxt_switches:\t{involuntary}"
            : line)];
        _tree.Write($"proc/26231/task/{thread}/status", string.Join('\n', lines));
        _tree.Write($"proc/26231/task/{thread}/stat", File.ReadAllText(_tree["proc/26231/stat"]));
    }

    private static (ulong Voluntary, ulong Involuntary) Switches(SchedulingSample sample) => (sample.VoluntarySwitches, sample.InvoluntarySwitches);

    private SchedulingSample Measure(SchedulingMeasurement measurement, TrackedProcess process)
    {
        Assert.Equal(ReadOutcome.Success, process.Look(_buffer, out _));
        Assert.Equal(ReadOutcome.Success, measurement.Measure(process, out SchedulingSample sample));
        return sample;
    }

    private static TrackedProcess Track(KernelPaths paths, int pid)
    {
        Assert.Equal(ReadOutcome.Success, TrackedProcess.TryTrack(paths, new HandleBudget(10), pid, out TrackedProcess? process));
        return process!;
    }

    public void Dispose() => _tree.Dispose();
}
