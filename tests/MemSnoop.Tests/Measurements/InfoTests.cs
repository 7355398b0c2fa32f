using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Processes;

namespace MemSnoop.Tests.Measurements;

/// <summary>Program file and user: of real children, and where the link cannot be read.</summary>
public sealed class InfoTests : IDisposable
{
    private readonly ProcTree _tree = new();
    private readonly TemporaryDirectory _directory = new();

    [Fact]
    public async Task A_process_has_the_path_of_its_program_and_its_user()
    {
        string program = _directory["a program"];
        File.Copy(await Workloads.PathAsync("puppet"), program);
        using Workload child = await Workload.StartAsync(program);
        using TrackedProcess process = Track(new KernelPaths(), child.Pid);
        InfoMeasurement measurement = new();
        InfoSample sample = Measure(measurement, process);
        Assert.Equal((program, 0u), (sample.Executable, sample.UserId));
        Assert.Same(sample.Executable, Measure(measurement, process).Executable);

        // An upgrade replaces the file under it.
        File.Delete(program);
        Assert.Equal(program, Measure(measurement, process).Executable);
    }

    [Fact]
    public async Task The_user_is_that_of_the_process()
    {
        using Workload child = await Workload.StartAsync("puppet", "--user", "54321");
        using TrackedProcess process = Track(new KernelPaths(), child.Pid);

        Assert.Equal(54321u, Measure(new InfoMeasurement(), process).UserId);
    }

    [Fact]
    public void What_execs_has_another_program_and_what_has_none_is_skipped()
    {
        _tree.AddProcess(26231);
        using TrackedProcess process = Track(_tree.Paths, 26231);
        InfoMeasurement measurement = new();
        Assert.Equal(ReadOutcome.NotSupported, measurement.Measure(process, out _));

        File.CreateSymbolicLink(_tree["proc/26231/exe"], "/bin/one");
        Assert.Equal("/bin/one", Measure(measurement, process).Executable);

        File.Delete(_tree["proc/26231/exe"]);
        File.CreateSymbolicLink(_tree["proc/26231/exe"], "/bin/two (deleted)");
        Assert.Equal("/bin/two", Measure(measurement, process).Executable);
    }

    [Fact]
    public async Task An_exited_process_is_gone()
    {
        using Workload child = await Workload.StartAsync("puppet");
        using TrackedProcess process = Track(new KernelPaths(), child.Pid);
        child.Kill();

        Assert.Equal(ReadOutcome.ProcessGone, new InfoMeasurement().Measure(process, out _));
    }

    private static InfoSample Measure(InfoMeasurement measurement, TrackedProcess process)
    {
        Assert.Equal(ReadOutcome.Success, measurement.Measure(process, out InfoSample sample));
        return sample;
    }

    private static TrackedProcess Track(KernelPaths paths, int pid)
    {
        Assert.Equal(ReadOutcome.Success, TrackedProcess.TryTrack(paths, new HandleBudget(10), pid, out TrackedProcess? process));
        return process!;
    }

    public void Dispose()
    {
        _directory.Dispose();
        _tree.Dispose();
    }
}
