namespace MemSnoop.KernelTests;

/// <summary>A control group at its limit for ten minutes of windows, after a hundred in which nothing ages.</summary>
public sealed class LimitedTests(LimitedBoot boot) : IClassFixture<LimitedBoot>
{
    private const string Scenario = "control-group-at-its-limit";

    [LongTier(Scenario)]
    [Fact]
    public void Ninety_nine_of_a_hundred_windows_are_whole_while_nothing_ages()
    {
        IReadOnlyList<PublishedWindow> windows = Pressure.Windows(boot["limited"], "quiet", "hot");
        Measured.Note(Scenario, $"generations on and idle: {WorkingSetTruth.Count(windows)}");
        Assert.True(windows.Count >= 100 && windows.Count(static window => window.Exact.HasValue) >= windows.Count * 0.99, WorkingSetTruth.Count(windows));
    }

    [LongTier(Scenario)]
    [Fact]
    public void Ten_minutes_of_windows_keep_the_rule()
    {
        ScenarioResult result = boot["limited"];
        foreach ((string name, double touched, double resting) in (ReadOnlySpan<(string, double, double)>)[("hot", 48, 12), ("cold", 0, 30)])
        {
            IReadOnlyList<PublishedWindow> windows = Pressure.Windows(result, "limited", name);
            int risen = windows.Count(window => Pressure.Rise(result, window, "limited") > 0);
            Measured.Note(Scenario, $"{name}, at the limit: {WorkingSetTruth.Count(windows)}; generations rose in {risen}; errors {new Recording(result, "limited.json").Errors}");
            Assert.True(windows.Count >= 290 && risen >= windows.Count / 10, $"{windows.Count} windows, in {risen} of them generations rose");
            new WorkingSetTruth { Always = touched * WorkingSetTruth.Mb, Resting = resting * WorkingSetTruth.Mb, AlwaysFrom = WorkingSetTruth.Time(result.Last($"{name}.json")).End }
                .AssertKept(name, windows);
            if (touched > 0)
            {
                WorkingSetTruth.AssertUseful(name, windows);
            }
        }

        Assert.Equal(0, new Recording(result, "limited.json").Errors);
    }
}
