using System.ComponentModel;
using System.Diagnostics;
using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Processes;
using MemSnoop.Tracing;

namespace MemSnoop.Tests.Tracing;

public sealed class TraceTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(20);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public void The_example_of_the_documentation()
    {
        using SnoopedProcess process = SnoopedProcess.Attach(Environment.ProcessId);

        TraceResult data = ProcessTrace.Of(process)
            .Measure("initial", new TimestampMeasurement())
            .Measure("disk", new ProcessIoMeasurement())
            .Measure("memory", new StatmMeasurement(KernelUnits.Current))
            .Measure("final", new TimestampMeasurement())
            .Every(TimeSpan.FromMilliseconds(200))
            .Times(3)
            .Run(cancellation: Stop);

        Assert.Equal(["initial", "disk", "memory", "final"], data.Names);
        Assert.Equal((3, TraceEnd.Completed), (data.Count, data.End));
        TraceColumn<DateTimeOffset> initial = data.Column<DateTimeOffset>("initial");
        Assert.Equal(3, initial.Count);
        Assert.InRange((initial[2] - initial[0]).TotalSeconds, 0.35, 5);
        Assert.All(initial.Zip(data.Column<DateTimeOffset>("final")), static pair => Assert.True(pair.First <= pair.Second));
        Assert.All(data.Column<IoSample>("disk"), static io => Assert.True(io.ReadCharacters > 0));
        Assert.All(
            data.Column<MemorySample>("memory"),
            static memory => Assert.True(memory.ResidentBytes > 10 << 20 && memory.VirtualBytes > memory.ResidentBytes));
    }

    [Fact]
    public void Measurements_are_prepared_once_and_taken_in_the_order_given()
    {
        List<string> calls = [];
        using SnoopedProcess process = SnoopedProcess.Attach(Environment.ProcessId);
        ProcessTrace.Of(process).Measure("b", new Recorder("b", calls)).Measure("a", new Recorder("a", calls)).Every(Short).Times(2).Run(sample => calls.Add($"{sample.Index}"), Stop);
        Assert.Equal(["b prepares", "a prepares", "b", "a", "0", "b", "a", "1"], calls);
    }

    [Fact]
    public async Task Samples_stream_without_being_kept()
    {
        using SnoopedProcess process = SnoopedProcess.Attach(Environment.ProcessId);
        ProcessTrace trace = ProcessTrace.Of(process).Measure(new StatmMeasurement(KernelUnits.Current)).Every(Short);
        TraceSample first = default;
        await foreach (TraceSample sample in trace.SamplesAsync(Stop))
        {
            Assert.True(sample.Get<MemorySample>("statm").ResidentBytes > 0);
            Assert.Throws<ArgumentException>(() => sample.Get<IoSample>("statm"));
            Assert.Throws<ArgumentException>(() => sample.Get<MemorySample>("stat"));
            if (sample.Index == 0)
            {
                first = sample;
            }
            else
            {
                Assert.Throws<InvalidOperationException>(() => first.Get<MemorySample>("statm"));
                break;
            }
        }

        Assert.Throws<InvalidOperationException>(() => { trace.Run(cancellation: Stop); });
        Assert.Equal([0, 1], ProcessTrace.Of(process).Measure(new TimestampMeasurement()).Every(Short).Samples(Stop).Take(2).Select(sample => sample.Index));
    }

    [Fact]
    public void What_could_not_be_read_is_not_0()
    {
        using SnoopedProcess process = SnoopedProcess.Attach(Environment.ProcessId);
        TraceResult data = ProcessTrace.Of(process).Measure("secret", new Denied()).Measure("time", new TimestampMeasurement()).Every(Short).Times(1).Run(cancellation: Stop);
        TraceColumn<ulong> column = data.Column<ulong>("secret");
        Assert.Equal((1, ReadOutcome.Denied, false), (column.Count, column.Outcome(0), column.TryGet(0, out _)));
        Assert.Throws<InvalidOperationException>(() => column[0]);
        Assert.Single(data.Column<DateTimeOffset>("time"));
    }

    [Fact]
    public void A_long_trace_takes_no_more_memory_with_time()
    {
        using SnoopedProcess process = SnoopedProcess.Attach(Environment.ProcessId);
        IEnumerable<TraceSample> samples = ProcessTrace.Of(process)
            .Measure(new StatmMeasurement(KernelUnits.Current)).Measure(new ProcessIoMeasurement()).Measure(new TimestampMeasurement())
            .Every(TimeSpan.FromMilliseconds(1)).Times(600).Samples(Stop);
        long before = 0;
        foreach (TraceSample sample in samples)
        {
            if (sample.Index == 100)
            {
                before = GC.GetAllocatedBytesForCurrentThread();
            }
        }

        // The timer of each wait; no sample is kept, and none makes a string.
        long perSample = (GC.GetAllocatedBytesForCurrentThread() - before) / 499;
        TestContext.Current.SendDiagnosticMessage($"{perSample} bytes a sample");
        Assert.InRange(perSample, 0, 4096);
    }

    [Fact]
    public void Two_measurements_cannot_have_one_name()
    {
        using SnoopedProcess process = SnoopedProcess.Attach(Environment.ProcessId);
        ProcessTrace trace = ProcessTrace.Of(process).Measure(new TimestampMeasurement());
        Assert.Throws<ArgumentException>(() => { trace.Measure(new TimestampMeasurement()); });
    }

    [Fact]
    public void Cancelling_ends_the_trace_and_keeps_what_is_there()
    {
        using SnoopedProcess process = SnoopedProcess.Attach(Environment.ProcessId);
        using CancellationTokenSource stop = new();
        TraceResult data = ProcessTrace.Of(process).Measure(new TimestampMeasurement()).Every(Short).Run(
            sample =>
            {
                if (sample.Index == 1)
                {
                    stop.Cancel();
                }
            },
            stop.Token);
        Assert.Equal((2, TraceEnd.Cancelled), (data.Count, data.End));
    }

    [Fact]
    public void A_duration_ends_the_trace()
    {
        using SnoopedProcess process = SnoopedProcess.Attach(Environment.ProcessId);
        TraceResult data = ProcessTrace.Of(process).Measure(new TimestampMeasurement()).Every(TimeSpan.FromMilliseconds(50)).For(TimeSpan.FromMilliseconds(275)).Run(cancellation: Stop);
        Assert.Equal(TraceEnd.Completed, data.End);
        Assert.InRange(data.Count + data.Skipped, 1, 5);
    }

    [Fact]
    public async Task The_end_of_the_process_ends_the_trace_long_before_the_next_sample()
    {
        using Workload puppet = await Workload.StartAsync("puppet");
        using SnoopedProcess process = SnoopedProcess.Attach(puppet.Pid);
        Task<TraceResult> trace = ProcessTrace.Of(process).Measure(new TimestampMeasurement()).Every(TimeSpan.FromHours(1)).UntilExit().RunAsync(cancellation: Stop);
        puppet.Kill();
        TraceResult data = await trace.WaitAsync(TimeSpan.FromSeconds(20), Stop);
        Assert.Equal((0, TraceEnd.Exited), (data.Count, data.End));
        Assert.True(process.HasExited);
        Assert.Null(process.ExitCode);
    }

    [Fact]
    public async Task A_command_hands_on_its_exit_code()
    {
        using SnoopedProcess process = SnoopedProcess.Launch("/bin/sh", ["-c", "exit 42"]);
        TraceResult data = ProcessTrace.Of(process).Measure(new TimestampMeasurement()).Every(Short).Run(cancellation: Stop);
        Assert.Equal(TraceEnd.Exited, data.End);
        Assert.Equal(42, await process.WaitForExitAsync(Stop));
        Assert.Equal(42, process.ExitCode);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_command_is_ended_when_the_trace_is_abandoned(bool pausable)
    {
        int pid;
        using (SnoopedProcess process = SnoopedProcess.Launch("/bin/sleep", ["1000"], pausable))
        {
            pid = process.Pid;
            ProcessTrace.Of(process).Measure(new TimestampMeasurement()).Every(Short).Times(1).Run(cancellation: Stop);
            Assert.True(Directory.Exists($"/proc/{pid}"));
        }

        Assert.False(Directory.Exists($"/proc/{pid}"));
    }

    [Fact]
    public void A_child_that_was_started_elsewhere_is_not_ended()
    {
        using Process child = Process.Start("/bin/sleep", ["1000"]);
        using (SnoopedProcess process = SnoopedProcess.Attach(child))
        {
            Assert.Equal(1, ProcessTrace.Of(process).Measure(new TimestampMeasurement()).Every(Short).Times(1).Run(cancellation: Stop).Count);
        }

        Assert.False(child.HasExited);
        child.Kill();
    }

    [Fact]
    public void What_is_not_there_cannot_be_traced()
    {
        Assert.Equal(ReadOutcome.ProcessGone, Assert.Throws<ProcessUnavailableException>(() => SnoopedProcess.Attach(4_194_304)).Outcome);
        Assert.Throws<Win32Exception>(() => SnoopedProcess.Launch("/no/such/program", []));
    }

    private sealed class Recorder(string name, List<string> calls) : IMeasurement<int>
    {
        public string Name => name;

        public ReadOutcome Prepare(TrackedProcess process)
        {
            calls.Add($"{name} prepares");
            return ReadOutcome.Success;
        }

        public ReadOutcome Measure(TrackedProcess process, out int sample)
        {
            calls.Add(name);
            sample = calls.Count;
            return ReadOutcome.Success;
        }
    }

    private sealed class Denied : IMeasurement<ulong>
    {
        public string Name => "denied";

        public ReadOutcome Measure(TrackedProcess process, out ulong sample)
        {
            sample = 0;
            return ReadOutcome.Denied;
        }
    }
}
