using MemSnoop.Counters;
using MemSnoop.Kernel;
using MemSnoop.Measurements;

namespace MemSnoop.Tests.Counters;

/// <summary>Which provider counts which event.</summary>
public sealed class CounterPlanTests : IDisposable
{
    private readonly FakeCounterProvider _kernel = new(
        "kernel",
        new CounterEvent("page-faults", "faults", true, "faults", "perf::PAGE-FAULTS"),
        new CounterEvent("task-clock", "nanoseconds", true),
        new CounterEvent("cycles", "cycles", false));

    private readonly FakeCounterProvider _library = new(
        "library",
        new CounterEvent("PAPI_TOT_CYC", "cycles", true),
        new CounterEvent("PAPI_FP_OPS", "floating point", false),
        new CounterEvent("perf::PAGE-FAULTS", "faults", true),
        new CounterEvent("cycles", "cycles", true));

    private readonly FakeCounterProvider _missing = new("library") { Support = new ProbeResult("library", false, "no_library", "It is not installed.", "install it") };

    [Theory]
    [InlineData("page-faults", "page-faults", "kernel")]
    [InlineData("PAGE-FAULTS", "page-faults", "kernel")]
    [InlineData("faults", "page-faults", "kernel")]
    [InlineData("perf::page-faults", "page-faults", "kernel")]
    [InlineData("papi_tot_cyc", "PAPI_TOT_CYC", "library")]
    [InlineData("cycles", "cycles", "library")]
    public void Takes_the_first_provider_that_can(string asked, string name, string provider)
    {
        CounterChoice choice = Assert.Single(CounterPlan.Create([asked], [_kernel, _library]).Counted);
        Assert.Equal((name, provider, "ok", true), (choice.Name, choice.Provider!.Name, choice.Reason, choice.IsCounted));
    }

    [Theory]
    [InlineData("PAPI_FP_OPS", "PAPI_FP_OPS", "event_not_available")]
    [InlineData("no-such-event", "no-such-event", "unknown_event")]
    public void Says_why_an_event_is_not_counted(string asked, string name, string reason)
    {
        CounterPlan plan = CounterPlan.Create([asked, "task-clock"], [_kernel, _library]);
        Assert.Equal((name, reason, false), (plan.Choices[0].Name, plan.Choices[0].Reason, plan.Choices[0].IsCounted));
        Assert.Equal("task-clock", Assert.Single(plan.Counted).Name);
    }

    [Fact]
    public void A_provider_that_is_not_there_may_know_the_name_and_says_why_it_is_not_counted()
    {
        CounterPlan plan = CounterPlan.Create(["PAPI_TOT_CYC", "cycles"], [_kernel, _missing]);
        Assert.Equal(("PAPI_TOT_CYC", null, _missing, "no_library", "install it"), Parts(plan.Choices[0]));
        Assert.Equal("event_not_available", plan.Choices[1].Reason);
    }

    [Fact]
    public void A_provider_that_does_not_work_gives_its_reason_for_what_it_knows()
    {
        ProbeResult support = new("kernel", false, "perf_event_paranoid", "The kernel refuses.", "lower the level");
        FakeCounterProvider refused = new("kernel", new CounterEvent("task-clock", "nanoseconds", true)) { Support = support };
        CounterChoice choice = Assert.Single(CounterPlan.Create(["task-clock"], [refused, _missing]).Choices);
        Assert.Equal(("perf_event_paranoid", "lower the level", "kernel"), (choice.Reason, choice.Advice, choice.Provider!.Name));
        Assert.Equal("task-clock", choice.Event!.Name);
    }

    [Fact]
    public void Names_of_one_event_are_one_and_the_order_is_that_of_the_first()
    {
        CounterPlan plan = CounterPlan.Create(["task-clock", "faults", "PAPI_TOT_CYC", "page-faults", "TASK-CLOCK", "x", "X"], [_kernel, _library]);
        Assert.Equal(["task-clock", "page-faults", "PAPI_TOT_CYC", "x"], plan.Choices.Select(static choice => choice.Name));
        Assert.Equal(["task-clock", "page-faults", "PAPI_TOT_CYC"], plan.Counted.Select(static choice => choice.Name));
    }

    [Fact]
    public void A_provider_that_is_not_needed_is_not_made()
    {
        int made = 0;
        using (CounterProviders providers = new(() => _kernel, Make))
        {
            CounterPlan.Create(["page-faults", "task-clock"], providers.All);
            Assert.Equal(0, made);
            CounterPlan.Create(["PAPI_TOT_CYC"], providers.All);
            CounterPlan.Create(["PAPI_TOT_CYC"], providers.All);
        }

        Assert.Equal((1, true, true), (made, _kernel.IsDisposed, _library.IsDisposed));

        FakeCounterProvider Make()
        {
            made++;
            return _library;
        }
    }

    private static (string, CounterEvent?, ICounterProvider?, string, string) Parts(CounterChoice choice) =>
        (choice.Name, choice.Event, choice.Provider, choice.Reason, choice.Advice);

    public void Dispose()
    {
        _kernel.Dispose();
        _library.Dispose();
        _missing.Dispose();
    }
}
