using System.Text.RegularExpressions;
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
    public void The_first_groups_of_expressions_are_taken_from_the_command_line()
    {
        _tree.AddProcess(26231);
        File.CreateSymbolicLink(_tree["proc/26231/exe"], "/bin/java");
        _tree.Write("proc/26231/cmdline", "java\0-jar\0/srv/shop.jar\0--port\080\0");
        using TrackedProcess process = Track(_tree.Paths, 26231);
        InfoMeasurement measurement = new([new("jar", new Regex("([^/ ]+)[.]jar")), new("port", new Regex("--(?:port|listen)[= ]([0-9]+)")), new("host", new Regex("--host (.+)"))]);

        InfoSample sample = Measure(measurement, process);

        Assert.Equal([new("jar", "shop"), new("port", "80"), new("host", "")], sample.Found);
        Assert.Same(sample.Found, Measure(measurement, process).Found);
    }

    [Fact]
    public async Task What_a_process_writes_over_its_arguments_is_seen_when_it_has_run()
    {
        string program = (await Workloads.PathAsync("puppet"));
        using Workload child = await Workload.StartAsync(program, "--label", "one");
        using ProcessTable table = new(new KernelPaths(), new ProcessSelection { Pids = new HashSet<int> { child.Pid } }, new HandleBudget(10), TimeProvider.System);
        table.Refresh();
        InfoMeasurement measurement = new([new("label", new Regex("--label ([a-z]+)"))]);
        InfoSample before = Measure(measurement, table.Watched[0]);
        Assert.Equal("one", Assert.Single(before.Found).Value);

        await child.TellAsync("name another");
        table.Refresh();

        // It has run and says the same: the same list.
        Assert.Same(before.Found, Measure(measurement, table.Watched[0]).Found);
    }

    [Theory]
    [InlineData("a\nb\tc\u0085d\u2028e", "a b c d e")]
    [InlineData("  x \0 ", "x")]
    [InlineData("\"q\\", "\"q\\")]
    [InlineData("", "")]
    public void A_value_is_one_line(string commandLine, string expected) => Assert.Equal(expected, CommandLineValue.Find(new Regex("(?s)(.*)"), commandLine));

    [Fact]
    public void A_value_has_a_length_that_a_label_may_have()
    {
        string value = CommandLineValue.Find(new Regex("(.*)"), string.Concat(Enumerable.Repeat("\U0001F600", 10_000)));
        Assert.Equal(string.Concat(Enumerable.Repeat("\U0001F600", CommandLineValue.Longest)), value);
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
