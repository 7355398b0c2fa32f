namespace MemSnoop.KernelTests;

/// <summary>Minutes of windows: for the long tier.</summary>
public sealed class LimitedBoot(KernelLab lab) : LabBoot(lab)
{
    protected override IReadOnlyList<string> Scenarios => ["limited"];

    protected override TimeSpan Deadline => TimeSpan.FromMinutes(40);
}

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
        foreach (string name in (ReadOnlySpan<string>)["hot", "cold"])
        {
            IReadOnlyList<PublishedWindow> windows = Pressure.Windows(result, "limited", name);
            int risen = windows.Count(window => Pressure.Rise(result, window, "limited") > 0);
            Measured.Note(Scenario, $"{name}, at the limit: {WorkingSetTruth.Count(windows)}; generations rose in {risen}; errors {new Recording(result, "limited.json").Errors}");
            Assert.True(windows.Count >= 290 && risen >= windows.Count / 10, $"{windows.Count} windows, in {risen} of them generations rose");
            Pressure.Truth(result, name).AssertKept(name, windows);
        }

        WorkingSetTruth.AssertUseful("hot", Pressure.Windows(result, "limited", "hot"));
        Assert.Equal(0, new Recording(result, "limited.json").Errors);
    }
}
