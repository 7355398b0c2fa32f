using MemSnoop.Counters;
using MemSnoop.Counters.PerfEvents;
using MemSnoop.Kernel;
using MemSnoop.Processes;

namespace MemSnoop.Tests.Counters.PerfEvents;

public sealed class PerfEventNamesTests : IDisposable
{
    private static readonly string[] HardwareNames =
    [
        "cycles", "ref-cycles", "instructions", "cache-references", "cache-misses", "branches", "branch-misses", "bus-cycles",
        "stalled-cycles-frontend", "stalled-cycles-backend",
    ];

    private readonly PerfEventProvider _provider = new(new KernelPaths(), new HandleBudget(100));

    [Theory]
    [InlineData("page-faults", "page-faults")]
    [InlineData("faults", "page-faults")]
    [InlineData("Page-Faults", "page-faults")]
    [InlineData("perf::PAGE-FAULTS", "page-faults")]
    [InlineData("PERF::page-faults", "page-faults")]
    [InlineData("perf::FAULTS", "page-faults")]
    [InlineData("PERF_COUNT_SW_PAGE_FAULTS", "page-faults")]
    [InlineData("perf::PERF_COUNT_SW_PAGE_FAULTS", "page-faults")]
    [InlineData("perf::MINOR-FAULTS", "minor-faults")]
    [InlineData("perf::TASK-CLOCK", "task-clock")]
    [InlineData("cs", "context-switches")]
    [InlineData("perf::CS", "context-switches")]
    [InlineData("migrations", "cpu-migrations")]
    [InlineData("cpu-cycles", "cycles")]
    [InlineData("perf::BRANCH-INSTRUCTIONS", "branches")]
    [InlineData("PERF_COUNT_HW_BRANCH_INSTRUCTIONS", "branches")]
    public void An_event_has_many_spellings(string spelling, string name) => Assert.Equal(name, _provider.Find(spelling)?.Name);

    [Theory]
    [InlineData("")]
    [InlineData("page faults")]
    [InlineData("PAPI_TOT_INS")]
    [InlineData("perf::")]
    public void Other_names_mean_nothing(string name) => Assert.Null(_provider.Find(name));

    [Fact]
    public void Software_events_can_be_counted_everywhere() => Assert.All(
        _provider.Events.Where(static known => !HardwareNames.Contains(known.Name)),
        static known => Assert.True(known.IsAvailable, known.Name));

    [Fact]
    public void Hardware_events_can_be_counted_where_the_processor_shows_its_counters()
    {
        // The kernel registers the processor's counters as a device of its own; without one none of the events can be there.
        bool hasCounters = Directory.EnumerateDirectories("/sys/bus/event_source/devices")
            .Any(static device => Path.GetFileName(device) is "cpu" or "cpu_core" || Path.GetFileName(device).StartsWith("armv8_", StringComparison.Ordinal));

        Assert.Equal(hasCounters, _provider.Find("instructions")!.IsAvailable);
        Assert.Equal(hasCounters, HardwareNames.Any(name => _provider.Find(name)!.IsAvailable));
    }

    [Fact]
    public void Every_event_says_what_it_counts_and_can_be_found_by_each_of_its_names()
    {
        Assert.Equal(19, _provider.Events.Count);
        Assert.All(_provider.Events, known =>
        {
            Assert.NotEqual("", known.Description);
            Assert.All(known.Aliases.Prepend(known.Name), name => Assert.Same(known, _provider.Find(name)));
        });
        Assert.StartsWith("nanoseconds", _provider.Find("task-clock")!.Description, StringComparison.Ordinal);
    }

    [Fact]
    public void An_event_of_another_provider_is_not_opened()
    {
        CounterEvent foreign = new("PAPI_TOT_INS", "instructions", IsAvailable: true);
        Assert.Equal(ReadOutcome.Success, TrackedProcess.TryTrack(new KernelPaths(), new HandleBudget(10), Environment.ProcessId, out TrackedProcess? self));
        using (self)
        {
            Assert.Throws<ArgumentException>(() => _provider.Open(self!, [foreign], out _));
            Assert.Throws<ArgumentOutOfRangeException>(() => _provider.Open(self!, [], out _));
        }
    }

    public void Dispose() => _provider.Dispose();
}
