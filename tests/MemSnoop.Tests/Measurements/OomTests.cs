using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Processes;

namespace MemSnoop.Tests.Measurements;

/// <summary>Who would be killed first: of real children, and where the files are not what they should be.</summary>
public sealed class OomTests : IDisposable
{
    private readonly ProcTree _tree = new();

    [Fact]
    public async Task An_adjustment_shows_and_moves_the_score()
    {
        using Workload child = await Workload.StartAsync("puppet");
        using TrackedProcess process = Track(new KernelPaths(), child.Pid);
        OomMeasurement measurement = new();
        uint before = Measure().Score;

        // To a higher value everybody may move their own processes.
        await File.WriteAllTextAsync($"/proc/{child.Pid}/oom_score_adj", "500", TestContext.Current.CancellationToken);
        OomSample moved = Measure();
        Assert.Equal(500, moved.Adjustment);

        // The kernel shows two thirds of its own points since Linux 5.9, all of them before.
        Assert.InRange(moved.Score - (double)before, 300, 510);
        Assert.Equal(await File.ReadAllTextAsync($"/proc/{child.Pid}/oom_score", TestContext.Current.CancellationToken), $"{moved.Score}\n");

        OomSample Measure()
        {
            Assert.Equal(ReadOutcome.Success, measurement.Measure(process, out OomSample sample));
            return sample;
        }
    }

    [Fact]
    public async Task An_exited_process_is_gone()
    {
        using Workload child = await Workload.StartAsync("puppet");
        using TrackedProcess kept = Track(new KernelPaths(), child.Pid);
        using TrackedProcess reopened = Track(new KernelPaths(), child.Pid, handles: 0);
        child.Kill();
        Assert.Equal((ReadOutcome.ProcessGone, ReadOutcome.ProcessGone), (new OomMeasurement().Measure(kept, out _), new OomMeasurement().Measure(reopened, out _)));
    }

    [Theory]
    [InlineData("667\n", "0\n", ReadOutcome.Success)]
    [InlineData(null, "0\n", ReadOutcome.NotSupported)]
    [InlineData("667\n", null, ReadOutcome.NotSupported)]
    [InlineData("six\n", "0\n", ReadOutcome.Malformed)]
    [InlineData("667\n", "9999\n", ReadOutcome.Malformed)]
    public void What_the_files_say_is_the_outcome(string? score, string? adjustment, ReadOutcome expected)
    {
        _tree.AddProcess(26231);
        Write("oom_score", score);
        Write("oom_score_adj", adjustment);
        using TrackedProcess process = Track(_tree.Paths, 26231);
        Assert.Equal(expected, new OomMeasurement().Measure(process, out _));

        void Write(string file, string? text)
        {
            if (text is not null)
            {
                _tree.Write($"proc/26231/{file}", text);
            }
        }
    }

    [Fact]
    public void A_file_that_may_not_be_read_is_denied()
    {
        _tree.AddProcess(26231);
        File.SetUnixFileMode(_tree.Write("proc/26231/oom_score", "667\n"), UnixFileMode.None);
        File.SetUnixFileMode(_tree[""], (UnixFileMode)0b111_101_101);
        Unprivileged.Run(() =>
        {
            using TrackedProcess process = Track(_tree.Paths, 26231);
            Assert.Equal(ReadOutcome.Denied, new OomMeasurement().Measure(process, out _));
        });
    }

    [Fact]
    public void Reading_again_leaves_nothing_behind()
    {
        using TrackedProcess process = Track(new KernelPaths(), Environment.ProcessId);
        OomMeasurement measurement = new();
        measurement.Measure(process, out _);
        measurement.Measure(process, out _);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            measurement.Measure(process, out _);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static TrackedProcess Track(KernelPaths paths, int pid, int handles = 10)
    {
        Assert.Equal(ReadOutcome.Success, TrackedProcess.TryTrack(paths, new HandleBudget(handles), pid, out TrackedProcess? process));
        return process!;
    }

    public void Dispose() => _tree.Dispose();
}
