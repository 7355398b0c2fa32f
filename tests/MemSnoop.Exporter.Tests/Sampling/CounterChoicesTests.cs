using MemSnoop.Metrics.Configuration;
using MemSnoop.Counters;
using MemSnoop.Exporter.Configuration;
using MemSnoop.Kernel;
using MemSnoop.Metrics.Sampling;
using MemSnoop.Measurements;

namespace MemSnoop.Exporter.Tests.Sampling;

/// <summary>From the names of a configuration to a plan, or to the one line that says what is wrong with them.</summary>
public class CounterChoicesTests
{
    private static readonly ProbeResult Absent = new("library", false, "no_library", "It is not installed.", "install it");

    [Theory]
    [InlineData("page-fualts", "'page-fualts' is not an event; expected page-faults; memsnoop events lists all")]
    [InlineData("PAGE-FAULT", "'PAGE-FAULT' is not an event; expected page-faults or MAJOR-PAGE-FAULTS; memsnoop events lists all")]
    [InlineData("fltss", "'fltss' is not an event; expected page-faults; memsnoop events lists all")]
    [InlineData("zebra", "'zebra' is not an event; expected one that memsnoop events lists")]
    public void A_name_that_nobody_knows_is_one_line_with_the_nearest_names(string name, string expected)
    {
        UsageException wrong = Assert.Throws<UsageException>(() => Plan(With(Support("library")), "task-clock", name));
        Assert.Equal($"file.json:3: {expected}", wrong.Message);
    }

    [Theory]
    [InlineData("PAPI_TOT_INS", true)]
    [InlineData("INST_RETIRED:ANY_P", true)]
    [InlineData("perf::LLC-LOADS", true)]
    [InlineData("perf::PAGE-FAULTS:u", true)]
    [InlineData("perf::PAGE-FAULT", false)]
    [InlineData("perf::PAGE-FUALTS", false)]
    [InlineData("BACLEARS", true)]
    [InlineData("uops_issued", true)]
    [InlineData("page-fault", false)]
    [InlineData("zebra", false)]
    [InlineData("TASK_CLOCK", false)]
    public void Without_a_provider_a_name_may_be_one_of_a_processor_if_it_looks_like_it(string name, bool expected)
    {
        if (expected)
        {
            CounterPlan plan = Plan(With(Absent), name, "task-clock");
            Assert.Equal(["no_library", "ok"], plan.Choices.Select(static choice => choice.Reason));
        }
        else
        {
            Assert.Throws<UsageException>(() => Plan(With(Absent), name));
        }
    }

    [Fact]
    public void Info_has_a_row_for_each_provider_at_work_and_for_each_reason()
    {
        CounterPlan plan = Plan(With(Absent), "PAPI_TOT_INS", "task-clock", "page-faults", "PAPI_TOT_CYC", "cycles");
        Assert.Equal(
            [
                new MethodState("library", "unavailable", "no_library"),
                new MethodState("kernel", "on", "ok"),
                new MethodState("kernel", "unavailable", "event_not_available"),
            ],
            SampledCounters.MethodsOf(plan, static _ => false));
        Assert.Contains(new MethodState("kernel", "on", "multiplexed"), SampledCounters.MethodsOf(plan, static _ => true));
    }

    private static ProbeResult Support(string name) => new(name, true, "ok", "It works.");

    private static CounterProviders With(ProbeResult library) => new(
        static () => new FakeCounterProvider(
            "kernel",
            new CounterEvent("page-faults", "", true, "flts", "perf::PAGE-FAULTS"), new CounterEvent("task-clock", "", true), new CounterEvent("cycles", "", false)),
        () => library.IsSupported
            ? new FakeCounterProvider("library", new CounterEvent("MAJOR-PAGE-FAULTS", "", true)) { Support = library }
            : new FakeCounterProvider("library") { Support = library });

    private static CounterPlan Plan(CounterProviders providers, params string[] names)
    {
        using (providers)
        {
            CountersOptions options = new() { Events = names };
            foreach (string name in names)
            {
                options.Sources[name] = "file.json:3";
            }

            return CounterChoices.Plan(options, providers);
        }
    }
}
