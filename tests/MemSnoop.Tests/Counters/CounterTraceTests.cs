using MemSnoop.Counters;
using MemSnoop.Kernel;
using MemSnoop.Measurements;
using MemSnoop.Tracing;

namespace MemSnoop.Tests.Counters;

/// <summary>The example of <c>docs/counters.md</c>: real events of a real process, in a trace that keeps its samples.</summary>
public class CounterTraceTests
{
    private const int Samples = 10;
    private const int Pages = 100;

    [Fact]
    public async Task Each_sample_of_a_trace_keeps_what_was_counted_by_then()
    {
        using Workload workload = await Workload.StartAsync("events");
        using SnoopedProcess process = SnoopedProcess.Attach(workload.Pid);
        using CounterProviders providers = CounterProviders.Open(new KernelPaths(), HandleBudget.Shared, "perf_event_open");
        CounterPlan plan = CounterPlan.Create(["page-faults", "task-clock"], providers.All);
        using CounterMeasurement counters = new(plan);

        // A round of faults between one sample and the next, whenever that is.
        TraceResult data = await ProcessTrace.Of(process).Measure("counters", counters).Every(TimeSpan.FromMilliseconds(10)).Times(Samples)
            .RunAsync(_ => workload.TellAsync($"faults {Pages}").GetAwaiter().GetResult(), TestContext.Current.CancellationToken);

        TraceColumn<CounterSample> column = data.Column<CounterSample>("counters");
        for (int i = 0; i < Samples; i++)
        {
            Assert.InRange(column[i][0]!.Value.Count, (ulong)(i * Pages), (ulong)(i * Pages) + 30);
            Assert.True(i == 0 || column[i][1]!.Value.Count > column[i - 1][1]!.Value.Count, "Processor time stood still.");
        }
    }

    [Fact]
    public void There_is_no_provider_of_any_other_name() =>
        Assert.Throws<ArgumentException>(static () => CounterProviders.Open(new KernelPaths(), new HandleBudget(0), "perf"));
}
