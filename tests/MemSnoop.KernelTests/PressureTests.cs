using System.Text.Json;

namespace MemSnoop.KernelTests;

/// <summary>Under memory pressure the kernel ages and reclaims by itself: in a control group at its limit, and on the whole host.</summary>
public sealed class PressureTests(PressureBoot boot) : IClassFixture<PressureBoot>
{
    [Theory]
    [InlineData("quiet")]
    [InlineData("limited")]
    [InlineData("host")]
    public void Every_window_keeps_the_rule(string stretch) => Pressure.AssertKept(boot["pressure"], stretch);

    [Theory]
    [InlineData("hot")]
    [InlineData("cold")]
    [InlineData("outside")]
    public void Windows_are_whole_while_there_is_no_pressure(string name)
    {
        IReadOnlyList<PublishedWindow> windows = Pressure.Windows(boot["pressure"], "quiet", name);
        Assert.True(windows.Count >= 10 && windows.All(static window => window.Exact.HasValue), $"{name}: {WorkingSetTruth.Count(windows)}");
    }

    [Theory]
    [InlineData("limited", "limited", "hot")]
    [InlineData("host", "root", "outside")]
    public void Generations_rose_within_windows(string stretch, string group, string name)
    {
        IReadOnlyList<PublishedWindow> windows = Pressure.Windows(boot["pressure"], stretch, name);

        // Windows follow each other without a gap, so what rose meanwhile rose within windows.
        double rise = Pressure.Rise(boot["pressure"], windows[0].LatestStart, windows[^1].EarliestEnd, group);
        Assert.True(rise >= 3, $"by {rise} in {windows.Count} windows");
    }

    [Theory]
    [InlineData("limited", "hot")]
    [InlineData("limited", "outside")]
    [InlineData("host", "hot")]
    [InlineData("host", "outside")]
    public void Who_goes_on_touching_gets_narrow_brackets(string stretch, string name) =>
        WorkingSetTruth.AssertUseful($"{stretch}, {name}", Pressure.Windows(boot["pressure"], stretch, name));
}

/// <summary>The same where debugfs is not to be had: generations are at work and nobody sees them.</summary>
public sealed class BlindTests(BlindBoot boot) : IClassFixture<BlindBoot>
{
    [Theory]
    [InlineData("quiet")]
    [InlineData("limited")]
    [InlineData("host")]
    public void Every_window_keeps_the_rule(string stretch) => Pressure.AssertKept(boot["pressure"], stretch);

    [Theory]
    [InlineData("limited", "scanned", "hot")]
    [InlineData("host", "swapped_kb", "outside")]
    public void Every_window_with_reclaim_is_marked(string stretch, string sign, string name)
    {
        PublishedWindow[] disturbed = [.. Pressure.Windows(boot["pressure"], stretch, name).Where(window => Pressure.Rise(boot["pressure"], window, sign) > 0)];
        Assert.True(disturbed.Length >= 3, $"{disturbed.Length} windows with reclaim");
        Assert.All(disturbed, static window => Assert.Null(window.Exact));
    }

    [Theory]
    [InlineData("hot")]
    [InlineData("cold")]
    [InlineData("outside")]
    public void A_quiet_host_has_whole_windows(string name)
    {
        IReadOnlyList<PublishedWindow> windows = Pressure.Windows(boot["pressure"], "quiet", name);
        Assert.True(windows.Count >= 10 && windows.Count(static window => window.Exact.HasValue) >= windows.Count * 0.9, $"{name}: {WorkingSetTruth.Count(windows)}");
    }
}

/// <summary>What the scenario <c>pressure</c> left.</summary>
internal static class Pressure
{
    private const double Mb = WorkingSetTruth.Mb;

    public static IReadOnlyList<PublishedWindow> Windows(ScenarioResult result, string stretch, string name) =>
        new Recording(result, $"{stretch}.json").OfProcess(result.Last($"{name}.json").GetProperty("pid"));

    public static void AssertKept(ScenarioResult result, string stretch)
    {
        foreach ((string name, double touched) in (ReadOnlySpan<(string, double)>)[("hot", 48), ("cold", 0), ("outside", 24)])
        {
            new WorkingSetTruth { Always = touched * Mb, AlwaysFrom = WorkingSetTruth.Time(result.Last($"{name}.json")).End }
                .AssertKept($"{stretch}, {name}", Windows(result, stretch, name));
        }
    }

    /// <summary>By how much a figure changed surely within a window.</summary>
    public static double Rise(ScenarioResult result, PublishedWindow window, string figure) => Rise(result, window.LatestStart, window.EarliestEnd, figure);

    /// <summary>By how much a figure changed within a time, from the first look at it to the last.</summary>
    public static double Rise(ScenarioResult result, double begin, double end, string figure)
    {
        double[] within =
        [
            .. result.Lines("generations.json").Where(line => line.GetProperty("ms").GetDouble() / 1000 is double seconds && seconds >= begin && seconds <= end)
                .Select(line => line.GetProperty(figure).GetDouble()),
        ];
        return within.Length == 0 ? 0 : Math.Abs(within[^1] - within[0]);
    }
}
