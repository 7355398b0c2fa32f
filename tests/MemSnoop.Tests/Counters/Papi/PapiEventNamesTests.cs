using System.Diagnostics;
using MemSnoop.Counters;
using MemSnoop.Counters.Papi;
using MemSnoop.Kernel;

namespace MemSnoop.Tests.Counters.Papi;

public sealed class PapiEventNamesTests
{
    [Fact]
    public async Task Events_have_names_by_which_they_are_found_and_descriptions()
    {
        if (await StandIn.HasRunAsync(typeof(PapiEventNamesTests)))
        {
            return;
        }

        using PapiProvider provider = new(new KernelPaths(), new HandleBudget(10));
        long started = Stopwatch.GetTimestamp();
        IReadOnlyList<CounterEvent> events = provider.Events;
        TestContext.Current.TestOutputHelper?.WriteLine($"{events.Count} events listed in {Stopwatch.GetElapsedTime(started).TotalMilliseconds:F0} ms");

        Assert.InRange(events.Count, 100, 100_000);
        Assert.Equal(events.Count, events.Select(static known => known.Name).Distinct().Count());
        Assert.All(events, static known => Assert.NotEmpty(known.Description));
        using PapiProvider other = new(new KernelPaths(), new HandleBudget(10));
        Assert.DoesNotContain(events, known => other.Find(known.Name) != known);

        foreach (string name in (string[])["PAPI_TOT_CYC", "perf::PAGE-FAULTS", "perf::PERF_COUNT_SW_PAGE_FAULTS", "perf::TASK-CLOCK"])
        {
            Assert.True(Assert.Single(events, known => known.Name == name).IsAvailable, name);
        }

        // A preset that needs what this processor lacks, whichever it is.
        Assert.Contains(events, static known => known.Name.StartsWith("PAPI_", StringComparison.Ordinal) && !known.IsAvailable);
    }

    [Theory]
    [InlineData("papi_tot_cyc", true)]
    [InlineData("perf::page-faults", true)]
    [InlineData("perf_raw::r0c0", true)]
    [InlineData("perf::PERF_COUNT_HW_CACHE_L1D:READ:MISS", true)]
    [InlineData("PAPI_TOT_CYCLES", false)]
    [InlineData("perf::PAGE-FALTS", false)]
    [InlineData("no::such", false)]
    [InlineData("", false)]
    [InlineData(":", false)]
    [InlineData("PAPI_TOT_CYC\0", false)]
    [InlineData("perf_raw::rzz", false)]
    public async Task Names_are_found_in_any_case_and_with_masks_and_others_are_not(string name, bool isFound)
    {
        if (await StandIn.HasRunAsync(typeof(PapiEventNamesTests)))
        {
            return;
        }

        using PapiProvider provider = new(new KernelPaths(), new HandleBudget(10));

        CounterEvent? found = provider.Find(name);

        Assert.Equal(isFound, found is not null);
        Assert.True(found?.IsAvailable ?? true);
    }
}
