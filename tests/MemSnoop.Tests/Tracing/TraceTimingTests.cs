using System.Diagnostics;
using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Processes;
using MemSnoop.Tracing;

namespace MemSnoop.Tests.Tracing;

public sealed class TraceTimingTests
{
    private const int Samples = 60;
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(50);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sixty_samples_under_load_keep_to_multiples_of_the_period()
    {
        // As many busy processes as there are processors, at the lowest priority, as a measured machine would have them.
        List<Process> load = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(static _ => Process.Start("nice", ["-n", "19", "sh", "-c", "while :; do :; done"]))];
        try
        {
            using SnoopedProcess process = SnoopedProcess.Attach(Environment.ProcessId);
            List<TimeSpan> offsets = [];
            TraceResult data = await ProcessTrace.Of(process)
                .Measure("time", new TimestampMeasurement()).Measure("memory", new StatmMeasurement(KernelUnits.Current)).Measure("io", new ProcessIoMeasurement())
                .Every(Period).Times(Samples)
                .RunAsync(sample => offsets.Add(sample.Offset), Stop);

            // Never early; how late is up to the scheduler for single samples, but not for most of them, and not more from sample to sample.
            double[] late = [.. offsets.Select(static offset => offset.TotalMilliseconds % Period.TotalMilliseconds)];
            Assert.Equal(Samples, data.Count);
            Assert.InRange(late.Order().ElementAt(Samples / 2), 0, 10);
            Assert.InRange(late.Order().ElementAt(Samples * 9 / 10), 0, 25);
            Assert.Equal(Samples + data.Skipped, (long)(offsets[^1] / Period));
            TestContext.Current.SendDiagnosticMessage($"late: median {late.Order().ElementAt(Samples / 2):F2} ms, 90 % {late.Order().ElementAt(Samples * 9 / 10):F2} ms, skipped {data.Skipped}");
        }
        finally
        {
            load.ForEach(static each => each.Kill(entireProcessTree: true));
        }
    }

    [Fact]
    public void Slots_that_pass_while_a_set_is_under_way_are_skipped()
    {
        using SnoopedProcess process = SnoopedProcess.Attach(Environment.ProcessId);
        List<TimeSpan> offsets = [];
        TraceResult data = ProcessTrace.Of(process).Measure("slow", new SlowOnce(3.5 * Period)).Every(Period).Times(3).Run(sample => offsets.Add(sample.Offset), Stop);
        Assert.Equal(3, data.Count);
        Assert.InRange(data.Skipped, 3, 20);
        Assert.True(offsets[1] - offsets[0] >= 3.5 * Period);
        Assert.Equal(3 + data.Skipped, (long)(offsets[2] / Period));
    }

    private sealed class SlowOnce(TimeSpan time) : IMeasurement<int>
    {
        private bool _wasSlow;

        public string Name => "slow";

        public ReadOutcome Measure(TrackedProcess process, out int sample)
        {
            sample = 0;
            if (!_wasSlow)
            {
                _wasSlow = true;
                long started = Stopwatch.GetTimestamp();
                SpinWait.SpinUntil(() => Stopwatch.GetElapsedTime(started) >= time);
            }

            return ReadOutcome.Success;
        }
    }
}
